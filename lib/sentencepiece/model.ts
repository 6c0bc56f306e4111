import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { SluiceError, messageOf } from '../errors.ts'

export type ModelType = 'unigram' | 'bpe' | 'word' | 'char'
export type PieceType = 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte'

export interface Piece {
  readonly piece: string
  /** Log probability in a unigram model; minus the rank of its merge in a BPE model. */
  readonly score: number
  readonly type: PieceType
}

/** How the model was trained; what later steps depend on. Defaults are those of sentencepiece_model.proto. */
export interface TrainerSpec {
  readonly modelType: ModelType
  readonly vocabSize: number
  readonly characterCoverage: number
  readonly splitByWhitespace: boolean
  readonly treatWhitespaceAsSuffix: boolean
  readonly byteFallback: boolean
  /** What an unknown id is decoded to. */
  readonly unkSurface: string
  readonly unkPiece: string
  readonly bosPiece: string
  readonly eosPiece: string
  readonly padPiece: string
}

/** How text is normalized before it is encoded. */
export interface NormalizerSpec {
  readonly name: string
  readonly precompiledCharsmap: Uint8Array
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
}

/** A SentencePiece model file, read. Special ids are -1 where the model has no such piece. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[]
  readonly trainer: TrainerSpec
  readonly normalizer: NormalizerSpec
  /** Whether decoded text is to be rewritten by a table of the model's, as few models ask. */
  readonly denormalizes: boolean
  readonly unkId: number
  readonly bosId: number
  readonly eosId: number
  readonly padId: number
}

// Numbers of enums and fields: sentencepiece_model.proto of SentencePiece 0.1.97.
const MODEL_TYPES: Record<number, ModelType> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' }
const PIECE_TYPES: Record<number, PieceType> = { 1: 'normal', 2: 'unknown', 3: 'control', 4: 'user_defined', 5: 'unused', 6: 'byte' }

/**
 * Reads a SentencePiece `.model` file, a protocol buffer of the message `ModelProto`.
 *
 * @param path for messages
 * @throws SluiceError `ERR_TOKENIZER` when the bytes are not a model, with what was found
 */
