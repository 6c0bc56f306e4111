import { MissingFieldError } from '../errors.ts'
import { parseJson } from '../json/json.ts'
import type { StageStats } from '../stage/stage.ts'
import { shownNames } from '../text/shown.ts'

/** If none of this many records has a text, reading stops: a dataset may have billions. */
const READ_AT_MOST = 10_000

/** Limits of the names of fields in a message. */
const MAX_FIELDS = 40
const MAX_CHARACTERS = 40

interface NoTextDetails {
  /** Names of the files. */
  readonly names: readonly string[]
  /** A description of where the text was expected. */
  readonly textIn: string
  /** The first record without a text, as in its file; its fields are listed if it is JSON. */
  readonly first: Buffer
  /** All columns of its table, if it is a row of one. */
  readonly columns?: readonly string[] | undefined
  /** Whether all records were read. */
  readonly ended: boolean
}

/**
 * Refuses a source in which no record has a text: the field is probably wrong. Before the end of the source, it does so
 * only after many records.
 *
 * @throws MissingFieldError with the fields that exist
 */
export function refuseNoText ({ in: read, dropped }: StageStats, details: NoTextDetails): void {
  const { names, textIn, first, columns, ended } = details
  if (read === 0 || dropped.no_text !== read || (!ended && read < READ_AT_MOST)) return
  const record = columns === undefined ? parseJson(first.toString()) : undefined
  const records = `none of ${ended ? '' : 'the first '}${read} ${read === 1 ? 'record' : 'records'}`
  const isWholeFile = read <= names.length
  const advice = (isWholeFile ? recordsIn(record) : [])
    .map(field => `if the records are in ${field}, pass --field ${field} (field: ${field}); else `)
    .join('')
  const fields = columns ?? fieldsOf(record)
  const found = shownFields(fields, columns === undefined ? 'first one' : 'file')
  throw new MissingFieldError(`${shownNames(names)}: ${records} has a text in ${textIn}${found}; ` +
    `${advice}name the field that has it (--text-column, text_column)`, fields)
}

function shownFields (fields: readonly string[], of: string): string {
  if (fields.length === 0) return ''
  const shown = fields.slice(0, MAX_FIELDS).map(field => JSON.stringify(field.slice(0, MAX_CHARACTERS))).join(', ')
  const more = fields.length > MAX_FIELDS ? ` and ${fields.length - MAX_FIELDS} more` : ''
  return `; the ${of} has ${shown}${more}`
}

/** The fields of a record, and the paths to texts within them, in the syntax of a text column. */
function fieldsOf (record: unknown): string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return []
  return Object.entries(record).flatMap(([name, value]) => [name, ...hasSigns(name) ? [] : textsIn(name, value)])
}

/** Whether a name has characters with a meaning in the syntax of a text column. */
function hasSigns (name: string): boolean {
  return name.includes('.') || name.endsWith('[]')
}

/**
 * The field that may have the records, if what was read as a record is a whole file: the first one with a list of
 * objects or texts. Empty if there is none.
 */
function recordsIn (record: unknown): string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return []
  const found = Object.entries(record).find(([, value]) => Array.isArray(value) && isTextOrObject(value[0]))
  if (found === undefined) return []
  return [JSON.stringify(found[0].slice(0, MAX_CHARACTERS)).replace(/^"([\w.-]+)"$/, '$1')]
}

function isTextOrObject (value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value))
}

/** How deep to search for texts. */
const MAX_LEVELS = 4

function textsIn (path: string, value: unknown, level = 0): string[] {
  if (level === MAX_LEVELS || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return textsIn(`${path}[]`, value[0], level + 1)
  const fields = Object.entries(value).slice(0, MAX_FIELDS).filter(([name]) => !hasSigns(name))
  return fields.flatMap(([name, inner]) => {
    const innerPath = `${path}.${name}`
    return typeof inner === 'string' ? [innerPath] : textsIn(innerPath, inner, level + 1)
  })
}
