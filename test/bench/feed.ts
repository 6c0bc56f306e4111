import { Readable, Writable } from 'node:stream'

/** Items out of an array. `Readable.from` makes a promise an item, which costs more than most stages do. */
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

/** A sink that shows each item to `see` and drops it. What comes is what the caller says: streams don't know. */
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
