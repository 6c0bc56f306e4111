/** Files that are damaged, or made to do harm: each is a named error. */
import { isDeepStrictEqual } from 'node:util'
import { piecesEncoder, plainPieces } from '../../../../lib/tokenizer/pieces/encoder.ts'
import { asRead } from '../../../../lib/tokenizer/pieces/scores.ts'
import { loadTokenizer } from '../../../../lib/tokenizer/tokenizer.ts'
import { failure, howMany, put, temporaryFolder } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { type PiecesFile, idsOf, piecesFile, piecesModel } from './fixtures.ts'

type Change = (file: PiecesFile) => unknown

const unigram = (change: (vocab: unknown[][]) => unknown): Change => file => {
  change(file.model.vocab as unknown[][])
}
const bpe = (change: (vocab: Record<string, unknown>) => unknown): Change => file => {
  change(file.model.vocab as Record<string, unknown>)
}
const decoder = (...decoders: object[]): Change => file => { file.decoder = { type: 'Sequence', decoders } }
const preTokenizer = (step: object): Change => file => { file.pre_tokenizer = step }
const normalizer = (...normalizers: object[]): Change => file => {
  file.normalizer = { type: 'Sequence', normalizers }
}
const split = (more: object): Change => preTokenizer(
  { type: 'Split', pattern: { String: ' ' }, behavior: 'Removed', invert: false, ...more }
)
const METASPACE = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true }
const FIRST = { ...METASPACE, prepend_scheme: 'first' }

