import { SluiceError } from '../errors.ts'
import { Structure, isBlank } from './structure.ts'

const [COMMA, COLON, QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] =
  Buffer.from(',:"[]{}') as unknown as readonly [number, number, number, number, number, number, number]

/**
 * Finds where the elements of an array end, from behind its opening bracket on: brackets and quotes are all that it
 * looks at.
 */
export class ArrayEnds {
  isClosed = false
  /** Whether there must be an element before the byte that was found last. */
  isMissing = false
  readonly #path: string
  readonly #structure = new Structure()
  #hasComma = false
  /** What the array is in, once it is closed: null where it is the file. */
  readonly #around: FieldFinder | null

  /** @param field the name that the array has, where it is a field of an object */
  constructor (path: string, field?: string) {
    this.#path = path
    this.#around = field === undefined ? null : new FieldFinder(path, field, true)
  }

  /** Whether the file may end. */
  get hasEnded (): boolean {
    return this.isClosed && (this.#around === null || this.#around.hasEnded)
  }

  /**
   * Takes an array from the byte before an element on, and gives what is behind that byte: where it is a comma, the
   * array must not end there.
   */
  async * goOn (chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    let isFirst = true
    for await (const chunk of chunks) {
      if (isFirst) this.#hasComma = chunk[0] === COMMA
      yield isFirst ? chunk.subarray(1) : chunk
      isFirst = false
    }
  }

  readonly find = (chunk: Buffer, from: number): number => {
    if (this.isClosed) {
      this.#passRest(chunk, from)
      return -1
    }
    const structure = this.#structure
    for (let i = from; i < chunk.length; i++) {
      if (structure.inString) i = structure.passString(chunk, i)
      const byte = chunk[i]
      if (byte === undefined) break
      if (structure.depth === 0 && byte === COMMA) {
        this.#hasComma = this.isMissing = true
        return i
      }
      if (structure.depth === 0 && byte === CLOSE_LIST) {
        this.isClosed = true
        this.isMissing = this.#hasComma
        return i
      }
      structure.take(byte)
    }
    return -1
  }

  #passRest (chunk: Buffer, from: number): void {
    const end = this.#around === null ? from : this.#around.passRest(chunk, from)
    if (this.hasEnded) this.#refuseMore(chunk, end)
  }

  /** Behind the array there may be white space, and zeros as padding. */
  #refuseMore (chunk: Buffer, from: number): void {
    for (let i = from; i < chunk.length; i++) {
      if (!isBlank(chunk[i]) && chunk[i] !== 0) {
        const [begun, expected] = this.#around === null
          ? ['the JSON array that the file begins with', 'one array, or an object a line']
          : ['the JSON object that the file is', 'one object']
        const more = JSON.stringify(chunk.toString('latin1', i, i + 20))
        throw new SluiceError('ERR_SOURCE', `${this.#path}: ${begun} has ended, and more follows: ${more}; ` +
          `expected ${expected}`)
      }
    }
  }
}

/** Names in a message are no more than these. */
const MOST_NAMES = 40
const MOST_NAME_BYTES = 256

/** Finds the array that is a field of the object that a file is: by the names of its fields, in chunks of any size. */
export class FieldFinder {
  readonly #path: string
  readonly #field: string
  readonly #structure = new Structure()
  readonly #names: string[] = []
  #last = ''
  #count = 0 // of names
  #is: 'start' | 'name' | 'in name' | 'colon' | 'value' = 'start'
  #name: Buffer[] = []
  #offset = 0
  readonly #wasFound: boolean

  /**
   * @param path for messages
   * @param wasFound whether the object is looked at from behind the field on, which it must not have again
   */
  constructor (path: string, field: string, wasFound = false) {
    this.#path = path
    this.#field = field
    this.#wasFound = wasFound
    if (!wasFound) return
    this.#is = 'value'
    this.#structure.depth = 1
  }

  /** Whether the object is closed. */
  get hasEnded (): boolean {
    return this.#is !== 'start' && this.#structure.isClosed
  }

