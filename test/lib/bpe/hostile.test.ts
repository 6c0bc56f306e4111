/** Files that are damaged, or made to do harm: each is a named error. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { bpeEncoder, plainBpeEncoder } from '../../../lib/bpe/encoder.ts'
import { readTiktoken } from '../../../lib/bpe/read-tiktoken.ts'
import { readTokenizerJson } from '../../../lib/bpe/read-tokenizer-json.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { howMany, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { type TokenizerFile, idsOf, recorded, tokenizerFile } from './fixtures.ts'

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

const replace = (from: string, to: string): object => ({ type: 'Replace', pattern: { String: from }, content: to })

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
  'no vocab': [changed(file => { Object.assign(file.model, { vocab: [] }) }), /vocab is a list, expected an object/],
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
  'no merges': [
    changed(file => { Object.assign(file.model, { merges: undefined }) }), /merges is missing, expected a list/
  ],
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
  'an added token of another type': [
    changed(file => { Object.assign(file, { added_tokens: [1] }) }), /an added token is 1/
  ],
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
  'a normalizer that doubles text 60 times': [
    changed(file => {
      file.normalizer = { type: 'Sequence', normalizers: Array.from({ length: 60 }, () => replace('a', 'aa')) }
    }),
    /its normalizer makes more than 100 characters of each in "a"/
  ],
  'a normalizer that prepends a long text': [
    changed(file => { file.normalizer = { type: 'Prepend', prepend: 'x'.repeat(101) } }), /more than 100 characters/
  ],
  'many steps': [
    changed(file => { file.pre_tokenizer = { type: 'Sequence', pretokenizers: Array(101).fill(nested(0)) } }),
    /it has 101 parts of its pre_tokenizer, expected at most 100/
  ],
  'a long template': [
    changed(file => { file.post_processor = { type: 'TemplateProcessing', single: Array(1001).fill({}) } }),
    /it has 1001 parts of single in its post_processor/
  ],
  'a long token': [
    withVocabulary(vocab => { vocab['x'.repeat(2049)] = 5000 }), /it has 2049 characters in a token, expected at most/
  ],
  'long tokens': [
    withVocabulary(vocab => { for (let i = 0; i < 4200; i++) vocab[`${i}`.padEnd(2000, 'x')] = 5000 + i }),
    /\d{7} characters in its tokens, expected at most 8388608/
  ],
  'a long added token': [
    changed(file => { file.added_tokens = [added(SIZE, 'x'.repeat(2049))] }), /2049 characters of the added token/
  ],
  'an added token that is no Unicode': [
    changed(file => { file.added_tokens = [added(SIZE, '\ud800')] }), /"\\ud800" is no valid Unicode/
  ],
  'a deep value': [Buffer.from('['.repeat(100_000) + ']'.repeat(100_000)), /./]
}

for (const [name, [bytes, message]] of Object.entries(DAMAGED)) {
  t.test(`a tokenizer.json with ${name} is refused`, async t => {
    t.throws(() => readTokenizerJson(bytes, 'x.json'), { code: 'ERR_TOKENIZER', message })
    t.throws(() => readTokenizerJson(bytes, 'x.json'), { message: /^x\.json: can't be used as a tokenizer\.json: / })
  })
}

const repeated = (beginning: string, entry: string, count: number, end: string): Buffer =>
  Buffer.from(`${beginning}${`${entry},`.repeat(count)}${entry}${end}`)

t.test('a file that has too much of something is refused before it is parsed', async t => {
  const files = [
    ['{"added_tokens":[', '0', 2 ** 16, ']', /it has 65537 added tokens, expected at most 65536/],
    ['{', '"a":0', 1000, '}', /it has more than 1000 members/],
    ['{"m\\u006fdel":{"merges":[', '0', 2 ** 20, ']', /it has 1048577 merges, expected at most 1048576/],
    ['{"model":{"vocab":{', '"":0', 1_000_000, '}', /it has 1000001 tokens in its vocab, expected at most 1/],
    ['{"model": {"vocab": [ ', '[]', 1_000_000, ']', /it has 1000001 tokens in its vocab/],
    ['[', '0', 2 ** 22 + 1, ']', /it has 4194305 values, expected at most 4194304/]
  ] as const
  for (const [beginning, entry, count, end, message] of files.slice(0, howMany(3, files.length))) {
    const bytes = repeated(beginning, entry, count, end)
    t.throws(() => readTokenizerJson(bytes, 'x.json'), { code: 'ERR_TOKENIZER', message })
  }
})

t.test('a file that is too large is refused before it is read', async t => {
  t.throws(() => readTokenizerJson(Buffer.alloc(64 * 2 ** 20 + 1), 'x.json'), { message: /bytes, expected at most/ })
})

t.test('a file that is too large for a tokenizer is refused before it is read', async t => {
  const path = join(temporaryFolder(t), 'tokenizer.json')
  writeFileSync(path, '{"model":')
  truncateSync(path, 1.9e9)
  await t.rejects(loadTokenizer(path), {
    code: 'ERR_TOKENIZER',
    message: /tokenizer\.json: has 1900000000 bytes, which is too large for a tokenizer/
  })
})

t.test('merges that make what they are made of end', async t => {
  const file = tokenizerFile()
  const { vocab } = file.model
  vocab[''] = Object.keys(vocab).length
  file.added_tokens = []
  file.model.merges = [['a', ''], ['', 'a'], ['a', 'b'], ['a', 'b']].filter(pair => vocab[pair.join('')] !== undefined)
  const model = readTokenizerJson(bytesOf(file), 'x.json')
  for (const encoder of [bpeEncoder(model, 'text'), plainBpeEncoder(model, 'text')]) {
    t.ok(idsOf(encoder, 'abab'.repeat(1000)).length > 0)
  }
})

// npm run bench -- --only encode-unbroken --only encode-letter has a bar for the time.
t.test('300 kB without a space have the same ids with the kernel and without', async t => {
  const model = readTokenizerJson(bytesOf(tokenizerFile()), 'x.json')
  const texts = ['a'.repeat(300_000), 'abcdefghij'.repeat(30_000), '='.repeat(300_000), ' '.repeat(300_000)]
  for (const text of texts.slice(0, howMany(2, 4))) {
    const found = idsOf(bpeEncoder(model, 'text'), text)
    t.ok(found.length > 1000)
    t.ok(isDeepStrictEqual(found, idsOf(plainBpeEncoder(model, 'text'), text)), text.slice(0, 10))
  }
})

const LINES = recorded('cl100k').file as string

const RANKS: Readonly<Record<string, readonly [string, string, RegExp]>> = {
  'no family': [LINES, 'ranks.tiktoken', /whose name doesn't say its family; name it as tiktoken does/],
  'a line without a rank': [LINES.replace('Ig== 1\n', 'Ig==\n'), 'cl100k.tiktoken', /line 2 is not the base64/],
  'a line that is not base64': [LINES.replace('Ig==', '!!=='), 'cl100k.tiktoken', /line 2 is not the base64/],
  'a damaged line after an empty one': [LINES.replace('\nIg==', '\n\n!!=='), 'cl100k.tiktoken', /line 3 is not/],
  'a long token': [
    `${LINES}${Buffer.alloc(3000).toString('base64')} 9999\n`, 'cl100k.tiktoken', /it has 3000 bytes in a token/
  ],
  'many long tokens': [
    LINES + Array.from({ length: 100 }, (_, i) =>
      `${Buffer.alloc(2000, `${i}`).toString('base64')} ${9000 + i}\n`).join(''),
    'cl100k.tiktoken',
    /bytes to compare in the splits of its tokens/
  ],
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

t.test('a file may have empty lines, as in tiktoken', async t => {
  t.equal(readTiktoken(Buffer.from(`${LINES}\n`), 'cl100k.tiktoken').eosId, 100257)
})

t.test('the family of a file with another name can be given', async t => {
  t.equal(readTiktoken(Buffer.from(LINES.replaceAll('\n', '\r\n')), 'x', 'cl100k').eosId, 100257)
})
