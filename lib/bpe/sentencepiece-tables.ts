import { Arena, type SharedMemory } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'
import { idsOfBytes } from '../sentencepiece/bpe-encoder.ts'
import { buildDoubleArray } from '../sentencepiece/double-array.ts'
import type { SentencePieceVersion } from '../sentencepiece/lexicon.ts'
import type { SentencePieceModel } from '../sentencepiece/model.ts'
import { byteString } from '../sentencepiece/utf8.ts'
import { type Exports, MOST_RANKS, SHORT_WORK } from './kernel-layout.ts'
import { type BpeTables, bitsFor, bytesOf, copied, masks } from './kernel-tables.ts'
import { MOST_IDS } from './pair-ranks.ts'
import { characterTable } from './sentencepiece-characters.ts'
import {
  FILTER_BYTES, LIST, SENTENCEPIECE_SETTINGS, type SentencePieceExports, type SentencePieceSetting
} from './sentencepiece-layout.ts'
import { type MergeTokens, isInTexts, mergeTokens } from './sentencepiece-tokens.ts'
import { wordCut } from './sentencepiece-words.ts'
import { Vocabulary } from './vocabulary.ts'

/**
 * Builds the kernel's tables for a SentencePiece BPE model.
 *
 * @returns undefined if the kernel can't take the model, or if there is no WebAssembly or too little memory;
 *   `BpeEncoder` returns the same ids
 */
export function sentencePieceTables (model: SentencePieceModel, version: SentencePieceVersion): BpeTables | undefined {
  const merge = mergeTokens(model, version)
  if (merge === undefined) return undefined
  const { escapeWhitespaces } = model.normalizer
  const tokens = merge.tokens.map(token => inTexts(token, model))
  return characterTables({
    ...merge, tokens, byteIds: idsOfBytes(model), unkId: model.unkId, escapeWhitespaces, symbols: symbolsOf(model)
  })
}

/** What a BPE model of characters merges, as the kernel has it. */
export interface CharacterMerges extends Pick<MergeTokens, 'ids' | 'ties'> {
  /** As they are in normalized text, in which a space may stand for U+2581. */
  readonly tokens: readonly string[]
  /**
   * The merges in their order, three places in `tokens` each: left, right and what they make; undefined if two tokens
   * merge whenever their concatenation is a token, the first one first.
   */
  readonly merges?: Int32Array | undefined
  /** The ids of the 256 bytes; undefined if unknown characters are `unkId`. */
  readonly byteIds: ArrayLike<number> | undefined
  readonly unkId: number
  readonly escapeWhitespaces: boolean
  /** The ids of user-defined pieces by their texts. */
  readonly symbols: ReadonlyMap<string, number>
}

/**
 * Builds the kernel's tables.
 *
 * @returns undefined if the kernel can't take the model, or if there is no WebAssembly or too little memory
 */
export function characterTables (model: CharacterMerges): BpeTables | undefined {
  const most = Math.max(model.tokens.length, (model.merges?.length ?? 0) / 3)
  if (model.tokens.length > MOST_IDS || most > MOST_RANKS) return undefined
  try {
    return build(model)
  } catch {
    return undefined
  }
}

/** Tables that are being built, by what they are in the kernel's settings. */
class Tables {
  readonly #arena: Arena
  readonly #fields = new Map<SentencePieceSetting, number>()
  readonly #at: number

  constructor (bytes: number) {
    this.#arena = new Arena(bytes)
    this.#at = this.#arena.take(4 * SENTENCEPIECE_SETTINGS.length)
  }

  get memory (): SharedMemory {
    return this.#arena.memory
  }

  set (name: SentencePieceSetting, value: number): void {
    this.#fields.set(name, value)
  }

