import { readFileSync } from 'node:fs'
import { t } from '../../tap.ts'
import {
  type NormalizerSpec, type Piece, type SentencePieceModel, readModel
} from '../../../lib/sentencepiece/model.ts'
import { charsmapOf } from '../../../lib/sentencepiece/rules.ts'
import { type TrainerFields, modelBytes } from '../../../lib/sentencepiece/write-model.ts'
import { fixture } from '../../helpers.ts'

/**
 * The training options of the fixtures in test/fixtures/make.py: SentencePiece's binding writes only those that are
 * set.
 */
const FIXTURES: Readonly<Record<string, readonly [trainer: TrainerFields, normalizer?: Partial<NormalizerSpec>]>> = {
  'tiny.model': [{ vocab_size: 85 }],
  'bytes.model': [{ vocab_size: 340, hard_vocab_limit: false, byte_fallback: true }],
  'bpe.model': [{ model_type: 'bpe', vocab_size: 90, control_symbols: [], user_defined_symbols: ['<doc>'], pad_id: 3 }],
  'keep-spaces.model': [{ vocab_size: 85 }, { removeExtraWhitespaces: false }],
  'no-prefix.model': [{ vocab_size: 85 }, { addDummyPrefix: false, removeExtraWhitespaces: false }],
  'no-eos.model': [{ model_type: 'char', vocab_size: 38, hard_vocab_limit: false, eos_id: -1 }],
  'suffix.model': [{
    vocab_size: 85, treat_whitespace_as_suffix: true, unk_surface: '[?]', user_defined_symbols: ['\u2581x y\u2581']
  }]
}

t.test('the bytes equal those of SentencePiece', async t => {
  for (const [file, [trainer, normalizer]] of Object.entries(FIXTURES)) {
    const bytes = readFileSync(fixture(file))
    const { pieces } = readModel(bytes, file)
    t.equal(Buffer.from(modelBytes({
      pieces,
      trainer,
      normalizer: { name: 'identity', precompiledCharsmap: new Uint8Array(), ...normalizer }
    })).toString('latin1'), bytes.toString('latin1'), file)
  }
})

const PIECES: readonly Piece[] = [
  { piece: '<unk>', score: 0, type: 'unknown' },
  { piece: '<start>', score: 0, type: 'control' },
  { piece: '</s>', score: 0, type: 'control' },
  { piece: '<doc>', score: 0, type: 'user_defined' },
  { piece: '\u2581the', score: -2.5, type: 'normal' },
  { piece: '\ufeff😀', score: -10.125, type: 'normal' },
  { piece: 'left', score: -11, type: 'unused' }
]

t.test('a written model is read back', async t => {
  const normalizer: NormalizerSpec = {
    name: 'nmt_nfkc',
    precompiledCharsmap: charsmapOf('nmt_nfkc'),
    addDummyPrefix: false,
    removeExtraWhitespaces: false,
    escapeWhitespaces: true
  }
  const model = readModel(modelBytes({
    pieces: PIECES,
    trainer: {
      model_type: 'unigram',
      vocab_size: 7,
      character_coverage: 0.75,
      byte_fallback: false,
      split_by_whitespace: false,
      treat_whitespace_as_suffix: true,
      pad_id: -1,
      unk_surface: ' ? ',
      bos_piece: '<start>'
    },
    normalizer
  }), 'm')
  t.match(model, {
    pieces: PIECES,
    trainer: {
      modelType: 'unigram',
      vocabSize: 7,
      characterCoverage: 0.75,
      byteFallback: false,
      splitByWhitespace: false,
      treatWhitespaceAsSuffix: true,
      unkSurface: ' ? ',
      unkPiece: '<unk>',
      bosPiece: '<start>'
    },
    unkId: 0,
    bosId: 1,
    eosId: 2,
    padId: -1
  } satisfies Partial<Record<keyof SentencePieceModel, unknown>>)
  t.strictSame({ ...model.normalizer, precompiledCharsmap: Buffer.from(model.normalizer.precompiledCharsmap) }, {
    ...normalizer,
    precompiledCharsmap: Buffer.from(normalizer.precompiledCharsmap)
  })
  t.strictSame(model.unknownFields.map(({ path }) => path), [[2, 43]])
})

t.test('missing fields have their defaults, and undefined fields are not written', async t => {
  const { trainer, normalizer } = readModel(modelBytes({
    pieces: PIECES.slice(0, 1),
    trainer: { vocab_size: undefined },
    normalizer: {}
  }), 'm')
  t.match(trainer, { modelType: 'unigram', vocabSize: 8000, splitByWhitespace: true })
  t.match(normalizer, { name: '', addDummyPrefix: true, removeExtraWhitespaces: true, escapeWhitespaces: true })
})

t.test('every field of a trainer_spec is written with its number', async t => {
  const trainer: Required<TrainerFields> = {
    input: ['a', 'b'],
    model_prefix: 'p',
    model_type: 'char',
    vocab_size: 1,
    accept_language: ['en'],
    self_test_sample_size: 2,
    input_format: 'text',
    character_coverage: 1,
    input_sentence_size: 2 ** 40,
    seed_sentencepiece_size: 3,
    shrinking_factor: 0.5,
    num_threads: 4,
    num_sub_iterations: 5,
    max_sentence_length: 6,
    shuffle_input_sentence: true,
    max_sentencepiece_length: 7,
    split_by_unicode_script: true,
    split_by_whitespace: true,
    split_by_number: true,
    treat_whitespace_as_suffix: true,
    split_digits: true,
    allow_whitespace_only_pieces: true,
    control_symbols: ['c'],
    user_defined_symbols: ['u', 'v'],
    vocabulary_output_piece_score: true,
    hard_vocab_limit: true,
    use_all_vocab: true,
    byte_fallback: false,
    required_chars: 'r',
    unk_id: 0,
    bos_id: -1,
    eos_id: -1,
    pad_id: -1,
    unk_surface: '?',
    unk_piece: '<unk>',
    bos_piece: 'b',
    eos_piece: 'e',
    pad_piece: 'p',
    train_extremely_large_corpus: true,
    enable_differential_privacy: true,
    differential_privacy_noise_level: 0,
    differential_privacy_clipping_threshold: 8
  }
  const read = [3, 4, 10, 22, 24, 35, 44, 45, 46, 47, 48] // fields that our reader uses
  const { unknownFields } = readModel(modelBytes({ pieces: PIECES.slice(0, 1), trainer, normalizer: {} }), 'm')
  const numbers = unknownFields.map(({ path }) => path[1]!)
  t.strictSame(numbers, [
    1, 1, 2, 5, 6, 7, 11, 14, 15, 16, 17, 18, 19, 20, 21, 23, 25, 26, 30, 31, 31, 32, 33, 34, 36, 40, 41, 42, 43, 49,
    50, 51, 52
  ])
  t.equal(new Set([...numbers, ...read]).size, Object.keys(trainer).length)
})
