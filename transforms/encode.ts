import { z } from 'zod'
import type { Document, Tokens } from '../lib/document.ts'
import { SluiceError, codeOf, messageOf } from '../lib/errors.ts'
import { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
import { Stage, type StageOptions, type Work, stageOptions } from '../lib/stage/stage.ts'
import { TOKENIZER_FILES } from '../lib/tokenizer/files.ts'
import { loadOptions, tokenizerOptionsOf } from '../lib/tokenizer/options.ts'
import { type Encoder, type Tokenizer, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'

/** Options of where a document begins and ends in the ids. */
export const boundaryOptions = {
  eosId: z.int().min(-1).default(-1).describe('id that ends each document; -1: the EOS token of the tokenizer'),
  eos: z.string().min(1).optional().describe('token that ends each document, by its name: <|endoftext|>'),
  bos: z.boolean().default(false).describe('begin each document with the BOS token of the tokenizer')
}

export const encodeOptions = z.strictObject({
  tokenizerPath: z.string().optional().describe(TOKENIZER_FILES),
  ...loadOptions,
  ...boundaryOptions
}).describe('encodes each text into token ids and appends the EOS id')

/** Options of `encode`. */
export type EncodeOptions = z.input<typeof encodeOptions> & StageOptions<Document> & {
  /** A tokenizer that is loaded already, instead of `tokenizerPath`. */
  readonly tokenizer?: Omit<Encoder, 'sha256'> | undefined
}

/** Which ids begin and end a document. */
export interface BoundaryOptions {
  readonly eosId: number
  readonly eos?: string | null | undefined
  readonly bos?: boolean
}

/** The ids that begin and end a document; `bosId` is -1 for none. */
export interface Boundaries {
  readonly bosId: number
  readonly eosId: number
}

type Vocabulary = Pick<Tokenizer, 'eosId' | 'vocabSize'> & Partial<Pick<Tokenizer, 'bosId' | 'pieceToId' | 'idToPiece'>>

/**
 * The ids that begin and end documents.
 *
 * @throws SluiceError `ERR_TOKENIZER` when a requested token isn't in the vocabulary, or the tokenizer has none;
 *   `ERR_OPTION` when the EOS token is requested both by its id and by its name
 */
export function boundariesOf (tokenizer: Vocabulary, { eosId, eos, bos = false }: BoundaryOptions): Boundaries {
  const { bosId = -1 } = tokenizer
  if (bos && bosId === -1) {
    throw new SluiceError('ERR_TOKENIZER', 'the tokenizer has no BOS token; leave out bos (--bos)')
  }
  if (eos != null && eosId !== -1) {
    throw new SluiceError('ERR_OPTION', `expected eos or eos_id, got both: ${JSON.stringify(eos)} and ${eosId}`)
  }
  return { bosId: bos ? bosId : -1, eosId: eos == null ? eosIdOf(tokenizer, eosId) : idOf(tokenizer, eos) }
}

function eosIdOf ({ eosId, vocabSize }: Vocabulary, requested: number): number {
  if (requested >= vocabSize) {
    throw new SluiceError('ERR_TOKENIZER', `eos_id ${requested} is not in the vocabulary of ${vocabSize} pieces, ` +
      `expected 0 to ${vocabSize - 1}`)
  }
  if (requested === -1 && eosId === -1) {
    throw new SluiceError('ERR_TOKENIZER', 'the tokenizer has no EOS token; ' +
      'set the token that ends a document with eos_id (--eos-id) or eos (--eos); ' +
      'that of a tokenizer.json is in the tokenizer_config.json of its folder')
  }
  return requested === -1 ? eosId : requested
}

function idOf ({ pieceToId, idToPiece }: Vocabulary, name: string): number {
  const id = pieceToId?.(name) ?? -1
  if (id !== -1 && idToPiece?.(id) === name) return id
  throw new SluiceError('ERR_TOKENIZER', `eos ${JSON.stringify(name)} is not in the vocabulary; ` +
    'expected the name of a token, such as </s> or <|endoftext|>')
}

/**
 * Appends the ids of a document, with those that begin and end it.
 *
 * @throws SluiceError `ERR_DOCUMENT` with the id of the document, where its text can't be encoded or is refused
 */
export function appendDocument (
  { id, text }: Pick<Document, 'id' | 'text'>, append: Tokenizer['append'], { bosId, eosId }: Boundaries, ids: IdBuffer
): void {
  if (bosId !== -1) ids.push(bosId)
  try {
    append(text, ids)
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_DOCUMENT') throw cause
    throw new SluiceError('ERR_DOCUMENT', `document ${id}: ${messageOf(cause)}`, { cause })
  }
  ids.push(eosId)
}

/**
 * Encodes the text of each document into token ids and appends the EOS id. Drops nothing.
 *
 * @throws SluiceError `ERR_OPTION` without a tokenizer; the stream fails with `ERR_TOKENIZER` when it can't be loaded
 *   or has no EOS token
 */
export function encode ({ tokenizer, ...options }: EncodeOptions): Stage<Document, Tokens> {
  const [own, shared] = stageOptions('encode', encodeOptions, options)
  return new Stage(encodeWork(own, tokenizer), shared)
}

/**
 * The work of `encode`, without the stream.
 *
 * @param options checked options
 * @throws SluiceError `ERR_OPTION` without a tokenizer
 */
export function encodeWork (
  options: z.output<typeof encodeOptions>, tokenizer?: EncodeOptions['tokenizer']
): Work<Document, Tokens> {
  const { tokenizerPath } = options
  if (tokenizer === undefined && tokenizerPath === undefined) {
    throw new SluiceError('ERR_OPTION', `encode.tokenizerPath: expected ${TOKENIZER_FILES}, it is missing`)
  }
  const ids = new IdBuffer()
  let append: Tokenizer['append']
  let boundaries: Boundaries
  return {
    name: 'encode',
    async open () {
      const loaded = tokenizer ?? await loadTokenizer(tokenizerPath!, tokenizerOptionsOf(options))
      append = loaded.append
      boundaries = boundariesOf(loaded, options)
    },
    take ({ id, text, meta }, push) {
      ids.clear()
      appendDocument({ id, text }, append, boundaries, ids)
      push({ id, ids: ids.copy(), meta })
      return undefined
    }
  }
}
