/** The fields of `Settings` in lib/kernels/bpe/settings.ts, in their order. */
export const SETTINGS = [
  'blockOfAt', 'blocksAt', 'masksAt', 'byteIdsAt', 'bytePairsAt', 'pairsAt', 'pairBits', 'filterAt', 'mergedAt',
  'tiesAt', 'tokensAt', 'startsAt', 'tokenCount', 'tokenSlotsAt', 'tokenBits', 'wholeWords', 'shortAt', 'shortBits',
  'longAt', 'longBits', 'spillAt', 'spillEnd', 'outAt', 'outRoom', 'workAt'
] as const

export type Setting = typeof SETTINGS[number]
export type Settings = Readonly<Record<Setting, number>>

/** The numbers of what text is cut by, as `encode` of lib/kernels/bpe/index.ts takes them. */
export const SCANNERS = {
  gpt2: 0,
  r50k: 1,
  llama3: 2,
  cl100k: 3,
  qwen2: 4,
  o200k: 5,
  tekken: 6,
  deepseek: 7,
  digits: 8,
  numbers: 9,
  qwen35: 10,
  falcon: 11
} as const

export type Scanner = keyof typeof SCANNERS

/** What lib/kernels/bpe exports. */
export interface Exports {
  readonly setup: (settings: number) => void
  readonly clear: () => void
  readonly indexTokens: () => number
  readonly countSplits: () => number
  readonly addSplits: () => number
  readonly addMerges: (at: number, count: number) => number
  readonly listPairs: (at: number) => number
  readonly listPairsByBytes: (at: number) => number
  readonly keepPairs: (at: number, count: number) => number
  readonly beginText: () => void
  readonly encode: (scanner: number, at: number, end: number) => number
  readonly stopped: () => number
  readonly longWordLength: () => number
  readonly encodeLong: (at: number, length: number) => number
}

/** Bytes that the kernel reads and writes after a text. */
export const TEXT_SLACK = 64

/** Work memory for a word of up to 64 bytes; for longer ones so much for each byte, and the slack. */
export const SHORT_WORK = 2048
export const LONG_WORK = 32
export const WORK_SLACK = 64

/** Work memory for a token of up to 1024 bytes. */
export const TOKEN_WORK = LONG_WORK * 1024 + WORK_SLACK

/** As the kernel has it: ids are below the first, ranks of merges below the second. */
export const MOST_IDS = 2 ** 21 - 1
export const MOST_RANKS = 2 ** 22 - 1

/** What `listPairs` and `listPairsByBytes` write for a pair, and return where there is no list. */
export const PAIR_BYTES = 12
export const NONE = -1
