import { MODEL_TYPES, type ModelType, type NormalizerSpec, PIECE_TYPES, type Piece } from './model.ts'
import { MessageWriter } from './protobuf-writer.ts'

/** The types of field values, by the kind of field. */
interface Values {
  readonly strings: readonly string[]
  readonly string: string
  readonly integer: number
  readonly switch: boolean
  readonly float: number
  readonly modelType: ModelType
}

type Kind = keyof Values

/** The fields of a `trainer_spec` with their numbers and kinds, in the order in which they are written. */
const TRAINER_FIELDS = {
  input: [1, 'strings'],
  model_prefix: [2, 'string'],
  model_type: [3, 'modelType'],
  vocab_size: [4, 'integer'],
  accept_language: [5, 'strings'],
  self_test_sample_size: [6, 'integer'],
  input_format: [7, 'string'],
  character_coverage: [10, 'float'],
  input_sentence_size: [11, 'integer'],
  seed_sentencepiece_size: [14, 'integer'],
  shrinking_factor: [15, 'float'],
  num_threads: [16, 'integer'],
  num_sub_iterations: [17, 'integer'],
  max_sentence_length: [18, 'integer'],
  shuffle_input_sentence: [19, 'switch'],
  max_sentencepiece_length: [20, 'integer'],
  split_by_unicode_script: [21, 'switch'],
  split_by_whitespace: [22, 'switch'],
  split_by_number: [23, 'switch'],
  treat_whitespace_as_suffix: [24, 'switch'],
  split_digits: [25, 'switch'],
  allow_whitespace_only_pieces: [26, 'switch'],
  control_symbols: [30, 'strings'],
  user_defined_symbols: [31, 'strings'],
  vocabulary_output_piece_score: [32, 'switch'],
  hard_vocab_limit: [33, 'switch'],
  use_all_vocab: [34, 'switch'],
  byte_fallback: [35, 'switch'],
  required_chars: [36, 'string'],
  unk_id: [40, 'integer'],
  bos_id: [41, 'integer'],
  eos_id: [42, 'integer'],
  pad_id: [43, 'integer'],
  unk_surface: [44, 'string'],
  unk_piece: [45, 'string'],
  bos_piece: [46, 'string'],
  eos_piece: [47, 'string'],
  pad_piece: [48, 'string'],
  train_extremely_large_corpus: [49, 'switch'],
  enable_differential_privacy: [50, 'switch'],
  differential_privacy_noise_level: [51, 'float'],
  differential_privacy_clipping_threshold: [52, 'integer']
} as const satisfies Readonly<Record<string, readonly [number: number, kind: Kind]>>

type TrainerKinds = { readonly [Name in keyof typeof TRAINER_FIELDS]: typeof TRAINER_FIELDS[Name][1] }

/**
 * The fields of a `trainer_spec`, by their names in sentencepiece_model.proto of SentencePiece 0.1.97, which documents
 * them. Readers use the defaults there for fields that are left out.
 */
export type TrainerFields = { readonly [Name in keyof TrainerKinds]?: Values[TrainerKinds[Name]] | undefined }

type Write<T> = (message: MessageWriter, field: number, value: T) => void

const WRITERS: { readonly [K in Kind]: Write<Values[K] | undefined> } = {
  strings: (message, field, values) => { message.strings(field, values) },
  string: (message, field, value) => { message.string(field, value) },
  integer: (message, field, value) => { message.integer(field, value) },
  switch: (message, field, value) => { message.integer(field, value) },
  float: (message, field, value) => { message.float(field, value) },
  modelType: (message, field, value) => { message.integer(field, value && numberOf(MODEL_TYPES, value)) }
}

/** The content of a model file to write. */
export interface WrittenModel {
  /** In the order of their ids. */
  readonly pieces: readonly Piece[]
  readonly trainer: TrainerFields
  /** Readers use defaults for what is left out: no table, and true for each switch. */
  readonly normalizer: Partial<NormalizerSpec>
}

/**
 * The bytes of a SentencePiece `.model` file, a protocol buffer of the message `ModelProto`, with its fields in the
 * order in which SentencePiece 0.1.97 writes them. Scores become floats of 32 bits.
 *
 * It doesn't check that the pieces make a valid model; `readModel` does.
 *
 * @throws RangeError for text with half a surrogate pair, and for a number that must be an integer and isn't
 */
export function modelBytes ({ pieces, trainer, normalizer }: WrittenModel): Uint8Array {
  const writer = new MessageWriter()
  for (const { piece, score, type } of pieces) {
    const typeNumber = type === 'normal' ? undefined : numberOf(PIECE_TYPES, type)
    writer.message(1, message => message.string(1, piece).float(2, score).integer(3, typeNumber))
  }
  writer.message(2, message => { writeTrainer(message, trainer) })
  writer.message(3, message => message
    .string(1, normalizer.name)
    .bytes(2, normalizer.precompiledCharsmap)
    .integer(3, normalizer.addDummyPrefix)
    .integer(4, normalizer.removeExtraWhitespaces)
    .integer(5, normalizer.escapeWhitespaces))
  return writer.finish()
}

function writeTrainer (message: MessageWriter, trainer: TrainerFields): void {
  for (const [name, [field, kind]] of Object.entries(TRAINER_FIELDS)) {
    // The type of `trainer` ensures that the value has this kind.
    const write = WRITERS[kind] as Write<unknown>
    write(message, field, trainer[name as keyof TrainerFields])
  }
}

/** The number of a name in the reader's tables. */
function numberOf (names: Readonly<Record<number, string>>, name: string): number {
  return Number(Object.keys(names).find(number => names[Number(number)] === name))
}
