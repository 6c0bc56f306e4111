import type { ByteRanges } from '../bytes.ts'
import { ColumnNames } from '../columns/names.ts'
import { type Batch, type Row, TooLong } from '../columns/rows.ts'
import type { TextPlace } from '../columns/selection.ts'
import type { Kind, Value } from '../columns/values.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { assembler } from './assemble.ts'
import { type Cost, ColumnReader } from './column.ts'
import { conversionOf } from './convert.ts'
import { type Place, decoding, refused } from './damage.ts'
import { type Chunk, type Footer, chunkOf, readFooter } from './footer.ts'
import { narrowed } from './narrow.ts'
import { PageReader } from './pages.ts'
import type { Field, Leaf } from './schema.ts'

export interface Column {
  readonly name: string
  readonly kind: Kind
}

export interface ReadRowsOptions {
  /** Top-level names. */
  readonly columns: readonly string[]
  /** Of this column, only the field at the given place is read. */
  readonly only?: TextPlace | undefined
  /** The first row to return, counted over the file from 0. @default 0 */
  readonly from?: number
  /** A row with more bytes is returned as `TooLong`. @default Infinity */
  readonly maxRowBytes?: number
  readonly signal?: AbortSignal | undefined
}

/** A batch ends with the row that reaches this size. */
const BATCH_BYTES = 1024 * 1024
const BATCH_ROWS = 4096
/** Memory for a value, in addition to its bytes. */
const VALUE_BYTES = 16

/**
 * Bytes fetched at a time for a column. It is less where many columns are read, so that all together fetch at most this
 * much ahead.
 */
const STEP_BYTES = 1024 * 1024
const FETCHED_AHEAD_BYTES = 16 * 1024 * 1024
const MIN_STEP_BYTES = 64 * 1024
/** At most this many row groups are announced in advance, while they are small. */
const GROUPS_AHEAD = 8

/** A parquet file, which is read row group by row group and page by page. The caller closes the ranges. */
export class ParquetFile {
  readonly columns: readonly Column[]
  readonly names: ColumnNames
  readonly rows: number
  readonly #ranges: ByteRanges
  readonly #footer: Footer

  private constructor (ranges: ByteRanges, footer: Footer) {
    this.#ranges = ranges
    this.#footer = footer
    this.rows = footer.rows
    this.columns = footer.fields.map(field => ({ name: field.name, kind: kindOf(field) }))
    this.names = new ColumnNames(ranges.name, footer.fields.map(({ name }) => name))
  }

  /** Reads the footer. @throws SluiceError `ERR_SOURCE` when the file is damaged, encrypted, or no parquet file */
  static async open (ranges: ByteRanges): Promise<ParquetFile> {
    return new ParquetFile(ranges, await readFooter(ranges))
  }

  /** The number of rows of each row group. */
  get groupRows (): number[] {
    return this.#footer.groups.map(({ rows }) => rows)
  }

