import { SluiceError, messageOf } from '../errors.ts'
import { otherTokenizer } from './other-tokenizer.ts'
import { byteOfPiece } from './byte-pieces.ts'
import {
  type Fields, type UnknownField, boolean, bytes, float, integer, message, readMessage, string
} from './protobuf.ts'

/** The algorithm by which a model segments text into pieces. */
export type ModelType = 'unigram' | 'bpe' | 'word' | 'char'
/** The kind of a piece. */
export type PieceType = 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte'

/** A piece of a vocabulary. */
export interface Piece {
  readonly piece: string
  /** Log probability in a unigram model; minus the rank of its merge in a BPE model. */
  readonly score: number
  readonly type: PieceType
}

/** The training settings that encoding and decoding depend on. Defaults are those of sentencepiece_model.proto. */
export interface TrainerSpec {
  readonly modelType: ModelType
  readonly vocabSize: number
  readonly characterCoverage: number
  readonly splitByWhitespace: boolean
  readonly treatWhitespaceAsSuffix: boolean
  readonly byteFallback: boolean
  /** The text of an unknown id. */
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

/** The content of a SentencePiece model file. Special ids are -1 if the model has no such piece. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[]
  readonly trainer: TrainerSpec
  readonly normalizer: NormalizerSpec
  /** How decoded text is rewritten; few models have it. */
  readonly denormalizer: NormalizerSpec | undefined
  /** Fields of the file, of `trainer_spec` and of the normalizers that sluice doesn't use, unchanged. */
  readonly unknownFields: readonly UnknownField[]
  readonly unkId: number
  readonly bosId: number
  readonly eosId: number
  readonly padId: number
}

