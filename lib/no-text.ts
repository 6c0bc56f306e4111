import { SluiceError } from './errors.ts'
import { parseJson } from './json.ts'
import { shownNames } from './max-bad.ts'
import type { StageStats } from './stage.ts'

/** A dataset may have billions of records: if none of so many has a text, no more are read. */
const READ_AT_MOST = 10_000

/** Names of fields in a message are no more than these. */
const MOST_FIELDS = 40

/**
 * Refuses a source all of whose records lack a text: it was asked for the wrong field, and is no empty corpus.
 *
 * @param names of the files
 * @param textIn where the text was looked for, in words
 * @param first record without a text, as it lies in its file: its fields are named where it is JSON
 * @param ended whether all was read; else it is refused only once much was
 * @throws SluiceError `ERR_SOURCE`
 */
export function refuseNoText ({ in: read, dropped }: StageStats, { names, textIn, first, ended }: { readonly names: readonly string[], readonly textIn: string, readonly first: Buffer, readonly ended: boolean }): void {
  if (read === 0 || dropped.no_text !== read || (!ended && read < READ_AT_MOST)) return
  const record = parseJson(first.toString())
  const fields = typeof record === 'object' && record !== null ? Object.keys(record).map(field => JSON.stringify(field.slice(0, 40))) : []
  const there = fields.length === 0 ? '' : `; the first one has ${fields.slice(0, MOST_FIELDS).join(', ')}${fields.length > MOST_FIELDS ? ` and ${fields.length - MOST_FIELDS} more` : ''}`
  throw new SluiceError('ERR_SOURCE', `${shownNames(names)}: none of ${ended ? '' : 'the first '}${read} ${read === 1 ? 'record' : 'records'} has a text in ${textIn}${there}; name the field that has it (--text-column, text_column)`)
}
