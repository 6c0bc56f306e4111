import { MissingFieldError } from '../errors.ts'
import { parseJson } from '../json/json.ts'
import type { StageStats } from '../stage/stage.ts'
import { shownNames } from '../text/shown.ts'

/** A dataset may have billions of records: if none of so many has a text, no more are read. */
const READ_AT_MOST = 10_000

/** Names of fields in a message are no more than these. */
const MOST_FIELDS = 40
const MOST_CHARACTERS = 40

/**
 * Refuses a source all of whose records lack a text: it was asked for the wrong field, and is no empty corpus.
 *
 * @param names of the files
 * @param textIn where the text was looked for, in words
 * @param first record without a text, as it lies in its file: its fields are named where it is JSON
 * @param columns of a table, of which the record may have only some
 * @param ended whether all was read; else it is refused only once much was
 * @throws MissingFieldError
 */
export function refuseNoText ({ in: read, dropped }: StageStats, { names, textIn, first, columns, ended }: { readonly names: readonly string[], readonly textIn: string, readonly first: Buffer, readonly columns?: readonly string[] | undefined, readonly ended: boolean }): void {
  if (read === 0 || dropped.no_text !== read || (!ended && read < READ_AT_MOST)) return
  const record = columns === undefined ? parseJson(first.toString()) : undefined
  const fields = columns ?? fieldsOf(record)
  const shown = fields.slice(0, MOST_FIELDS).map(field => JSON.stringify(field.slice(0, MOST_CHARACTERS))).join(', ')
  const there = fields.length === 0 ? '' : `; the ${columns === undefined ? 'first one' : 'file'} has ${shown}${fields.length > MOST_FIELDS ? ` and ${fields.length - MOST_FIELDS} more` : ''}`
  throw new MissingFieldError(`${shownNames(names)}: none of ${ended ? '' : 'the first '}${read} ${read === 1 ? 'record' : 'records'} has a text in ${textIn}${there}; ${(read > names.length ? [] : recordsIn(record)).map(field => `if the records are in ${field}, read those: --field ${field} (field: ${field}); else `).join('')}name the field that has it (--text-column, text_column)`, fields)
}

/**
 * The fields of a record; of those with fields in them also the ways to the texts there, as a text column names them.
 */
function fieldsOf (record: unknown): string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return []
  return Object.entries(record).flatMap(([name, value]) => [name, ...hasSigns(name) ? [] : textsIn(name, value)])
}

/** A name that a text column can't have as one of several: it would be read as other names. */
function hasSigns (name: string): boolean {
  return name.includes('.') || name.endsWith('[]')
}

/**
 * The field of a record that may be a whole file with records in one of its fields: the first with a list of objects or
 * texts.
 */
function recordsIn (record: unknown): string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return []
  const found = Object.entries(record).find(([, value]) => Array.isArray(value) && (typeof value[0] === 'string' || (typeof value[0] === 'object' && value[0] !== null && !Array.isArray(value[0]))))
  return found === undefined ? [] : [JSON.stringify(found[0].slice(0, MOST_CHARACTERS)).replace(/^"([\w.-]+)"$/, '$1')]
}

/** How deep it is looked for texts. */
const MOST_LEVELS = 4

function textsIn (way: string, value: unknown, level = 0): string[] {
  if (level === MOST_LEVELS || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return textsIn(`${way}[]`, value[0], level + 1)
  const fields = Object.entries(value).slice(0, MOST_FIELDS).filter(([name]) => !hasSigns(name))
  return fields.flatMap(([name, inner]) => {
    const there = `${way}.${name}`
    return typeof inner === 'string' ? [there] : textsIn(there, inner, level + 1)
  })
}