  /**
   * The index behind the object, or the end of the chunk.
   *
   * @throws SluiceError `ERR_SOURCE` where the field is there again
   */
  passRest (chunk: Buffer, from: number): number {
    let i = from
    while (i < chunk.length && !this.hasEnded) i = this.#step(chunk, i) ?? i
    return i
  }

  /**
   * The index behind the opening bracket of the array; -1 where more has to be seen.
   *
   * @throws SluiceError `ERR_SOURCE` where there is none
   */
  find (chunk: Buffer): number {
    for (let i = 0; i < chunk.length;) {
      const next = this.#step(chunk, i)
      if (next === null) return i + 1
      i = next
    }
    this.#offset += chunk.length
    return -1
  }

  /** The file has ended. */
  end (): never {
    if (this.#is === 'start') this.#fail('is empty')
    this.#fail(`ends before the object that it begins with does, and no ${this.#shownField} came before; ` +
      'get the file again')
  }

  /** The index of what is to be looked at next; null at the array's bracket. */
  #step (chunk: Buffer, i: number): number | null {
    const byte = chunk[i]!
    if (this.#is === 'in name') return this.#passName(chunk, i)
    if (this.#structure.inString) return this.#structure.passString(chunk, i)
    const isTop = this.#structure.depth === 1
    if (this.#is === 'start') {
      if (isBlank(byte) || (this.#offset + i < 3 && [0xef, 0xbb, 0xbf].includes(byte))) return i + 1
      if (byte !== OPEN_OBJECT) {
        this.#fail(`begins with ${JSON.stringify(chunk.toString('latin1', i, i + 20))}, ` +
          `expected one object whose ${this.#shownField} is the array of records`)
      }
      this.#is = 'name'
    } else if (this.#is === 'name' && byte === QUOTE) {
      this.#is = 'in name'
      this.#name = [Buffer.of(QUOTE)]
    } else if (this.#is === 'colon' && byte === COLON) this.#is = 'value'
    else if (isTop && byte === CLOSE_OBJECT && !this.#wasFound) {
      this.#fail(`has no field ${this.#shownField}; it has ${this.#shownNames()}; ` +
        'name the one that has the records (--field, field)')
    } else if (this.#is === 'value') {
      if (isTop && byte === COMMA) this.#is = 'name'
      else if (isTop && !isBlank(byte) && this.#last === this.#field) return this.#isArray(byte)
    }
    this.#structure.take(byte)
    return i + 1
  }

  #isArray (byte: number): null {
    if (this.#wasFound) {
      this.#fail(`has two fields ${this.#shownField}, of which other readers take the last; expected different names`)
    }
    if (byte === OPEN_LIST) return null
    this.#fail(`the field ${this.#shownField} begins with ${JSON.stringify(String.fromCharCode(byte))}, ` +
      'expected an array of records')
  }

  #passName (chunk: Buffer, i: number): number {
    const end = this.#structure.passString(chunk, i)
    if (this.#name.length < MOST_NAME_BYTES) {
      this.#name.push(Buffer.from(chunk.subarray(i, Math.min(end, i + MOST_NAME_BYTES))))
    }
    if (this.#structure.inString) return end
    this.#last = nameOf(Buffer.concat(this.#name).toString())
    if (++this.#count <= MOST_NAMES) this.#names.push(this.#last)
    this.#is = 'colon'
    return end
  }

  get #shownField (): string {
    return JSON.stringify(this.#field)
  }

  #shownNames (): string {
    const names = this.#names.map(name => JSON.stringify(name.slice(0, 40)))
    if (names.length === 0) return 'none'
    return names.join(', ') + (this.#count > MOST_NAMES ? ` and ${this.#count - MOST_NAMES} more` : '')
  }

  #fail (what: string): never {
    throw new SluiceError('ERR_SOURCE', `${this.#path}: ${what}`)
  }
}

/** A name out of its JSON; as it lies in the file where that is none. */
function nameOf (json: string): string {
  try {
    return JSON.parse(json) as string
  } catch {
    return json
  }
}