export function readModel (bytes: Uint8Array, path: string): SentencePieceModel {
  try {
    return judged(read(bytes))
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: not a SentencePiece model: ${messageOf(cause)}; the file has ${bytes.length} bytes and begins with ${firstBytes(bytes)}`, { cause })
  }
}

function read (bytes: Uint8Array): Omit<SentencePieceModel, 'unkId' | 'bosId' | 'eosId' | 'padId'> {
  const pieces: Piece[] = []
  let trainer: TrainerSpec | undefined
  let normalizer: NormalizerSpec | undefined
  let denormalizes = false
  readFields(bytes, {
    1: message(piece => { pieces.push(readPiece(piece, pieces.length)) }),
    2: message(spec => { trainer = readTrainer(spec) }),
    3: message(spec => { normalizer = readNormalizer(spec) }),
    5: message(spec => { denormalizes = readNormalizer(spec).precompiledCharsmap.length > 0 })
  })
  if (pieces.length === 0) throw new Error('it has no pieces')
  // Both are written behind the pieces: without them the file was cut off between two fields.
  if (trainer === undefined) throw new Error('it has no trainer_spec')
  if (normalizer === undefined) throw new Error('it has no normalizer_spec')
  return { pieces, trainer, normalizer, denormalizes }
}

function readPiece (bytes: Uint8Array, id: number): Piece {
  const found: Writable<Piece> = { piece: '', score: 0, type: 'normal' }
  readFields(bytes, {
    1: string(value => { found.piece = value }),
    2: float(value => { found.score = value }),
    3: integer(value => { found.type = named(PIECE_TYPES, value, `type of piece ${id}`) })
  })
  return found
}

function readTrainer (bytes: Uint8Array): TrainerSpec {
  const spec: Writable<TrainerSpec> = {
    modelType: 'unigram',
    vocabSize: 8000,
    characterCoverage: 0.9995,
    splitByWhitespace: true,
    treatWhitespaceAsSuffix: false,
    byteFallback: false,
    unkSurface: ' \u2047 ',
    unkPiece: '<unk>',
    bosPiece: '<s>',
    eosPiece: '</s>',
    padPiece: '<pad>'
  }
  readFields(bytes, {
    3: integer(value => { spec.modelType = named(MODEL_TYPES, value, 'model type') }),
    4: integer(value => { spec.vocabSize = value }),
    10: float(value => { spec.characterCoverage = value }),
    22: boolean(value => { spec.splitByWhitespace = value }),
    24: boolean(value => { spec.treatWhitespaceAsSuffix = value }),
    35: boolean(value => { spec.byteFallback = value }),
    44: string(value => { spec.unkSurface = value }),
    45: string(value => { spec.unkPiece = value }),
    46: string(value => { spec.bosPiece = value }),
    47: string(value => { spec.eosPiece = value }),
    48: string(value => { spec.padPiece = value })
  })
  return spec
}

function readNormalizer (bytes: Uint8Array): NormalizerSpec {
  const spec: Writable<NormalizerSpec> = {
    name: '',
    precompiledCharsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true
  }
  readFields(bytes, {
    1: string(value => { spec.name = value }),
    2: message(value => { spec.precompiledCharsmap = value }),
    3: boolean(value => { spec.addDummyPrefix = value }),
    4: boolean(value => { spec.removeExtraWhitespaces = value }),
    5: boolean(value => { spec.escapeWhitespaces = value })
  })
  return spec
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A field that is read: how its value is written, and what to do with it. */
interface Field {
  readonly wireType: WireType
  readonly read: (reader: BinaryReader) => void
}

const message = (set: (value: Uint8Array) => void): Field => ({ wireType: WireType.LengthDelimited, read: reader => { set(reader.bytes()) } })
const string = (set: (value: string) => void): Field => ({ wireType: WireType.LengthDelimited, read: reader => { set(reader.string()) } })
const float = (set: (value: number) => void): Field => ({ wireType: WireType.Bit32, read: reader => { set(reader.float()) } })
const integer = (set: (value: number) => void): Field => ({ wireType: WireType.Varint, read: reader => { set(reader.int32()) } })
const boolean = (set: (value: boolean) => void): Field => ({ wireType: WireType.Varint, read: reader => { set(reader.bool()) } })

/** Reads the fields of a message that are named by number, and passes over the others. */
function readFields (bytes: Uint8Array, fields: Record<number, Field>): void {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    const field = fields[number]
    if (field === undefined) reader.skip(wireType, number)
    else if (field.wireType === wireType) field.read(reader)
    else throw new Error(`field ${number} has wire type ${wireType}, expected ${field.wireType}`)
  }
}

function named<T> (names: Record<number, T>, value: number, what: string): T {
  const name = names[value]
  if (name === undefined) throw new Error(`unknown ${what}: ${value}`)
  return name
}

function judged (model: ReturnType<typeof read>): SentencePieceModel {
  const { pieces, trainer } = model
  const ids = new Map<string, number>()
  pieces.forEach(({ piece, score }, id) => {
    if (piece === '') throw new Error(`piece ${id} is empty`)
    if (ids.has(piece)) throw new Error(`pieces ${ids.get(piece)} and ${id} are both ${JSON.stringify(piece)}`)
    if (!Number.isFinite(score)) throw new Error(`the score of piece ${id} is ${score}`)
    ids.set(piece, id)
  })
  const unknown = pieces.filter(({ type }) => type === 'unknown')
  if (unknown.length !== 1) throw new Error(`it has ${unknown.length} unknown pieces, expected one`)
  // SentencePiece takes a special id from the piece's name, and only where that piece is a control symbol.
  const controlId = (name: string): number => {
    const id = ids.get(name)
    return id !== undefined && pieces[id]!.type === 'control' ? id : -1
  }
  return {
    ...model,
    unkId: pieces.indexOf(unknown[0]!),
    bosId: controlId(trainer.bosPiece),
    eosId: controlId(trainer.eosPiece),
    padId: controlId(trainer.padPiece)
  }
}

function firstBytes (bytes: Uint8Array): string {
  const first = Buffer.from(bytes.subarray(0, 8))
  if (first.length === 0) return 'nothing'
  const hex = first.toString('hex').replace(/(..)(?=.)/g, '$1 ')
  return /^[\x20-\x7e]+$/.test(first.toString('latin1')) ? `${hex} (${JSON.stringify(first.toString('latin1'))})` : hex
}
