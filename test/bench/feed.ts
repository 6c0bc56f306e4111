import { Readable, Writable } from 'node:stream'

/**
 * A stream of the items in an array. `Readable.from` creates a promise for each item, which costs more than most
 * stages.
 */
export class Feed<Item> extends Readable {
  readonly #items: readonly Item[]
  #next = 0

  constructor (items: readonly Item[]) {
    super({ objectMode: true })
    this.#items = items
  }

  override _read (): void {
    while (this.#next < this.#items.length) {
      if (!this.push(this.#items[this.#next++])) return
    }
    this.push(null)
  }
}

/**
 * A sink that passes each item to `see` and drops it. The caller states the type of the items: streams don't know it.
 */
export function take (see: (item: never) => void): Writable {
  return new Writable({
    objectMode: true,
    write (item: unknown, _encoding, done) {
      see(item as never)
      done()
    }
  })
}

/** A sink that drops everything. */
export function drop (): Writable {
  return take(() => {})
}
