import { MissingFieldError, SluiceError } from '../errors.ts'

/** A message lists at most this many column names, and at most MAX_CHARACTERS of each. */
const MAX_COLUMNS = 50

const MAX_CHARACTERS = 40
/** Formats column names for a message. */
export function shownColumns (names: readonly string[]): string {
  const shown = names.slice(0, MAX_COLUMNS).map(name => JSON.stringify(name.slice(0, MAX_CHARACTERS)))
  return shown.join(', ') + andMore(names)
}

function andMore (names: readonly string[]): string {
  return names.length > MAX_COLUMNS ? ` and ${names.length - MAX_COLUMNS} more` : ''
}

/** The columns of a file, by name. */
export class ColumnNames {
  readonly all: readonly string[]
  readonly #file: string
  readonly #places = new Map<string, { readonly index: number, count: number }>()

  constructor (file: string, all: readonly string[]) {
    this.#file = file
    this.all = all
    for (const [index, name] of all.entries()) {
      const place = this.#places.get(name)
      if (place === undefined) this.#places.set(name, { index, count: 1 })
      else place.count++
    }
  }

  has (name: string): boolean {
    return this.#places.has(name)
  }

  /** The position of a column in the file. @throws SluiceError `ERR_SOURCE` unless exactly one column has the name */
  indexOf (name: string): number {
    const place = this.#places.get(name)
    if (place?.count === 1) return place.index
    if (place === undefined) {
      throw new MissingFieldError(`${this.#file}: has no column ${name}; it has ${this.#shown()}; ` +
        'name one of these (--text-column, text_column; --columns, columns)', this.all)
    }
    throw new SluiceError('ERR_SOURCE', `${this.#file}: has ${place.count} columns with the name ${name}, ` +
      'expected one; rewrite the file with names that differ')
  }

  #shown (): string {
    if (this.all.length === 0) return 'none'
    return this.all.slice(0, MAX_COLUMNS).join(', ') + andMore(this.all)
  }
}
