import { type Field, tableFromIPC } from '@uwdata/flechette'
import { ColumnNames } from '../columns/names.ts'
import { type RowOptions, type RowTexts, columnsToRead } from '../columns/selection.ts'
import type { Kind } from '../columns/values.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { registerCodecs } from './codecs.ts'
import type { Message, MessagesOf } from './messages.ts'
import { type Narrowed, narrowed } from './narrow.ts'
import type { ArrowFile } from './open-messages.ts'
import { type Vector, kindOf } from './values.ts'

export { ValueReader } from './values.ts'

/** One column in one record batch. */
export interface Column {
  readonly name: string
  readonly isUuid: boolean
  readonly vector: Vector
}

/** The requested columns of one record batch. */
export interface Table {
  /** The index of the record batch in the file, from 0. */
  readonly batch: number
  /** The number of its first row in the file, and how many rows it has. */
  readonly start: number
  readonly rows: number
  readonly columns: readonly Column[]
  /** How documents are created from the columns. */
  readonly texts: RowTexts
  /** The names of all columns, including those that are not read. */
  readonly names: readonly string[]
}

interface Wanted {
  readonly name: string
  readonly index: number
  readonly isUuid: boolean
  /** The part of the column that is read. */
  readonly of: (vector: Vector) => Vector
}

/** What to read of a file, once its schema is known. */
interface Reading {
  readonly columns: readonly Wanted[]
  readonly texts: RowTexts
  readonly names: readonly string[]
}

/**
 * Reads the record batches of a file, starting with the batch that contains the row at the file's offset; earlier ones
 * are skipped. The schema, the dictionaries and one batch are in memory.
 *
 * @param messages of the file
 * @returns the number of rows
 * @throws SluiceError `ERR_SOURCE`
 */
export async function * readTables (
  messages: MessagesOf,
  arrowFile: ArrowFile,
  options: RowOptions
): AsyncGenerator<Table, number> {
  registerCodecs()
  const { path: file, offset: from } = arrowFile
  let reading: Reading | undefined
  let schema = new Uint8Array(0)
  const dictionaries = new Map<number, Uint8Array[]>()
  let [batch, start] = [0, 0]
  for await (const message of messages(({ kind, rows }) => kind !== 'records' || start + rows > from)) {
    const { kind, rows, dictionary, bytes } = message
    if (kind === 'schema') {
      if (reading !== undefined) throw damaged(file, message, new Error('a second schema'))
      schema = bytes as Uint8Array<ArrayBuffer>
      reading = readingOf(fieldsOf(file, message), arrowFile, options)
      continue
    }
    if (reading === undefined) throw damaged(file, message, new Error('there is no schema before the message'))
    if (dictionary !== null) {
      const before = dictionary.isDelta ? dictionaries.get(dictionary.id) : undefined
      if (before === undefined) dictionaries.set(dictionary.id, [bytes])
      else before.push(bytes)
      continue
    }
    if (bytes.length > 0) {
      const columns = columnsIn(file, message, [schema, ...[...dictionaries.values()].flat(), bytes], reading.columns)
      yield { batch, start, rows, columns, texts: reading.texts, names: reading.names }
    }
    start += rows
    batch++
  }
  return start
}

function fieldsOf (file: string, message: Message): readonly Field[] {
  try {
    return tableFromIPC([message.bytes]).schema.fields
  } catch (error) {
    throw damaged(file, message, error)
  }
}

function readingOf (fields: readonly Field[], file: ArrowFile, options: RowOptions): Reading {
  const { path } = file
  const { textColumn } = options
  const all = new ColumnNames(path, fields.map(({ name }) => name))
  const { names, text, isTextOnly, missing } = columnsToRead(all, file, options)
  const found = within(fields[all.indexOf(text.column)]!, path, text)
  const columns = names.map(name => {
    const index = all.indexOf(name)
    const { type, metadata } = fields[index]!
    const isOnly = isTextOnly && name === text.column
    if (!isOnly && kindOf(type) === null) throw unread(path, name)
    return {
      name,
      index,
      isUuid: (metadata as ReadonlyMap<string, string> | null)?.get('ARROW:extension:name') === 'arrow.uuid',
      of: isOnly ? found.of : (vector: Vector) => vector
    }
  })
  const kindOfText = (): Kind | null => kindOf(fields[all.indexOf(textColumn)]!.type)
  const isColumn = text.column === textColumn && ['string', 'bytes'].includes(kindOfText() ?? '')
  return { columns, names: all.all, texts: { textColumn, text, kind: found.kind, isColumn, missing } }
}

/** Reduces a column to the field that has the text. */
function within (field: Field, path: string, { lists, steps }: RowTexts['text']): Narrowed & { readonly kind: Kind } {
  const { name, type } = field
  let found: Narrowed
  try {
    found = narrowed(name, type, lists, steps)
  } catch (error) {
    throw new SluiceError('ERR_SOURCE', `${path}: column ${name}: ${messageOf(error)}; ` +
      'name the column with the text (--text-column, text_column)', { cause: error })
  }
  const kind = kindOf(found.end)
  if (kind === null || kindOf(found.type) === null) throw unread(path, name)
  return { ...found, kind }
}

function unread (path: string, name: string): SluiceError {
  return new SluiceError('ERR_SOURCE', `${path}: its column ${name} has values of a type that isn't supported ` +
    '(a union, an interval, or run-end encoded); name others in --columns (columns), or rewrite the file')
}

function columnsIn (file: string, message: Message, messages: Uint8Array[], wanted: readonly Wanted[]): Column[] {
  try {
    const { children } = tableFromIPC(messages)
    return wanted.map(({ name, index, isUuid, of }) => {
      const vector = children[index]!.data[0] as unknown as Vector
      if (vector.length !== message.rows) {
        throw new Error(`${vector.length} values in column ${name} of ${message.rows} rows`)
      }
      return { name, isUuid, vector: of(vector) }
    })
  } catch (error) {
    throw damaged(file, message, error)
  }
}

function damaged (file: string, { at }: Message, error: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: damaged Arrow data in the message at byte ${at} ` +
    `(${messageOf(error)}); get the file again`, { cause: error })
}
