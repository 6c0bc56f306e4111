import type { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { type tokenizerSchema, USE } from '../manifest/schema.ts'
import { number } from '../../lib/text/numbers.ts'
import { type SampleOptions, firstTexts } from './sample.ts'

/** Whether the lines of a text, and their indentation, are the same once it is encoded and decoded. */
export type KeepsLines = (text: string) => boolean

/** So much of a text shows how its lines are indented, in UTF-16 units. */
const EXAMINED = 16 * 1024

/** A text is indented where at least this share of its lines is, blank lines not counted. */
const INDENTED_LINES = 0.1

/** A component is worth a warning where at least this share of its documents is indented. */
const INDENTED_DOCUMENTS = 0.1

/** Filters that may join lines, or change their indentation: the texts before them show nothing. */
const CHANGES_TEXT: ReadonlySet<string> = new Set(['normalize', USE])

/** Whether a text has indented lines, as code has. */
export function isIndented (text: string): boolean {
  const lines = text.slice(0, EXAMINED).split('\n').filter(line => line.trim() !== '')
  const indented = lines.filter(line => /^(?:\t| {2})/.test(line))
  return lines.length > 1 && indented.length >= INDENTED_LINES * lines.length
}

/** As a tokenizer does it. */
export function keepsLinesWith ({ encode, decode }: Pick<Tokenizer, 'encode' | 'decode'>): KeepsLines {
  return text => {
    const examined = text.slice(0, EXAMINED).toWellFormed()
    return indentationOf(decode(encode(examined))) === indentationOf(examined)
  }
}

/** As a tokenizer will do it that is trained with these settings. */
export function keepsLinesTrainedWith (settings: z.output<typeof tokenizerSchema>): KeepsLines {
  const { normalizationRuleName, removeExtraWhitespaces, byteFallback, userDefinedSymbols } = settings
  const joinsLines = normalizationRuleName.startsWith('nmt_')
  const knowsLineBreaks = byteFallback || userDefinedSymbols.includes('\n')
  return () => !joinsLines && !removeExtraWhitespaces && knowsLineBreaks
}

/** The white space that each line begins with. */
function indentationOf (text: string): string {
  return text.split('\n').map(line => /^[ \t]*/.exec(line)![0]).join('\n')
}

/**
 * What is lost of indented documents; undefined where nothing is, or few documents are indented.
 *
 * @param texts of some documents, as the filters keep them
 */
export function lostLinesWarning (texts: readonly string[], keepsLines: KeepsLines): string | undefined {
  const indented = texts.filter(isIndented)
  const isWorthIt = indented.length > 0 && indented.length >= INDENTED_DOCUMENTS * texts.length
  if (!isWorthIt || indented.every(keepsLines)) return undefined
  const count = `${number(indented.length)} of ${number(texts.length)}`
  return `${count} documents have indented lines, as code has, and the tokenizer loses line breaks or indentation; ` +
    'train it with normalization_rule_name: identity, remove_extra_whitespaces: false and byte_fallback: true, ' +
    'or use one that was trained so'
}

/**
 * Warns of components whose documents are indented, by the beginning of the first file of each. What can be read only
 * once is left alone, and what can't be read is left to the run to report.
 */
export async function warnOfLostLines (
  components: readonly FoundComponent[], keepsLines: KeepsLines, reading: SampleOptions
): Promise<void> {
  const { tell } = reading
  if (tell === undefined) return
  for (const component of components) {
    if (component.filters.some(({ stage }) => CHANGES_TEXT.has(stage))) continue
    const texts = firstTexts(component, { ...reading, tell: undefined, maxRetries: 0 }).catch(noneWhereUnreadable)
    const warning = lostLinesWarning(await texts, keepsLines)
    if (warning !== undefined) tell(`warning: ${component.name}: ${warning}`)
  }
}

function noneWhereUnreadable (error: unknown): string[] {
  if (error instanceof SluiceError) return []
  throw error
}