  /**
   * Returns the rows starting at `from`, in batches of about 1 MB. In memory are one decompressed page of each
   * requested column, its dictionary, and the batch.
   *
   * @throws SluiceError `ERR_SOURCE` for a column that doesn't exist, a damaged page, or one of more than 256 MiB
   */
  async * readRows (options: ReadRowsOptions): AsyncGenerator<Batch> {
    const { columns, only, from = 0, maxRowBytes = Infinity, signal } = options
    const cost = { bytes: 0, values: 0, most: maxRowBytes }
    const fields = [...new Set(columns)].map(name =>
      name === only?.column ? this.#within(only).field : this.#field(name))
    const readers = new Map(fields.flatMap(field => field.leaves).map(leaf => [leaf, new ColumnReader(leaf, cost)]))
    const values = fields.map(field => [field.name, assembler(field, leaf => readers.get(leaf)!)] as const)
    const held = new Held(readers.values())
    const step = Math.max(MIN_STEP_BYTES, Math.min(STEP_BYTES, Math.floor(FETCHED_AHEAD_BYTES / readers.size)))

    const chunkIn = (rowGroup: number, leaf: Leaf): { readonly place: Place, readonly chunk: Chunk } => {
      const place = { file: this.#ranges.name, rowGroup, column: leaf.path.join('.') }
      return { place, chunk: decoding(place, () => chunkOf(this.#footer, leaf, place)) }
    }
    let before = 0 // rows of earlier groups
    for (const [rowGroup, { rows }] of this.#footer.groups.entries()) {
      const groupStart = before
      before += rows
      if (before <= from) continue
      for (const [leaf, reader] of readers) {
        const { place, chunk } = chunkIn(rowGroup, leaf)
        this.#ranges.expect?.(chunk.start, chunk.end)
        reader.open(new PageReader(this.#ranges, chunk, leaf, place, step), place)
      }
      // The next groups' chunks are fetched while this group is read. A damaged one is reported when it is reached.
      const groupsEnd = Math.min(rowGroup + 1 + GROUPS_AHEAD, this.#footer.groups.length)
      let ahead = 0
      for (let group = rowGroup + 1; group < groupsEnd && ahead < FETCHED_AHEAD_BYTES; group++) {
        if (this.#ranges.expect === undefined) break
        for (const leaf of readers.keys()) {
          try {
            const { start, end } = chunkIn(group, leaf).chunk
            this.#ranges.expect(start, end)
            ahead += end - start
          } catch {}
        }
      }
      let next = Math.max(0, from - groupStart)
      for (const reader of readers.values()) {
        signal?.throwIfAborted()
        await reader.skip(next)
      }
      const place = { file: this.#ranges.name, rowGroup, column: '' }
      while (next < rows) {
        const batch: Array<Row | TooLong> = []
        const sizes: number[] = []
        for (let weight = 0; next + batch.length < rows && weight < BATCH_BYTES && batch.length < BATCH_ROWS;) {
          for (const reader of readers.values()) {
            if (reader.ready > 0) continue
            signal?.throwIfAborted()
            await reader.load()
            held.check(reader, place)
          }
          batch.push(decoding(place, () => takeRow(values, cost, place)))
          sizes.push(cost.bytes)
          weight += cost.bytes + cost.values * VALUE_BYTES
        }
        signal?.throwIfAborted()
        yield { start: groupStart + next, rows: batch, sizes }
        next += batch.length
      }
      for (const reader of readers.values()) await reader.finish()
    }
  }

  /**
   * The kind of the values at a place within a column; for lists, of their items.
   *
   * @throws SluiceError `ERR_SOURCE` when there is no such place
   */
  kindWithin (place: TextPlace): Kind {
    return this.#within(place).kind
  }

  #within ({ column, lists, steps }: TextPlace): { readonly field: Field, readonly kind: Kind } {
    const field = this.#field(column)
    try {
      const found = narrowed(field, lists, steps)
      return { field: found.field, kind: kindOf(found.end) }
    } catch (error) {
      throw new SluiceError('ERR_SOURCE', `${this.#ranges.name}: column ${column}: ${messageOf(error)}; ` +
        'name the column with the text (--text-column, text_column)', { cause: error })
    }
  }

  #field (name: string): Field {
    return this.#footer.fields[this.names.indexOf(name)]!
  }
}

/** The limit for all columns together, except for the largest one. The largest one has its own limit. */
const MAX_HELD_BYTES = 96 * 1024 * 1024

/** The memory of all columns, added up as they load. Asking every column each time would take quadratic time. */
class Held {
  readonly #readers: readonly ColumnReader[]
  readonly #bytes = new Map<ColumnReader, number>()
  #sum = 0
  #largest = 0

  constructor (readers: Iterable<ColumnReader>) {
    this.#readers = [...readers]
  }

  /**
   * Called after a column has loaded. Memory that other columns have freed since is only subtracted once the limit
   * seems exceeded.
   */
  check (reader: ColumnReader, place: Place): void {
    this.#set(reader)
    if (this.#sum - this.#largest <= MAX_HELD_BYTES) return
    this.#largest = 0
    for (const reader of this.#readers) this.#set(reader)
    const sum = this.#sum - this.#largest
    if (sum > MAX_HELD_BYTES) {
      throw refused({ ...place, column: 'and the other requested ones' },
        `${this.#readers.length} columns have pages and dictionaries of more than ${sum} bytes at once, ` +
        `the limit is ${MAX_HELD_BYTES}; ` +
        'read fewer columns (--columns), or rewrite the file with smaller row groups')
    }
  }

  #set (reader: ColumnReader): void {
    const bytes = reader.heldBytes
    this.#sum += bytes - (this.#bytes.get(reader) ?? 0)
    this.#bytes.set(reader, bytes)
    this.#largest = Math.max(this.#largest, bytes)
  }
}

function takeRow (values: ReadonlyArray<readonly [string, () => Value]>, cost: Cost, place: Place): Row | TooLong {
  cost.bytes = cost.values = 0
  const row = Object.create(null) as Record<string, Value>
  for (const [name, value] of values) {
    place.column = name
    row[name] = value()
  }
  return cost.bytes > cost.most ? new TooLong(cost.bytes) : row
}

function kindOf ({ is, isMap, repeated, leaves }: Field): Kind {
  if (isMap) return 'map'
  if (repeated || is === 'list') return 'list'
  return is === 'leaf' ? conversionOf(leaves[0]!.element).kind : 'struct'
}
