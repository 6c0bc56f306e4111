import { SluiceError } from '../errors.ts'
import { Structure, isBlank } from './structure.ts'

const [COMMA, COLON, QUOTE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] =
  Buffer.from(',:"[]{}') as unknown as readonly [number, number, number, number, number, number, number]

/**
 * Finds where the elements of an array end, starting after its opening bracket. It only considers brackets and quotes.
 */
export class ArrayEnds {
  isClosed = false
  /** Whether an element is missing before the byte that was found last. */
  isMissing = false
  readonly #path: string
  readonly #structure = new Structure()
  #hasComma = false
  /** The object around the array, which is searched after the array has closed; null if the array is the whole file. */
  readonly #around: FieldFinder | null

  /** @param field the name of the array, if it is a field of an object */
  constructor (path: string, field?: string) {
    this.#path = path
    this.#around = field === undefined ? null : new FieldFinder(path, field, true)
  }

  /** Whether the file may end here. */
  get hasEnded (): boolean {
    return this.isClosed && (this.#around === null || this.#around.hasEnded)
  }

  /**
   * Resumes within an array, at the byte before an element, and returns the content after that byte. If the byte is a
   * comma, the array must not end right after it.
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

  /** After the array, only white space and zero padding are allowed. */
  #refuseMore (chunk: Buffer, from: number): void {
    for (let i = from; i < chunk.length; i++) {
      if (!isBlank(chunk[i]) && chunk[i] !== 0) {
        const [begun, expected] = this.#around === null
          ? ['the JSON array at the start of the file', 'one array, or one object per line']
          : ['the JSON object', 'one object']
        const more = JSON.stringify(chunk.toString('latin1', i, i + 20))
        throw new SluiceError('ERR_SOURCE', `${this.#path}: ${begun} has ended, but more follows: ${more}; ` +
          `expected ${expected}`)
      }
    }
  }
}

/** A message lists at most this many names. */
const MAX_NAMES = 40
const MAX_NAME_BYTES = 256

/** Finds an array that is a field of the file's only object. It follows the field names, in chunks of any size. */
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
   * @param wasFound whether to start after the array's field, which then must not occur again
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
   * Skips the rest of the object.
   *
   * @returns the index after the object, or the end of the chunk
   * @throws SluiceError `ERR_SOURCE` when the field occurs again
   */
  passRest (chunk: Buffer, from: number): number {
    let i = from
    while (i < chunk.length && !this.hasEnded) i = this.#step(chunk, i) ?? i
    return i
  }

  /**
   * Looks for the array.
   *
   * @returns the index after its opening bracket; -1 if more chunks are needed
   * @throws SluiceError `ERR_SOURCE` when there is no such array
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

  /** Called at the end of the file. */
  end (): never {
    if (this.#is === 'start') this.#fail('is empty')
    this.#fail(`ends before its object does, and has no ${this.#shownField} until there; ` +
      'get the file again')
  }

  /** Processes one byte or name. @returns the next index; null at the array's bracket */
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
      this.#fail(`has two fields ${this.#shownField}, and other readers would use the last; expected different names`)
    }
    if (byte === OPEN_LIST) return null
    this.#fail(`the field ${this.#shownField} begins with ${JSON.stringify(String.fromCharCode(byte))}, ` +
      'expected an array of records')
  }

  #passName (chunk: Buffer, i: number): number {
    const end = this.#structure.passString(chunk, i)
    if (this.#name.length < MAX_NAME_BYTES) {
      this.#name.push(Buffer.from(chunk.subarray(i, Math.min(end, i + MAX_NAME_BYTES))))
    }
    if (this.#structure.inString) return end
    this.#last = nameOf(Buffer.concat(this.#name).toString())
    if (++this.#count <= MAX_NAMES) this.#names.push(this.#last)
    this.#is = 'colon'
    return end
  }

  get #shownField (): string {
    return JSON.stringify(this.#field)
  }

  #shownNames (): string {
    const names = this.#names.map(name => JSON.stringify(name.slice(0, 40)))
    if (names.length === 0) return 'none'
    return names.join(', ') + (this.#count > MAX_NAMES ? ` and ${this.#count - MAX_NAMES} more` : '')
  }

  #fail (what: string): never {
    throw new SluiceError('ERR_SOURCE', `${this.#path}: ${what}`)
  }
}

/** Parses a name; invalid JSON is returned unchanged. */
function nameOf (json: string): string {
  try {
    return JSON.parse(json) as string
  } catch {
    return json
  }
}
