import { type Exports, SETTINGS, type Setting } from './kernel-layout.ts'

/** The fields of `SentencePieceSettings` in lib/kernels/sentencepiece-bpe/settings.ts, in their order. */
export const SENTENCEPIECE_SETTINGS = [
  ...SETTINGS, 'charBlockOfAt', 'charBlocksAt', 'idsAt', 'listsAt', 'neighboursAt', 'symbolUnitsAt', 'symbolIdsAt',
  'unkId', 'byteFallbackAt', 'isEscaped', 'wordShape', 'separator1', 'separator2'
] as const

export type SentencePieceSetting = Setting | typeof SENTENCEPIECE_SETTINGS[number]

/** Says that what a token is encoded to is in the lists, where the other bits say. */
export const LIST = 0x8000_0000

/** How a text is cut into words, as the kernel has it. */
export const WORD_SHAPES = { spacesFirst: 0, spacesLast: 1, none: 2 } as const

/** Bytes of the filters for pairs of tokens, and for neighbouring characters. */
export const FILTER_BYTES = 2 ** 17

/** What lib/kernels/sentencepiece-bpe exports. */
export interface SentencePieceExports extends Exports {
  readonly addNeighbours: () => void
}
