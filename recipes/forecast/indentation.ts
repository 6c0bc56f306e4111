import type { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import type { Tokenizer } from '../../lib/tokenizer/tokenizer.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { type tokenizerSchema, USE } from '../manifest/schema.ts'
import { number } from '../../lib/text/numbers.ts'
import { type SampleOptions, firstTexts } from './sample.ts'

/** Whether a text still has the same lines, with the same indentation, after it is encoded and decoded. */
export type KeepsLines = (text: string) => boolean

/** UTF-16 units at the start of a text that are examined. */
const EXAMINED = 16 * 1024

/** A text counts as indented if at least this share of its lines is, not counting blank lines. */
const INDENTED_LINES = 0.1

/** A component gets a warning if at least this share of its documents is indented. */
const INDENTED_DOCUMENTS = 0.1

/** Filters that may join lines or change their indentation, so that the texts before them are no evidence. */
const CHANGES_TEXT: ReadonlySet<string> = new Set(['normalize', USE])

/** Whether a text has indented lines, as code does. */
export function isIndented (text: string): boolean {
  const lines = text.slice(0, EXAMINED).split('\n').filter(line => line.trim() !== '')
  const indented = lines.filter(line => /^(?:\t| {2})/.test(line))
  return lines.length > 1 && indented.length >= INDENTED_LINES * lines.length
}

/** Whether a tokenizer keeps lines. */
export function keepsLinesWith ({ encode, decode }: Pick<Tokenizer, 'encode' | 'decode'>): KeepsLines {
  return text => {
    const examined = text.slice(0, EXAMINED).toWellFormed()
    return indentationOf(decode(encode(examined))) === indentationOf(examined)
  }
}

/** Whether a tokenizer that is trained with these settings will keep lines. */
export function keepsLinesTrainedWith (settings: z.output<typeof tokenizerSchema>): KeepsLines {
  const { normalizationRuleName, removeExtraWhitespaces, byteFallback, userDefinedSymbols } = settings
  const joinsLines = normalizationRuleName.startsWith('nmt_')
  const knowsLineBreaks = byteFallback || userDefinedSymbols.includes('\n')
  return () => !joinsLines && !removeExtraWhitespaces && knowsLineBreaks
}

/** The white space at the start of each line. */
function indentationOf (text: string): string {
  return text.split('\n').map(line => /^[ \t]*/.exec(line)![0]).join('\n')
}

/**
 * A warning that the tokenizer loses lines or indentation; undefined if it doesn't, or if few documents are indented.
 *
 * @param texts of a sample of documents, after the filters
 */
export function lostLinesWarning (texts: readonly string[], keepsLines: KeepsLines): string | undefined {
  const indented = texts.filter(isIndented)
  const areMany = indented.length > 0 && indented.length >= INDENTED_DOCUMENTS * texts.length
  if (!areMany || indented.every(keepsLines)) return undefined
  const count = `${number(indented.length)} of ${number(texts.length)}`
  return `${count} documents have indented lines, as code does, and the tokenizer loses line breaks or indentation; ` +
    'train it with normalization_rule_name: identity, remove_extra_whitespaces: false and byte_fallback: true, ' +
    'or use one that was trained with these settings'
}

/**
 * Warns of components whose documents are indented. It examines the beginning of the first file of each. Inputs that
 * can be read only once are skipped, and so are those that can't be read: the run reports them.
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