  take (name: SentencePieceSetting, bytes: number): void {
    this.set(name, this.#arena.take(bytes))
  }

  copy (name: SentencePieceSetting, numbers: ArrayBufferView): void {
    this.set(name, this.copied(numbers))
  }

  /** @returns where the copy is */
  copied (numbers: ArrayBufferView): number {
    return copied(this.#arena, bytesOf(numbers))
  }

  settings (): number[] {
    return SENTENCEPIECE_SETTINGS.map(name => this.#fields.get(name) ?? 0)
  }

  /** Gives the kernel what is there so far. */
  setUp (kernel: Exports): void {
    new Uint32Array(this.memory.buffer, this.#at, SENTENCEPIECE_SETTINGS.length).set(this.settings())
    kernel.setup(this.#at)
  }
}

function build (model: CharacterMerges): BpeTables | undefined {
  const { merges, symbols, tokens: texts } = model
  const vocabulary = Vocabulary.of(texts.map(byteString))
  const tables = new Tables(16 * vocabulary.bytes.length)
  const { memory } = tables
  if (memory.grow === undefined) return undefined
  const kernel = instantiate(KERNEL, memory) as SentencePieceExports
  takeRoom(tables, texts.length, (merges?.length ?? 0) / 3)
  copyTokens(tables, vocabulary, model)
  copyCharacters(tables, texts)
  copyModel(tables, model)
  if (symbols.size > 0) copySymbols(tables, symbols)
  const { shape, separators: [first, second] } = wordCut([...texts, ...symbols.keys()])
  tables.set('wordShape', shape)
  tables.set('separator1', first.charCodeAt(0))
  tables.set('separator2', second.charCodeAt(0))
  if (!addPairs(tables, kernel, merges)) return undefined
  const settings = tables.settings()
  return { kernel: KERNEL, memory: memory as Required<SharedMemory>, settings, scanner: 0, addsSpace: false }
}

function takeRoom (tables: Tables, tokens: number, merges: number): void {
  tables.take('workAt', SHORT_WORK)
  tables.take('byteIdsAt', 4 * 256)
  tables.take('bytePairsAt', 4 * 65_536)
  tables.take('filterAt', FILTER_BYTES)
  tables.take('neighboursAt', FILTER_BYTES)
  tables.take('mergedAt', 4 * Math.max(tokens, merges))
  tables.take('tokenSlotsAt', 4 * 2 ** bitsFor(tokens))
  tables.copy('masksAt', masks())
}

function copyTokens (tables: Tables, { bytes, starts, size }: Vocabulary, { ids, ties }: CharacterMerges): void {
  tables.copy('tokensAt', bytes)
  tables.copy('startsAt', starts)
  tables.set('tokenCount', size)
  tables.set('tokenBits', bitsFor(size))
  if (ties !== undefined) tables.copy('tiesAt', ties)
  const { firsts, lists } = flattened(ids)
  tables.copy('idsAt', firsts)
  tables.copy('listsAt', lists)
}

function copyCharacters (tables: Tables, texts: readonly string[]): void {
  const { blockOf, blocks } = characterTable(texts)
  tables.copy('charBlockOfAt', blockOf)
  tables.copy('charBlocksAt', blocks)
}

function copyModel (tables: Tables, { byteIds, escapeWhitespaces, unkId }: CharacterMerges): void {
  if (byteIds !== undefined) tables.copy('byteFallbackAt', Uint32Array.from(byteIds))
  tables.set('unkId', unkId)
  tables.set('isEscaped', Number(escapeWhitespaces))
}

function copySymbols (tables: Tables, symbols: ReadonlyMap<string, number>): void {
  const trie = buildDoubleArray(new Map([...symbols].map(([symbol, id]) => [byteString(symbol), id])))
  tables.copy('symbolUnitsAt', trie.units)
  tables.copy('symbolIdsAt', trie.values)
}

/** Makes the pairs of all tokens that merge. @returns false where there is no room */
function addPairs (tables: Tables, kernel: SentencePieceExports, merges: Int32Array | undefined): boolean {
  tables.setUp(kernel)
  if (kernel.indexTokens() === 0) return false
  const count = merges === undefined ? kernel.countSplits() : merges.length / 3
  const bits = bitsFor(count)
  tables.set('pairBits', bits)
  tables.take('pairsAt', 8 * 2 ** bits)
  tables.setUp(kernel)
  const isDone = merges === undefined ? kernel.addSplits() : kernel.addMerges(tables.copied(merges), count)
  if (isDone === 0) return false
  kernel.addNeighbours()
  tables.set('workAt', 0) // each thread has its own
  return true
}

/** A piece as it is in normalized text, in which a space may stand for U+2581. */
function inTexts (piece: string, { normalizer }: SentencePieceModel): string {
  return normalizer.escapeWhitespaces ? piece.replaceAll('\u2581', ' ') : piece
}

/** The ids of user-defined pieces by their texts. */
function symbolsOf (model: SentencePieceModel): Map<string, number> {
  const symbols = new Map<string, number>()
  for (const [id, piece] of model.pieces.entries()) {
    if (piece.type === 'user_defined' && isInTexts(piece.piece, model)) symbols.set(inTexts(piece.piece, model), id)
  }
  return symbols
}

const KERNEL = 'sentencepiece-bpe'

/** What tokens are encoded to, as the kernel has it: an id for each, or a place among lists of ids. */
function flattened (ids: MergeTokens['ids']): { readonly firsts: Uint32Array, readonly lists: Uint32Array } {
  const lists: number[] = []
  const firsts = Uint32Array.from(ids, own => {
    if (typeof own === 'number') return own
    const place = lists.length
    lists.push(own.length, ...own)
    return LIST + place
  })
  return { firsts, lists: Uint32Array.from(lists) }
}
