import { type Field, tableFromIPC } from '@uwdata/flechette'
import { SluiceError, messageOf } from '../errors.ts'
import { type RowOptions, columnsToRead, indexOfColumn } from '../table-row.ts'
import type { Kind } from '../parquet/convert.ts'
import { registerCodecs } from './codecs.ts'
import type { IsWanted, Message } from './messages.ts'
import { type Vector, kindOf } from './values.ts'

export { ValueReader } from './values.ts'

/** A column that is read, in one record batch. */
export interface Column {
  readonly name: string
  readonly kind: Kind
  readonly isUuid: boolean
  readonly vector: Vector
}

/** The columns that are read of one record batch. */
export interface Table {
  /** Which record batch of the file, from 0. */
  readonly batch: number
  /** The number of its first row in the file, and how many it has. */
  readonly start: number
  readonly rows: number
  readonly columns: readonly Column[]
}

interface Wanted {
  readonly name: string
  readonly index: number
  readonly kind: Kind
  readonly isUuid: boolean
}

/**
 * The record batches of a file, from the one on that has the row `from`; those before are passed over. In memory are the
 * schema, the dictionaries, and one batch.
 *
 * @param messages of the file
 * @returns how many rows there are
 * @throws SluiceError `ERR_SOURCE`
 */
export async function * readTables (messages: (isWanted: IsWanted) => AsyncGenerator<Message>, file: string, from: number, options: RowOptions): AsyncGenerator<Table, number> {
  registerCodecs()
  let wanted: readonly Wanted[] | undefined
  let schema = new Uint8Array(0)
  const dictionaries = new Map<number, Uint8Array[]>()
  let [batch, start] = [0, 0]
  for await (const message of messages(({ kind, rows }) => kind !== 'records' || start + rows > from)) {
    const { kind, rows, dictionary, bytes } = message
    if (kind === 'schema') {
      if (wanted !== undefined) throw damaged(file, message, new Error('a second schema'))
      schema = bytes as Uint8Array<ArrayBuffer>
      wanted = columnsOf(fieldsOf(file, message), file, options)
      continue
    }
    if (wanted === undefined) throw damaged(file, message, new Error('there is no schema before it'))
    if (dictionary !== null) {
      const before = dictionary.isDelta ? dictionaries.get(dictionary.id) : undefined
      if (before === undefined) dictionaries.set(dictionary.id, [bytes])
      else before.push(bytes)
      continue
    }
    if (bytes.length > 0) {
      const columns = columnsIn(file, message, [schema, ...[...dictionaries.values()].flat(), bytes], wanted)
      yield { batch, start, rows, columns }
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

function columnsOf (fields: readonly Field[], file: string, options: RowOptions): Wanted[] {
  const all = fields.map(({ name }) => name)
  return columnsToRead(all, options).map(name => {
    const index = indexOfColumn(file, all, name)
    const { type, metadata } = fields[index]!
    const kind = kindOf(type)
    if (kind === null) throw new SluiceError('ERR_SOURCE', `${file}: its column ${name} has values of a type that isn't read (a union, an interval, or encoded as runs); name others in --columns (columns), or rewrite the file`)
    return { name, index, kind, isUuid: (metadata as ReadonlyMap<string, string> | null)?.get('ARROW:extension:name') === 'arrow.uuid' }
  })
}

function columnsIn (file: string, message: Message, messages: Uint8Array[], wanted: readonly Wanted[]): Column[] {
  try {
    const { children } = tableFromIPC(messages)
    return wanted.map(({ name, index, kind, isUuid }) => {
      const vector = children[index]!.data[0] as unknown as Vector
      if (vector.length !== message.rows) throw new Error(`${vector.length} values in column ${name} of ${message.rows} rows`)
      return { name, kind, isUuid, vector }
    })
  } catch (error) {
    throw damaged(file, message, error)
  }
}

function damaged (file: string, { at }: Message, error: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: damaged Arrow data in the message at byte ${at} (${messageOf(error)}); get the file again`, { cause: error })
}