// Numbers of enums and fields: sentencepiece_model.proto of SentencePiece 0.1.97.
export const MODEL_TYPES: Readonly<Record<number, ModelType>> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' }
export const PIECE_TYPES: Readonly<Record<number, PieceType>> = {
  1: 'normal', 2: 'unknown', 3: 'control', 4: 'user_defined', 5: 'unused', 6: 'byte'
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const PIECE_FIELDS: Fields<Writable<Piece>> = {
  1: string((piece, value) => { piece.piece = value }),
  2: float((piece, value) => { piece.score = value }),
  3: integer((piece, value) => { piece.type = named(PIECE_TYPES, value, 'type of a piece') })
}

const TRAINER_FIELDS: Fields<Writable<TrainerSpec>> = {
  3: integer((spec, value) => { spec.modelType = named(MODEL_TYPES, value, 'model type') }),
  4: integer((spec, value) => { spec.vocabSize = value }),
  10: float((spec, value) => { spec.characterCoverage = value }),
  22: boolean((spec, value) => { spec.splitByWhitespace = value }),
  24: boolean((spec, value) => { spec.treatWhitespaceAsSuffix = value }),
  35: boolean((spec, value) => { spec.byteFallback = value }),
  44: string((spec, value) => { spec.unkSurface = value }),
  45: string((spec, value) => { spec.unkPiece = value }),
  46: string((spec, value) => { spec.bosPiece = value }),
  47: string((spec, value) => { spec.eosPiece = value }),
  48: string((spec, value) => { spec.padPiece = value })
}

const NORMALIZER_FIELDS: Fields<Writable<NormalizerSpec>> = {
  1: string((spec, value) => { spec.name = value }),
  2: bytes((spec, value) => { spec.precompiledCharsmap = value }),
  3: boolean((spec, value) => { spec.addDummyPrefix = value }),
  4: boolean((spec, value) => { spec.removeExtraWhitespaces = value }),
  5: boolean((spec, value) => { spec.escapeWhitespaces = value })
}

interface Found {
  readonly pieces: Piece[]
  trainer?: Writable<TrainerSpec>
  normalizer?: Writable<NormalizerSpec>
  denormalizer?: Writable<NormalizerSpec>
}

const MODEL_FIELDS: Fields<Found> = {
  1: message(PIECE_FIELDS, emptyPiece, (model, piece) => { model.pieces.push(piece) }),
  2: message(TRAINER_FIELDS, ({ trainer }) => trainer ?? defaultTrainer(), (model, spec) => { model.trainer = spec }),
  3: message(
    NORMALIZER_FIELDS,
    ({ normalizer }) => normalizer ?? defaultNormalizer(),
    (model, spec) => { model.normalizer = spec }
  ),
  5: message(
    NORMALIZER_FIELDS,
    ({ denormalizer }) => denormalizer ?? defaultNormalizer(),
    (model, spec) => { model.denormalizer = spec }
  )
}

/**
 * Reads a SentencePiece `.model` file, a protocol buffer of the message `ModelProto`.
 *
 * @param path for messages
 * @throws SluiceError `ERR_TOKENIZER` when the bytes aren't a model, with what was found
 */
export function readModel (bytes: Uint8Array, path: string): SentencePieceModel {
  try {
    return validated(read(bytes))
  } catch (cause) {
    const other = otherTokenizer(bytes, path)
    if (other !== null) throw new SluiceError('ERR_TOKENIZER', `${path}: ${other}`, { cause })
    const found = `the file has ${bytes.length} bytes and begins with ${firstBytes(bytes)}`
    const why = `not a SentencePiece model: ${messageOf(cause)}; ${found}`
    throw new SluiceError('ERR_TOKENIZER', `${path}: ${why}`, { cause })
  }
}

function read (bytes: Uint8Array): Omit<SentencePieceModel, 'unkId' | 'bosId' | 'eosId' | 'padId'> {
  const found: Found = { pieces: [] }
  const unknownFields = readMessage(bytes, MODEL_FIELDS, found)
  // As in SentencePiece, a missing spec has the defaults; so a file that was cut off between two fields is accepted.
  const { pieces, trainer = defaultTrainer(), normalizer = defaultNormalizer(), denormalizer } = found
  if (pieces.length === 0) throw new Error('it has no pieces')
  return { pieces, trainer, normalizer, denormalizer, unknownFields }
}

function emptyPiece (): Writable<Piece> {
  return { piece: '', score: 0, type: 'normal' }
}

function defaultTrainer (): Writable<TrainerSpec> {
  return {
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
}

function defaultNormalizer (): Writable<NormalizerSpec> {
  return {
    name: '',
    precompiledCharsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true
  }
}

function named<T> (names: Readonly<Record<number, T>>, value: number, what: string): T {
  const name = names[value]
  if (name === undefined) throw new Error(`unknown ${what}: ${value}`)
  return name
}

function validated (model: ReturnType<typeof read>): SentencePieceModel {
  const { pieces, trainer } = model
  const ids = new Map<string, number>()
  pieces.forEach(({ piece, score, type }, id) => {
    if (piece === '') throw new Error(`piece ${id} is empty`)
    if (ids.has(piece)) throw new Error(`pieces ${ids.get(piece)} and ${id} are both ${JSON.stringify(piece)}`)
    if (!Number.isFinite(score)) throw new Error(`the score of piece ${id} is ${score}`)
    if (piece.includes('\0')) throw new Error(`piece ${id} is ${JSON.stringify(piece)}, which has a NUL`)
    if (type === 'byte' && byteOfPiece(piece) === undefined) {
      throw new Error(`piece ${id} is ${JSON.stringify(piece)}, expected <0x00> to <0xFF> for a byte`)
    }
    ids.set(piece, id)
  })
  const unknown = pieces.filter(({ type }) => type === 'unknown')
  if (unknown.length !== 1) throw new Error(`it has ${unknown.length} unknown pieces, expected one`)
  const bytePieces = pieces.filter(({ type }) => type === 'byte').length
  if (bytePieces !== (trainer.byteFallback ? 256 : 0)) {
    const expected = trainer.byteFallback ? '256, since byte_fallback is on' : 'none, since byte_fallback is off'
    throw new Error(`it has ${bytePieces} pieces for bytes, expected ${expected}`)
  }
  // SentencePiece finds a special id by the piece's name, and only if the piece is a control symbol.
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
  const text = first.toString('latin1')
  return /^[\x20-\x7e]+$/.test(text) ? `${hex} (${JSON.stringify(text)})` : hex
}
