import type { SentencePieceVersion } from './lexicon.ts'
import type { Piece, SentencePieceModel } from './model.ts'

/** The pieces of a BPE model by their text, as they are in normalized text. */
export class BpePieces {
  readonly #model: SentencePieceModel
  readonly #version: SentencePieceVersion
  /** The pieces that symbols can be merged to. */
  readonly #mergeable = new Map<string, number>()
  /** All others, which a single character may have as its name. */
  readonly #reserved = new Map<string, number>()
  readonly #symbols = new Set<string>()
  readonly #symbolLengths: readonly number[]

  constructor (model: SentencePieceModel, version: SentencePieceVersion) {
    this.#model = model
    this.#version = version
    for (const [id, { piece, type }] of model.pieces.entries()) {
      const ids = isMergeable(type) ? this.#mergeable : this.#reserved
      ids.set(piece, id)
      if (type === 'user_defined') this.#symbols.add(piece)
    }
    this.#symbolLengths = [...new Set(Array.from(this.#symbols, symbol => symbol.length))].sort((a, b) => b - a)
  }

  /** The piece of a text that symbols can be merged to; undefined if there is none. */
  mergeable (text: string): Piece | undefined {
    const id = this.#mergeable.get(text)
    return id === undefined ? undefined : this.#model.pieces[id]
  }

  /** The id of a symbol; that of the unknown piece if no piece is like it. */
  idOf (symbol: string): number {
    const { pieces, unkId } = this.#model
    const id = this.#reserved.get(symbol) ?? this.#mergeable.get(symbol) ?? unkId
    return hasId(pieces[id]!, this.#version) ? id : unkId
  }

  /** The longest user-defined piece at a place of a text; undefined if there is none. */
  symbolAt (text: string, at: number): string | undefined {
    for (const length of this.#symbolLengths) {
      const candidate = text.slice(at, at + length)
      if (this.#symbols.has(candidate)) return candidate
    }
    return undefined
  }
}

/** Whether pieces of a type can be made of symbols: all but those with a special meaning. */
function isMergeable (type: Piece['type']): boolean {
  return type === 'normal' || type === 'user_defined' || type === 'unused'
}

/**
 * Whether a symbol like a piece has the piece's id, not that of the unknown piece. The symbol is a single character if
 * the piece is unused.
 */
export function hasId ({ type }: Piece, version: SentencePieceVersion): boolean {
  return type !== 'unused' || version === '0.1.97'
}
