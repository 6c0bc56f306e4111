import type { Arena } from '../kernels/arena.ts'
import { BLOCK, type Exports, KEY_WORK, LABEL_WORK, MOST_UNITS, UNIT_WORK } from './unigram-kernel-layout.ts'

/** Texts that are keys of a trie, in the kernel's memory. */
interface Texts {
  /** Where they are, each ended by a NUL, which none of them has. */
  readonly textsAt: number
  readonly textsEnd: number
  /** Entries of those that are keys, sorted. */
  readonly entriesAt: number
  readonly count: number
}

/** A trie in the kernel's memory. */
export interface Trie extends Texts {
  readonly unitsAt: number
  /** For each unit, the index of the text that ends there. */
  readonly idsAt: number
  readonly units: number
}

/** The least room for units, so that small tries need no second attempt. */
const SPARE_UNITS = 2 ** 13

const utf8 = new TextEncoder()

/**
 * Builds a trie of texts in memory that is dropped afterwards.
 *
 * @param isKey for each text, whether it is a key
 * @param escapes whether U+2581 in a text is a space
 * @returns undefined if it has too many units
 */
export function buildTrie (
  kernel: Exports, arena: Arena, texts: readonly string[], isKey: Uint8Array, escapes: boolean
): Trie | undefined {
  const keys = sortedKeys(kernel, arena, texts, isKey, escapes)
  const { entriesAt, count } = keys
  const labelsAt = arena.take(LABEL_WORK)
  const nodes = kernel.countNodes(entriesAt, count)
  for (let room = inBlocks(1.1 * nodes + SPARE_UNITS); room <= 2 * MOST_UNITS; room *= 2) {
    const unitsAt = arena.take(8 * room)
    const workAt = arena.take(UNIT_WORK * room + KEY_WORK * (count + 1))
    const units = kernel.buildTrie(entriesAt, count, room, unitsAt, workAt, labelsAt)
    if (units > MOST_UNITS) return undefined
    if (units > 0) return { ...keys, unitsAt, idsAt: unitsAt + 4 * room, units }
  }
  return undefined
}

function sortedKeys (
  kernel: Exports, arena: Arena, texts: readonly string[], isKey: Uint8Array, escapes: boolean
): Texts {
  const joined = texts.length === 0 ? '' : `${texts.join('\0')}\0`
  const textsAt = arena.take(3 * joined.length)
  const { written } = utf8.encodeInto(joined, arena.bytes(textsAt, 3 * joined.length))
  const isKeyAt = arena.take(isKey.length)
  arena.bytes(isKeyAt, isKey.length).set(isKey)
  const entriesAt = arena.take(8 * texts.length)
  const count = kernel.listKeys(textsAt, texts.length, isKeyAt, escapes, entriesAt)
  kernel.sortKeys(entriesAt, entriesAt + 8 * count, 0)
  return { textsAt, textsEnd: textsAt + written, entriesAt, count }
}

/** As many units as are needed, in whole blocks. */
export function inBlocks (units: number): number {
  return BLOCK * Math.ceil(units / BLOCK)
}