const DAMAGED: Readonly<Record<string, readonly [family: 't5' | 'llama2', change: Change, message: RegExp]>> = {
  'another version': ['t5', file => { file.version = '2.0' }, /its version is "2.0", expected "1.0"/],
  'no unk_id': ['t5', file => { file.model.unk_id = null }, /its unk_id is null, expected the id of one of its 1500/],
  'an unk_id out of range': ['t5', file => { file.model.unk_id = 1500 }, /its unk_id is 1500, expected/],
  'an unk_id between ids': ['t5', file => { file.model.unk_id = 0.5 }, /its unk_id is 0.5, expected/],
  'no vocab': ['t5', file => { file.model.vocab = {} }, /vocab is an object, expected a list/],
  'a piece without a score': ['t5', unigram(vocab => { vocab[7] = ['x'] }), /piece 7 is a list, expected a text and/],
  'a score that is no number': ['t5', unigram(vocab => { vocab[7]![1] = '-1' }), /piece 7 is a list, expected/],
  'a piece that is no text': ['t5', unigram(vocab => { vocab[7] = [1, 2] }), /piece 7 is a list, expected/],
  'a piece twice': ['t5', unigram(vocab => { vocab[7] = vocab[8]! }), /has the piece "[^"]+" twice/],
  'a piece with a NUL': ['t5', unigram(vocab => { vocab[7]![0] = 'a\0' }), /"a\\u0000" has half a surrogate pair or/],
  'half a surrogate pair': ['t5', unigram(vocab => { vocab[7]![0] = '\ud800' }), /"\\ud800" has half a surrogate/],
  'byte_fallback of another type': ['t5', file => { file.model.byte_fallback = 1 }, /byte_fallback is 1, expected/],
  'a table that is not base64': [
    't5', file => { Object.assign(file.normalizer as object, { precompiled_charsmap: '!' }) }, /is not base64/
  ],
  'a table that is cut': [
    't5', file => { Object.assign(file.normalizer as object, { precompiled_charsmap: 'AAAA' }) }, /charsmap is damaged/
  ],
  'an unknown expression': [
    't5', normalizer({ type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' }), /replaces "\(a\+\)\+\$", an/
  ],
  'an unknown normalizer': ['t5', normalizer({ type: 'Nmt' }), /its normalizer is Nmt, which sluice doesn't know/],
  'an unknown pre-tokenizer': ['t5', preTokenizer({ type: 'UnicodeScripts' }), /its pre_tokenizer is UnicodeScripts/],
  ByteLevel: [
    't5', preTokenizer({ type: 'ByteLevel', add_prefix_space: false }), /is ByteLevel, .* for a Unigram model/
  ],
  'a mark of two characters': [
    't5', preTokenizer({ ...METASPACE, replacement: '__' }), /replacement is "__", expected one character/
  ],
  'an unknown scheme': ['t5', preTokenizer({ ...METASPACE, prepend_scheme: 'last' }), /prepend_scheme is "last"/],
  'two schemes': ['t5', preTokenizer({ ...METASPACE, add_prefix_space: false }), /add_prefix_space is false, but/],
  'a split by nothing': ['t5', split({ pattern: { String: '' } }), /splits by an empty text/],
  'a split with invert': ['t5', split({ invert: true }), /splits by text with invert/],
  'an unknown behavior': ['t5', split({ behavior: 'Kept' }), /splits with behavior "Kept"/],
  'a first word after another step': [
    't5', preTokenizer({ type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, FIRST] }), /after another step/
  ],
  'an unknown decoder': ['llama2', decoder({ type: 'CTC' }), /its decoder is CTC, which sluice doesn't know/],
  'a decoder with an expression': [
    'llama2', decoder({ type: 'Replace', pattern: { Regex: 'a' }, content: '' }), /its decoder replaces "a", an expr/
  ],
  'a decoder that replaces nothing': [
    'llama2', decoder({ type: 'Replace', pattern: { String: '' }, content: 'a' }), /its decoder replaces an empty text/
  ],
  'a decoder that strips texts': [
    'llama2', decoder({ type: 'Strip', content: 'ab', start: 1, stop: 0 }), /content of its decoder is "ab"/
  ],
  'a decoder that strips less than nothing': [
    'llama2', decoder({ type: 'Strip', content: 'a', start: -1, stop: 0 }), /start of its decoder is -1/
  ],
  'an id that is too large': ['llama2', bpe(vocab => { vocab.x9 = 2 ** 31 }), /"x9" has the id 2147483648/],
  'two tokens with an id': ['llama2', bpe(vocab => { vocab.x9 = 0 }), /two tokens have the id 0/],
  'half a character': ['llama2', bpe(vocab => { vocab['\ud800'] = 1300 }), /"\\ud800" is half a surrogate pair/],
  'an unk_token that is nowhere': ['llama2', file => { file.model.unk_token = '?' }, /its unk_token is "\?", which/],
  'a merge of what is not there': [
    'llama2', file => { file.model.merges = [['zz', 'q']] }, /merge 0 needs "zz", which is not in the vocabulary/
  ],
  dropout: ['llama2', file => { file.model.dropout = 0.1 }, /dropout 0.1/],
  'a suffix': ['llama2', file => { file.model.end_of_word_suffix = '</w>' }, /end_of_word_suffix "<\/w>"/],
  'an added token with another id': [
    'llama2', file => { file.added_tokens[0]!.id = 9999 }, /"<unk>" has the id 9999, expected 0/
  ]
}

for (const [name, [family, change, message]] of Object.entries(DAMAGED)) {
  t.test(`pieces with ${name} are refused`, async t => {
    const file = piecesFile(family)
    change(file)
    const path = put(temporaryFolder(t), 'tokenizer.json', JSON.stringify(file))
    t.match(await failure(loadTokenizer(path)), { code: 'ERR_TOKENIZER', message })
  })
}

t.test('what a file removes at the beginning of a text decides which word is the first', async t => {
  const removing = [
    { type: 'Strip', strip_left: true, strip_right: false }, { type: 'StripAccents' },
    { type: 'Replace', pattern: { String: 'a' }, content: '' },
    { type: 'Replace', pattern: { Regex: ' {2,}' }, content: 'a' }
  ]
  for (const step of removing) {
    const file = { ...piecesFile('mistral'), normalizer: step }
    t.throws(() => piecesModel(file), { message: /"first" after the normalizer (?:Strip|StripAccents|Replace), which/ })
  }
  const keeping = { ...piecesFile('mistral'), normalizer: { type: 'Strip', strip_left: false, strip_right: true } }
  t.equal(piecesModel(keeping).normalizers.length, 1)
})

// npm run bench -- --only encode-unbroken --only encode-letter has a bar for the time.
t.test('300 kB without a space have the same ids with the kernel and without', async t => {
  const texts = ['a'.repeat(300_000), 'abcdefghij'.repeat(30_000), '\u2581'.repeat(300_000), '\u4e2d'.repeat(100_000)]
  for (const family of ['llama2', 't5', 'digits', 'unigram-bytes'].slice(0, howMany(2, 4))) {
    const model = piecesModel(piecesFile(family))
    for (const text of texts.slice(0, howMany(2, 4))) {
      const found = idsOf(piecesEncoder(model, 'text'), text)
      t.ok(found.length > 0)
      t.ok(isDeepStrictEqual(found, idsOf(plainPieces(model, 'text'), text)), `${family}: ${text.slice(0, 10)}`)
    }
  }
})

t.test('merges that make what they are made of end', async t => {
  const file = piecesFile('llama2')
  const { vocab } = file.model as { vocab: Record<string, number> }
  vocab[''] = Object.keys(vocab).length
  file.model.merges = [['a', ''], ['', 'a'], ['a', 't'], ['a', 't']]
  const model = piecesModel(file)
  const [kernel, plain] = [piecesEncoder(model, 'text'), plainPieces(model, 'text')]
  t.strictSame(idsOf(kernel, 'atat'.repeat(1000)), idsOf(plain, 'atat'.repeat(1000)))
})

t.test('scores are read as by serde_json, which rounds twice', async t => {
  t.equal(asRead('-2.0154635906219482'), -2.015463590621948, 'not the nearest number')
  t.equal(asRead('-2.015463590621948'), -2.015463590621948)
  t.strictSame(['0', '-0.5', '1e3', '12.5E-1', '1e-400', '0e999'].map(asRead), [0, -0.5, 1000, 1.25, 0, 0])
  t.throws(() => asRead('1e400'), { message: /the score 1e400 is too large/ })
  t.throws(() => asRead('0.12345678901234567890'), { message: /has more than 19 digits/ })
  const file = piecesFile('t5')
  file.model.vocab = [['<unk>', 0], ['"vocab": [["', -1.5], ['a\\', -2]]
  file.added_tokens = []
  const { algorithm } = piecesModel({ vocab: [['a', 1]], ...file })
  t.strictSame(algorithm.type === 'unigram' && [...algorithm.scores], [0, -1.5, -2])
})
