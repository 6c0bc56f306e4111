/** Files that are damaged, or made to do harm: each is a named error within a second. */
import { bpeEncoder } from '../../../lib/bpe/encoder.ts'
import { kernelTables } from '../../../lib/bpe/kernel-tables.ts'
import { readTiktoken } from '../../../lib/bpe/read-tiktoken.ts'
import { readTokenizerJson } from '../../../lib/bpe/read-tokenizer-json.ts'
import { t } from '../../tap.ts'
import { type TokenizerFile, idsOf, recorded, tokenizerFile } from './fixtures.ts'

/** Loading may take a second; machines that run the tests are often busy. */
const MOST_MILLISECONDS = 3000

const bytesOf = (file: unknown): Buffer => Buffer.from(JSON.stringify(file))

function changed (change: (file: TokenizerFile) => unknown): Buffer {
  const file = tokenizerFile()
  change(file)
  return bytesOf(file)
}

/** Changes the vocabulary, on which the ids of added tokens depend. */
function withVocabulary (change: (vocab: Record<string, unknown>) => void): Buffer {
  return changed(file => {
    file.added_tokens = []
    change(file.model.vocab)
  })
}

/** As many tokens as a fixture has: the id of the first added one. */
const SIZE = Object.keys(tokenizerFile().model.vocab).length

const nested = (depth: number): object => {
  let found: object = { type: 'Digits', individual_digits: true }
  for (let i = 0; i < depth; i++) found = { type: 'Sequence', pretokenizers: [found] }
  return found
}

const split = (expression: string): object =>
  ({ type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false })

const added = (id: number, content: string, more: object = {}): Record<string, unknown> => ({ id, content, ...more })

const DAMAGED: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  'no JSON': [Buffer.from('{"model":'), /JSON/],
  'a list': [Buffer.from('[]'), /it is a list, expected an object/],
  null: [Buffer.from('null'), /it is null, expected an object/],
  'no model': [bytesOf({}), /model is missing, expected an object/],
  'another version': [changed(file => { file.version = '2.0' }), /its version is "2.0", expected "1.0"/],
  WordPiece: [changed(file => { file.model.type = 'WordPiece' }), /its model is "WordPiece", expected "BPE"/],
  WordLevel: [changed(file => { file.model.type = 'WordLevel' }), /its model is "WordLevel"/],
  Unigram: [changed(file => { file.model.type = 'Unigram' }), /its model is "Unigram"/],
  dropout: [changed(file => { file.model.dropout = 0.1 }), /dropout 0.1/],
  'a prefix': [changed(file => { file.model.continuing_subword_prefix = '##' }), /continuing_subword_prefix "##"/],
  'a suffix': [changed(file => { file.model.end_of_word_suffix = '</w>' }), /end_of_word_suffix "<\/w>"/],
  'no vocab': [changed(file => { file.model.vocab = [] as never }), /vocab is a list, expected an object/],
  'an id that is too large': [withVocabulary(vocab => { vocab.x = 2 ** 31 }), /"x" has the id 2147483648/],
  'a negative id': [withVocabulary(vocab => { vocab.x = -1 }), /"x" has the id -1/],
  'an id that is no number': [withVocabulary(vocab => { vocab.x = '1' }), /"x" has the id "1"/],
  'two tokens with an id': [withVocabulary(vocab => { vocab.qqqq = 0 }), /two tokens have the id 0/],
  'a token twice': [
    Buffer.from(JSON.stringify(tokenizerFile()).replace('"vocab":{', '"vocab":{"a":5,')), /its vocab has a token twice/
  ],
  'a token that is not bytes': [withVocabulary(vocab => { vocab['中'] = 9999 }), /"中" has characters that stand/],
  'a missing byte': [
    changed(file => {
      file.added_tokens = []
      file.model.merges = []
      file.model.vocab = { b: 0 }
    }),
    /no token for the byte 0/
  ],
  'no merges': [changed(file => { file.model.merges = undefined as never }), /merges is missing, expected a list/],
  'a merge of three': [changed(file => { file.model.merges = ['a b c'] }), /merge 0 is "a b c", expected two tokens/],
  'a merge of numbers': [changed(file => { file.model.merges = [[1, 2]] }), /merge 0 is a list, expected two tokens/],
  'a merge of what is not there': [changed(file => { file.model.merges[5] = 'zzzzz q' }), /merge 5 needs "zzzzz"/],
  'an unknown expression': [
    changed(file => { file.pre_tokenizer = split('(a+)+$') }), /splits by "\(a\+\)\+\$", which/
  ],
  'an unknown pre-tokenizer': [
    changed(file => { file.pre_tokenizer = { type: 'Whitespace' } }), /its pre_tokenizer is Whitespace, which/
  ],
  'no ByteLevel': [changed(file => { file.pre_tokenizer = null }), /no ByteLevel, expected byte-level BPE/],
  'deep steps': [changed(file => { file.pre_tokenizer = nested(200) }), /nested more than 128 deep/],
  'an unknown decoder': [changed(file => { file.decoder = { type: 'WordPiece' } }), /its decoder is "WordPiece"/],
  'an unknown post-processor': [changed(file => { file.post_processor = { type: 'X' } }), /its post_processor is X/],
  'an added token with another id': [
    changed(file => { file.added_tokens = [added(9999, '<s>')] }), /"<s>" has the id 9999, expected 3000/
  ],
  'an added token twice': [
    changed(({ added_tokens: tokens, ...file }) => { tokens.push(tokens[0]!) }), /"<|endoftext|>" is there twice/
  ],
  'an empty added token': [changed(file => { file.added_tokens = [added(SIZE, '')] }), /the id 3000 is empty/],
  'an added token of another type': [changed(file => { file.added_tokens = [1] as never }), /an added token is 1/],
  'a flag of another type': [
    changed(file => { file.added_tokens[0]!.lstrip = 'yes' }), /lstrip is "yes", expected true or false/
  ],
  'tokens that are the same after normalization': [
    changed(file => {
      file.normalizer = { type: 'Lowercase' }
      file.added_tokens = [added(SIZE, '<S>'), added(SIZE + 1, '<s>')]
    }),
    /"<s>" is "<s>" after normalization, as is another one/
  ],
  'a deep value': [Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), /./]
}

