import { z } from 'zod'
import { codePoints } from '../lib/text/characters.ts'
import type { Document } from '../lib/document.ts'
import { count } from '../lib/options.ts'
import { Stage, type StageOptions, type Work, stageOptions } from '../lib/stage/stage.ts'

export { codePoints }

interface Bounds {
  readonly minChars: number
  readonly maxChars: number
}

/** The rule for both bounds, and its message. */
export const lengthRule = [
  ({ minChars, maxChars }: Bounds): boolean => minChars <= maxChars, 'expected `minChars` to be at most `maxChars`'
] as const

export const lengthOptions = z.strictObject({
  minChars: count.default(200).describe('minimum length of a text in Unicode code points, inclusive'),
  maxChars: count.default(10_000).describe('maximum length of a text in Unicode code points, inclusive')
}).refine(...lengthRule).describe('keeps documents whose length is within bounds')

/** Options of `length`. */
export type LengthOptions = z.input<typeof lengthOptions> & StageOptions<Document>

/**
 * Keeps documents whose text has at least `minChars` and at most `maxChars` code points; drops `too_short` and
 * `too_long`.
 */
export function length (options: LengthOptions = {}): Stage<Document, Document> {
  const [own, shared] = stageOptions('length', lengthOptions, options)
  return new Stage(lengthWork(own), shared)
}

/** The work of `length`, without the stream. @param options checked options */
export function lengthWork ({ minChars, maxChars }: z.output<typeof lengthOptions>): Work<Document, Document> {
  return {
    name: 'length',
    take (document, push) {
      const { text } = document
      // A code point is one or two UTF-16 units, so code points are counted only near a bound.
      if (text.length < minChars) return 'too_short'
      if (text.length > 2 * maxChars) return 'too_long'
      if (text.length < 2 * minChars || text.length > maxChars) {
        const chars = codePoints(text)
        if (chars < minChars) return 'too_short'
        if (chars > maxChars) return 'too_long'
      }
      push(document)
      return undefined
    }
  }
}
