import { BpePieces } from './bpe-pieces.ts'
import { mergedSymbols } from './bpe-search.ts'
import { byteOfPiece } from './byte-pieces.ts'
import type { IdBuffer } from './id-buffer.ts'
import type { SentencePieceVersion } from './lexicon.ts'
import type { SentencePieceModel } from './model.ts'
import { Normalizer } from './normalizer.ts'

const utf8 = new TextEncoder()

/**
 * Encodes texts by a BPE model to the same ids as SentencePiece, in plain JavaScript. lib/bpe has a kernel that is
 * faster; this is for models that the kernel can't take, and what the kernel is tested against.
 */
export class BpeEncoder {
  readonly #normalizer: Normalizer
  readonly #pieces: BpePieces
  readonly #unkId: number
  readonly #byteIds: readonly number[] | undefined

  /** @throws Error for a model whose normalization is damaged */
  constructor (model: SentencePieceModel, version: SentencePieceVersion) {
    this.#normalizer = bpeNormalizer(model)
    this.#pieces = new BpePieces(model, version)
    this.#unkId = model.unkId
    this.#byteIds = idsOfBytes(model)
  }

  /** Appends the ids of a text, in which a lone surrogate counts as U+FFFD. */
  append (text: string, ids: IdBuffer): void {
    let isRun = false // of unknown characters, which are one id where there are no pieces of bytes
    for (const symbol of mergedSymbols(this.#normalizer.normalize(text), this.#pieces)) {
      const id = this.#pieces.idOf(symbol)
      const isUnknown = id === this.#unkId
      if (isUnknown && this.#byteIds !== undefined) {
        for (const byte of utf8.encode(symbol)) ids.push(this.#byteIds[byte]!)
      } else if (!isUnknown || !isRun) ids.push(id)
      isRun = isUnknown
    }
  }
}

/** How a BPE model normalizes texts. @throws Error for a damaged table */
export function bpeNormalizer ({ pieces, normalizer, trainer }: SentencePieceModel): Normalizer {
  const symbols = pieces.filter(({ type }) => type === 'user_defined').map(({ piece }) => piece)
  return new Normalizer(normalizer, symbols, trainer.treatWhitespaceAsSuffix)
}

/** The ids of the pieces of bytes; undefined for a model without them. */
export function idsOfBytes ({ pieces, trainer }: SentencePieceModel): readonly number[] | undefined {
  if (!trainer.byteFallback) return undefined
  const ids = new Array<number>(256).fill(-1)
  for (const [id, { piece, type }] of pieces.entries()) if (type === 'byte') ids[byteOfPiece(piece)!] = id
  return ids
}