for (const [name, [bytes, message]] of Object.entries(DAMAGED)) {
  t.test(`a tokenizer.json with ${name} is refused`, async t => {
    const start = performance.now()
    t.throws(() => readTokenizerJson(bytes, 'x.json'), { code: 'ERR_TOKENIZER', message })
    t.throws(() => readTokenizerJson(bytes, 'x.json'), { message: /^x\.json: can't be used as a tokenizer\.json: / })
    t.ok(performance.now() - start < MOST_MILLISECONDS)
  })
}

t.test('a file that is too large is refused before it is read', async t => {
  t.throws(() => readTokenizerJson(Buffer.alloc(64 * 2 ** 20 + 1), 'x.json'), { message: /bytes, expected at most/ })
})

t.test('merges that make what they are made of end', async t => {
  const start = performance.now()
  const file = tokenizerFile()
  const { vocab } = file.model
  vocab[''] = Object.keys(vocab).length
  file.added_tokens = []
  file.model.merges = [['a', ''], ['', 'a'], ['a', 'b'], ['a', 'b']].filter(pair => vocab[pair.join('')] !== undefined)
  const model = readTokenizerJson(bytesOf(file), 'x.json')
  for (const tables of [kernelTables(model), undefined]) {
    t.ok(idsOf(bpeEncoder(model, tables), 'abab'.repeat(1000)).length > 0)
  }
  t.ok(performance.now() - start < MOST_MILLISECONDS)
})

t.test('300 kB without a space take half a second at most', async t => {
  for (const text of ['a'.repeat(300_000), 'abcdefghij'.repeat(30_000), '='.repeat(300_000), ' '.repeat(300_000)]) {
    const model = readTokenizerJson(bytesOf(tokenizerFile()), 'x.json')
    const encoder = bpeEncoder(model, kernelTables(model))
    const start = process.cpuUsage()
    t.ok(idsOf(encoder, text).length > 1000)
    t.ok(process.cpuUsage(start).user / 1e6 < 1)
  }
})

const LINES = recorded('cl100k').file as string

const RANKS: Readonly<Record<string, readonly [string, string, RegExp]>> = {
  'no family': [LINES, 'ranks.tiktoken', /its name says no family; name the file as tiktoken does/],
  'a line without a rank': [LINES.replace('Ig== 1\n', 'Ig==\n'), 'cl100k.tiktoken', /line 2 is not the base64/],
  'a line that is not base64': [LINES.replace('Ig==', '!!=='), 'cl100k.tiktoken', /line 2 is not the base64/],
  'an empty line': [LINES.replace('\n', '\n\n'), 'cl100k.tiktoken', /line 2 is not the base64/],
  'a rank that is too large': [LINES.replace('Ig== 1\n', 'Ig== 4000000000\n'), 'cl100k.tiktoken', /line 2 is not/],
  'a rank twice': [LINES.replace('Ig== 1\n', 'Ig== 0\n'), 'cl100k.tiktoken', /line 2 has the rank 0, which another/],
  'a token twice': [LINES.replace('Ig== 1\n', 'IQ== 1\n'), 'cl100k.tiktoken', /line 2 has a token that is there twice/],
  'a byte missing': [LINES.replace('Ig== 1\n', ''), 'cl100k.tiktoken', /no token is the byte 34/],
  'the rank of a special token': [`${LINES}enp6eno= 100257\n`, 'cl100k.tiktoken', /the rank 100257, which <\|endoftext/]
}

for (const [name, [lines, path, message]] of Object.entries(RANKS)) {
  t.test(`a rank file with ${name} is refused`, async t => {
    t.throws(() => readTiktoken(Buffer.from(lines), path), { code: 'ERR_TOKENIZER', message })
  })
}

t.test('a family that is no family is refused', async t => {
  for (const family of ['x', 'constructor', '__proto__']) {
    t.throws(() => readTiktoken(Buffer.from(LINES), 'x', family), { message: /the family .* is not known/ })
  }
  t.equal(readTiktoken(Buffer.from(LINES.replaceAll('\n', '\r\n')), 'x', 'cl100k').eosId, 100257)
})
