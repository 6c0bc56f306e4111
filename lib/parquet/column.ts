import type { Value } from '../columns/values.ts'
import { type Conversion, conversionOf } from './convert.ts'
import { type Place, MAX_PAGE_BYTES, MAX_PAGE_VALUES, damaged, decoding, refused } from './damage.ts'
import type { Page, PageReader } from './pages.ts'
import type { Leaf } from './schema.ts'

/** What the current row has cost so far. Values are not created any more once `bytes` is over the limit. */
export interface Cost {
  /** Bytes of strings and binary values, and 8 for any other value. */
  bytes: number
  /** The number of values, including nulls and the entries for empty lists. */
  values: number
  readonly most: number
}

/**
 * Reads a column value by value, together with the current value's levels. Complete rows are fetched before they are
 * read.
 */
export class ColumnReader {
  readonly leaf: Leaf
  /** Repetition level of the current value; -1 if there is none. */
  rep = -1
  def = -1
  readonly #conversion: Conversion
  readonly #cost: Cost
  #pages: PageReader | undefined
  #place: Place | undefined
  #page: Page | undefined
  #queue: Page[] = []
  #at = 0 // in #page
  #starts = 0 // rows that begin in the loaded pages, including the current one

  constructor (leaf: Leaf, cost: Cost) {
    this.leaf = leaf
    this.#conversion = conversionOf(leaf.element)
    this.#cost = cost
  }

  /** Moves to a column chunk. */
  open (pages: PageReader, place: Place): void {
    this.#pages?.close()
    this.#pages = pages
    this.#place = place
    this.#page = undefined
    this.#queue = []
    this.#starts = 0
    this.rep = this.def = -1
  }

  /** Complete rows that are loaded. Where values repeat, the last row may continue in the next page. */
  get ready (): number {
    return this.#starts - (this.leaf.maxRep > 0 && !this.#pages!.done ? 1 : 0)
  }

  /** Bytes of pages and dictionary in memory. */
  get heldBytes (): number {
    const queued = this.#queue.reduce((sum, page) => sum + page.bytes, 0)
    return (this.#page?.bytes ?? 0) + queued + (this.#pages?.heldBytes ?? 0)
  }

  /** Loads at least one complete row. @throws SluiceError `ERR_SOURCE` when there is none */
  async load (): Promise<void> {
    while (this.ready <= 0) {
      if (this.#pages!.done) throw damaged(this.#place!, 'its pages have fewer rows than the row group')
      const page = await this.#pages!.next()
      if (page.count === 0) continue
      this.#starts += page.rows
      if (this.#page !== undefined) {
        this.#queue.push(page)
        this.#checkQueue()
      } else {
        if (page.rep !== null && page.rep[0] !== 0) throw damaged(this.#place!, 'its first page begins within a row')
        this.#start(page)
      }
    }
  }

  /** Skips rows; whole pages are skipped without decoding where possible. */
  async skip (rows: number): Promise<void> {
    for (let left = rows; left > 0;) {
      if (this.#page === undefined && this.leaf.maxRep === 0 && !this.#pages!.done) {
        const skipped = await this.#pages!.skip(left)
        left -= skipped
        if (skipped > 0) continue
      }
      await this.load()
      decoding(this.#place!, () => { this.#skipRow() })
      left--
    }
  }

  /** @throws SluiceError `ERR_SOURCE` when the column has more rows than the row group */
  async finish (): Promise<void> {
    while (!this.#pages!.done && this.#page === undefined) {
      const page = await this.#pages!.next()
      if (page.count > 0) this.#start(page)
    }
    if (this.#page !== undefined) throw damaged(this.#place!, 'its pages have more rows than the row group')
  }

  /** Reads the current value, which isn't null. */
  take (): Value {
    const raw = this.#page!.values.next()
    this.#cost.values++
    this.#cost.bytes += Buffer.isBuffer(raw) ? raw.length : 8
    const value = this.#cost.bytes > this.#cost.most ? null : this.#conversion.convert(raw)
    this.#advance()
    return value
  }

  /** Skips an entry without a value: a field around it is null or empty, so its level is below `def`. */
  pass (def: number): void {
    if (this.def >= def || this.def < 0) throw new Error('the levels of its columns don\'t agree')
    this.#cost.values++
    this.#advance()
  }

  /** Limits the size of a row, which may extend over any number of pages. */
  #checkQueue (): void {
    const bytes = this.#queue.reduce((sum, page) => sum + page.bytes, 0)
    const values = this.#queue.reduce((sum, page) => sum + page.count, 0)
    if (bytes > MAX_PAGE_BYTES || values > MAX_PAGE_VALUES) {
      throw refused(this.#place!, `has a row of more than ${bytes} bytes in ${values} values, ` +
        `the limit is ${MAX_PAGE_BYTES} bytes and ${MAX_PAGE_VALUES} values; leave the column out`)
    }
  }

  #skipRow (): void {
    do {
      if (this.def === this.leaf.maxDef) this.#page!.values.next()
      this.#advance()
    } while (this.rep > 0)
  }

  #start (page: Page): void {
    this.#page = page
    this.#at = -1
    this.#starts++
    this.#advance()
  }

  #advance (): void {
    let page = this.#page!
    if (++this.#at === page.count) {
      page.free()
      const next = this.#queue.shift()
      this.#page = next
      this.#at = 0
      if (next === undefined) {
        this.#starts--
        this.rep = this.def = -1
        return
      }
      page = next
    }
    this.rep = page.rep === null ? 0 : page.rep[this.#at]!
    this.def = page.def === null ? this.leaf.maxDef : page.def[this.#at]!
    if (this.rep === 0) this.#starts--
  }
}
