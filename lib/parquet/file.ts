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
  /** Of this one column nothing is read but what lies there. */
  readonly only?: TextPlace | undefined
  /** The first row to give, counted over the file from 0. @default 0 */
  readonly from?: number
  /** A row with more bytes is given as `TooLong`. @default Infinity */
  readonly maxRowBytes?: number
  readonly signal?: AbortSignal | undefined
}

/** A batch ends with the row that fills it. */
const BATCH_BYTES = 1024 * 1024
const BATCH_ROWS = 4096
/** What a value costs beside its bytes. */
const VALUE_BYTES = 16

/**
 * Fetched at a time for a column; less where many columns are read, so that all of them fetch no more than that ahead.
 */
const STEP_BYTES = 1024 * 1024
const FETCHED_AHEAD_BYTES = 16 * 1024 * 1024
const LEAST_STEP_BYTES = 64 * 1024
/** Row groups that are announced in advance, as long as they are small. */
const GROUPS_AHEAD = 8

/** A parquet file, read row group by row group and page by page. The caller closes the ranges. */
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

  /**
   * The rows from `from` on, in batches of about 1 MB. In memory are a page of each column asked for, decompressed,
   * its dictionary, and the batch.
   *
   * @throws SluiceError `ERR_SOURCE` for a column that isn't there, a damaged page, or one of more than 256 MiB
   */
  async * readRows (options: ReadRowsOptions): AsyncGenerator<Batch> {
    const { columns, only, from = 0, maxRowBytes = Infinity, signal } = options
    const cost = { bytes: 0, values: 0, most: maxRowBytes }
    const fields = [...new Set(columns)].map(name =>
      name === only?.column ? this.#within(only).field : this.#field(name))
    const readers = new Map(fields.flatMap(field => field.leaves).map(leaf => [leaf, new ColumnReader(leaf, cost)]))
    const values = fields.map(field => [field.name, assembler(field, leaf => readers.get(leaf)!)] as const)
    const held = new Held(readers.values())
    const step = Math.max(LEAST_STEP_BYTES, Math.min(STEP_BYTES, Math.floor(FETCHED_AHEAD_BYTES / readers.size)))

    const chunkIn = (rowGroup: number, leaf: Leaf): { readonly place: Place, readonly chunk: Chunk } => {
      const place = { file: this.#ranges.name, rowGroup, column: leaf.path.join('.') }
      return { place, chunk: decoding(place, () => chunkOf(this.#footer, leaf, place)) }
    }
    let before = 0 // rows of the groups before this one
    for (const [rowGroup, { rows }] of this.#footer.groups.entries()) {
      const groupStart = before
      before += rows
      if (before <= from) continue
      for (const [leaf, reader] of readers) {
        const { place, chunk } = chunkIn(rowGroup, leaf)
        this.#ranges.expect?.(chunk.start, chunk.end)
        reader.open(new PageReader(this.#ranges, chunk, leaf, place, step), place)
      }
      // Chunks of the next groups are fetched while this one is read. A damaged one is reported when its turn comes.
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
   * What kind of values lie within a column, of the items where they are lists.
   *
   * @throws SluiceError `ERR_SOURCE` where there is no such place
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
        'name the one that has the text (--text-column, text_column)', { cause: error })
    }
  }

  #field (name: string): Field {
    return this.#footer.fields[this.names.indexOf(name)]!
  }
}

/** Beside the largest column, which has a bound of its own, the others together hold no more than this in memory. */
const MAX_HELD_BYTES = 96 * 1024 * 1024

/**
 * What columns hold, added up as they load: with many of them, to ask all each time would take the square of their
 * number.
 */
class Held {
  readonly #readers: readonly ColumnReader[]
  readonly #bytes = new Map<ColumnReader, number>()
  #sum = 0
  #largest = 0

  constructor (readers: Iterable<ColumnReader>) {
    this.#readers = [...readers]
  }

  /** After a column has loaded. What others have let go of since is counted until there seems to be too much. */
  check (reader: ColumnReader, place: Place): void {
    this.#set(reader)
    if (this.#sum - this.#largest <= MAX_HELD_BYTES) return
    this.#largest = 0
    for (const reader of this.#readers) this.#set(reader)
    const sum = this.#sum - this.#largest
    if (sum > MAX_HELD_BYTES) {
      throw refused({ ...place, column: 'and the others asked for' },
        `${this.#readers.length} columns have pages and dictionaries of more than ${sum} bytes at once, ` +
        `at most ${MAX_HELD_BYTES} are held; ` +
        'ask for fewer columns (--columns), or rewrite the file with smaller row groups')
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
