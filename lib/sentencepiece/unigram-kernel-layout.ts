/** The fields of `Settings` in lib/kernels/unigram/settings.ts, in their order. */
export const SETTINGS = [
  'nodesAt', 'nodeIdsAt', 'nodeScoresAt', 'scoresAt', 'gainAt', 'longest', 'unkId', 'byteIdsAt', 'charsmapAt',
  'replacementsAt', 'symbolsAt', 'flagsAt', 'masksAt', 'escapesSpaces', 'dropsSpaces', 'addsSpace', 'spaceIsSuffix',
  'shortAt', 'shortBits', 'longAt', 'longBits', 'spillAt', 'spillEnd', 'outAt', 'outRoom', 'normalizedAt',
  'normalizedRoom', 'placesAt', 'replacedAt'
] as const

export type Setting = typeof SETTINGS[number]
export type Settings = Readonly<Record<Setting, number>>

/** What lib/kernels/unigram exports. */
export interface Exports {
  readonly setup: (settings: number) => void
  readonly clear: () => void
  readonly listKeys: (textsAt: number, count: number, takenAt: number, escapes: boolean, entriesAt: number) => number
  readonly sortKeys: (from: number, to: number, depth: number) => void
  readonly countNodes: (entriesAt: number, count: number) => number
  readonly buildTrie: (
    entriesAt: number, count: number, units: number, unitsTo: number, workAt: number, labelsAt: number
  ) => number
  readonly fillNodes: (unitsAt: number, idsAt: number, count: number, scoresAt: number, nodesAt: number) => void
  readonly fillScores: (unitsAt: number, idsAt: number, count: number, scoresAt: number, nodeScoresAt: number) => void
  readonly measureKeys: (entriesAt: number, count: number, scoresAt: number, to: number) => number
  readonly isUsable: (trie: number, size: number, replacementsAt: number, length: number, workAt: number) => number
  readonly describeCharacters: (symbolsText: number, symbolsEnd: number, units: number, workAt: number) => void
  readonly separatesSpaces: () => number
  readonly beginText: () => void
  readonly encode: (isWide: boolean, at: number, end: number) => number
  readonly stopped: () => number
  readonly whyStopped: () => number
  readonly wordLength: () => number
  readonly encodeLong: (isWide: boolean) => number
  readonly encodeText: (isWide: boolean, at: number, end: number) => number
}

/** What functions return where there is no room for a normalized text: the kernel's NO_ROOM, as an i32. */
export const NO_ROOM = -1

// Why `encode` stopped, as in lib/kernels/unigram/words.ts.
export const DONE = 0
export const TOO_LONG = 1
export const MARKED = 2

/** Bytes that the kernel reads and writes after texts. */
export const TEXT_SLACK = 64

/** Of a normalized text: bytes of a place for each of its bytes, and bytes that may be written after it. */
export const PLACE_BYTES = 16
export const NORMALIZED_SLACK = 16

/** The table of characters that were rewritten. */
export const REPLACED_BYTES = 2 ** 11

/** Work memory to build a trie: for each unit and for each key, and for labels. */
export const UNIT_WORK = 10
export const KEY_WORK = 16
export const LABEL_WORK = 5 * 257

/** Work memory to check a charsmap: for each unit, and some more. */
export const CHARSMAP_WORK = 20

export const FLAGS_BYTES = 2 ** 16
export const MASKS_BYTES = 17 * 16 + 4 * 16

/** Units of a trie come in blocks of so many, and a trie has at most so many. */
export const BLOCK = 256
export const MOST_UNITS = 2 ** 22

/** Ids of the table of words have 24 bits. */
export const MOST_PIECES = 2 ** 24
