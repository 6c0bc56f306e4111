import { WORD_SHAPES } from './sentencepiece-layout.ts'

/** Where text can be cut without a change of its ids. */
export interface WordCut {
  /** One of `WORD_SHAPES`. */
  readonly shape: number
  /** What separates words besides spaces; a space where nothing else does. */
  readonly separators: readonly [string, string]
}

/** The first that fits is taken: more separators make shorter words, which are met again more often. */
const SEPARATORS = [['\n', '\t'], ['\n', ' '], ['\t', ' '], [' ', ' ']] as const

/** How to cut text into words that no piece goes over. @param pieces all that text is made of, with spaces unescaped */
export function wordCut (pieces: readonly string[]): WordCut {
  for (const separators of SEPARATORS) {
    const set = `[ ${separators.join('')}]`
    const after = new RegExp(`[^ ${separators.join('')}]${set}`)
    if (!pieces.some(piece => after.test(piece))) return { shape: WORD_SHAPES.spacesFirst, separators }
    const before = new RegExp(`${set}[^ ${separators.join('')}]`)
    if (!pieces.some(piece => before.test(piece))) return { shape: WORD_SHAPES.spacesLast, separators }
  }
  return { shape: WORD_SHAPES.none, separators: [' ', ' '] }
}
