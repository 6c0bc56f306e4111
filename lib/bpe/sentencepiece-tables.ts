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
 * @returns undefined if the kernel can't take the model, or if there is no WebAssembly or too little memory; `BpeEncoder`
 *   returns the same ids
 */
export function sentencePieceTables (model: SentencePieceModel, version: SentencePieceVersion): BpeTables | undefined {
  const merge = mergeTokens(model, version)
  if (merge === undefined || merge.tokens.length > Math.min(MOST_IDS, MOST_RANKS)) return undefined
  try {
    return build(model, merge)
  } catch {
    return undefined
  }
}

type Fields = Map<SentencePieceSetting, number>

function build (model: SentencePieceModel, { tokens, ids, ties }: MergeTokens): BpeTables | undefined {
  const inTexts = (piece: string): string => model.normalizer.escapeWhitespaces ? piece.replaceAll('\u2581', ' ') : piece
  const texts = tokens.map(inTexts)
  const vocabulary = Vocabulary.of(texts.map(byteString))
  const arena = new Arena(vocabulary.bytes.length * 16)
  const { memory } = arena
  if (memory.grow === undefined) return undefined
  const fields: Fields = new Map()
  const at = arena.take(4 * SENTENCEPIECE_SETTINGS.length)
  const kernel = instantiate(KERNEL, memory) as Exports & SentencePieceExports
  const setUp = (): void => {
    new Uint32Array(memory.buffer, at, SENTENCEPIECE_SETTINGS.length).set(settingsIn(fields))
    kernel.setup(at)
  }
  const take = (name: SentencePieceSetting, bytes: number): void => { fields.set(name, arena.take(bytes)) }
  const copy = (name: SentencePieceSetting, numbers: Int32Array | Uint32Array | Uint16Array | Uint8Array): void => {
    fields.set(name, copied(arena, bytesOf(numbers)))
  }
  take('workAt', SHORT_WORK)
  take('byteIdsAt', 4 * 256)
  take('bytePairsAt', 4 * 65_536)
  take('filterAt', FILTER_BYTES)
  take('neighboursAt', FILTER_BYTES)
  take('mergedAt', 4 * tokens.length)
  take('tokenSlotsAt', 4 * 2 ** bitsFor(tokens.length))
  copy('masksAt', masks())
  copy('tokensAt', vocabulary.bytes)
  copy('startsAt', vocabulary.starts)
  if (ties !== undefined) copy('tiesAt', ties)
  const { blockOf, blocks } = characterTable(texts)
  copy('charBlockOfAt', blockOf)
  copy('charBlocksAt', blocks)
  const { firsts, lists } = flattened(ids)
  copy('idsAt', firsts)
  copy('listsAt', lists)
  const byteIds = idsOfBytes(model)
  if (byteIds !== undefined) copy('byteFallbackAt', Uint32Array.from(byteIds))
  const symbols = new Map(model.pieces.flatMap((piece, id) =>
    piece.type === 'user_defined' && isInTexts(piece, model) ? [[inTexts(piece.piece), id] as const] : []))
  if (symbols.size > 0) {
    const trie = buildDoubleArray(new Map([...symbols].map(([symbol, id]) => [byteString(symbol), id])))
    copy('symbolUnitsAt', trie.units)
    copy('symbolIdsAt', trie.values)
  }
  const { shape, separators } = wordCut([...texts, ...symbols.keys()])
  fields.set('wordShape', shape).set('separator1', separators[0].charCodeAt(0)).set('separator2', separators[1].charCodeAt(0))
  fields.set('isEscaped', Number(model.normalizer.escapeWhitespaces)).set('unkId', model.unkId)
  fields.set('tokenCount', tokens.length).set('tokenBits', bitsFor(tokens.length))
  setUp()
  if (kernel.indexTokens() === 0) return undefined
  const pairs = kernel.countSplits()
  fields.set('pairBits', bitsFor(pairs))
  take('pairsAt', 8 * 2 ** bitsFor(pairs))
  setUp()
  if (kernel.addSplits() === 0) return undefined
  kernel.addNeighbours()
  fields.set('workAt', 0) // of a thread
  return { kernel: KERNEL, memory: memory as Required<SharedMemory>, settings: settingsIn(fields), scanner: 0 }
}

const KERNEL = 'sentencepiece-bpe'

function settingsIn (fields: Fields): number[] {
  return SENTENCEPIECE_SETTINGS.map(name => fields.get(name) ?? 0)
}

/** What tokens are encoded to, as the kernel has it: an id for each, or a place among lists of ids. */
function flattened (ids: MergeTokens['ids']): { readonly firsts: Uint32Array, readonly lists: Uint32Array } {
  const lists: number[] = []
  const firsts = Uint32Array.from(ids, own => own.length === 1 ? own[0]! : (lists.push(own.length, ...own) - own.length - 1) + LIST)
  return { firsts, lists: Uint32Array.from(lists) }
}
