/**
 * Parses JSON that `JSON.parse` rejects because of Python's constants, and finds mistakes. It is several times slower.
 */

/** Like `JSON.parse`, this parser must accept deep nesting. `documentOfRecord` refuses records that are too deep. */
const MAX_DEPTH = 1002

/** A text that is not valid JSON, with the reason and the place. */
export class JsonMistake extends Error {
  /** Index of the first wrong character. */
  readonly at: number
  /** Whether the text ends within a value, but not within a string, so that the next line may continue it. */
  readonly isOpen: boolean
  /** Whether it is nested too deeply to be parsed; it may be valid JSON. */
  readonly isTooDeep: boolean

  constructor (message: string, at: number, { isOpen = false, isTooDeep = false } = {}) {
    super(message)
    this.at = at
    this.isOpen = isOpen
    this.isTooDeep = isTooDeep
  }
}

/**
 * Creates an error without a stack trace, which would take more time than anything else: hostile files have a mistake
 * every few bytes.
 */
function mistake (...args: ConstructorParameters<typeof JsonMistake>): JsonMistake {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new JsonMistake(...args)
  } finally {
    Error.stackTraceLimit = limit
  }
}

const BLANKS = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Words that are values. Python's json writes the last three for floats that JSON doesn't have. */
const WORDS: ReadonlyArray<readonly [word: string, value: unknown]> = [
  ['true', true], ['false', false], ['null', null], ['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]
]

/** A quick test for Python's constants. */
export function mayHaveConstants (json: string): boolean {
  return json.includes('NaN') || json.includes('Infinity')
}

/**
 * Parses JSON like Python's json: `NaN`, `Infinity` and `-Infinity` are numbers. Integers that a double can't
 * represent, and numbers that would be infinite, become strings of their digits, as in `parseJson`.
 *
 * @throws JsonMistake
 */
export function parsePythonJson (json: string): unknown {
  return new Parser(json).whole()
}

/** Finds the mistake in a text; null if Python accepts it as JSON. */
export function jsonMistake (json: string): JsonMistake | null {
  try {
    parsePythonJson(json)
    return null
  } catch (error) {
    if (error instanceof JsonMistake) return error
    throw error
  }
}

class Parser {
  readonly #json: string
  #at = 0
  #depth = 0

  constructor (json: string) {
    this.#json = json
  }

  whole (): unknown {
    const value = this.#value()
    if (this.#next() !== undefined) this.#fail('expected the end of the record')
    return value
  }

  #value (): unknown {
    const first = this.#next()
    if (first === '{' || first === '[') {
      this.#depth++
      if (this.#depth > MAX_DEPTH) throw new JsonMistake('nested too deep', this.#at, { isTooDeep: true })
      this.#at++
      const value = first === '{' ? this.#object() : this.#list()
      this.#at++
      this.#depth--
      return value
    }
    if (first === '"') return this.#string()
    const word = WORDS.find(([word]) => this.#json.startsWith(word, this.#at))
    if (word !== undefined) {
      this.#at += word[0].length
      return word[1]
    }
    return this.#number()
  }

  /** Parses a list up to its closing bracket. */
  #list (): unknown[] {
    const list: unknown[] = []
    if (this.#next() === ']') return list
    do list.push(this.#value()); while (this.#hasNext(']'))
    return list
  }

  /** Parses an object up to its closing brace. */
  #object (): Record<string, unknown> {
    const entries: Array<[string, unknown]> = []
    if (this.#next() === '}') return {}
    do {
      if (this.#next() !== '"') {
        this.#fail(entries.length === 0 ? 'expected a name in double quotes, or }' : 'expected a name in double quotes')
      }
      const name = this.#string()
      if (this.#next() !== ':') this.#fail('expected : after a name')
      this.#at++
      entries.push([name, this.#value()])
    } while (this.#hasNext('}'))
    return Object.fromEntries(entries) // it defines properties, so that __proto__ is a normal name
  }

  /** Whether a comma follows; false for the closing character. */
  #hasNext (close: string): boolean {
    const next = this.#next()
    if (next === close) return false
    if (next !== ',') this.#fail(`expected , or ${close}`)
    this.#at++
    return true
  }

  #string (): string {
    const start = this.#at
    for (let end = start + 1; ; end++) {
      const code = this.#json.charCodeAt(end)
      if (code === 0x22) {
        this.#at = end + 1
        return JSON.parse(this.#json.slice(start, end + 1)) as string
      }
      if (Number.isNaN(code)) {
        throw new JsonMistake(`the string that begins at column ${start + 1} has no closing quote`, end)
      }
      if (code < 0x20) {
        const digits = code.toString(16).toUpperCase().padStart(4, '0')
        throw new JsonMistake(`expected the character U+${digits} to be escaped in a string`, end)
      }
      if (code !== 0x5c) continue
      const escape = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(this.#json.slice(end, end + 6))
      if (escape === null) throw new JsonMistake('expected an escape of JSON after \\', end)
      end += escape[0].length - 1
    }
  }

  #number (): number | string {
    NUMBER.lastIndex = this.#at
    const digits = NUMBER.exec(this.#json)?.[0]
    if (digits === undefined) this.#fail('expected a value')
    this.#at += digits.length
    const value = Number(digits)
    const isLost = /^-?\d+$/.test(digits) ? !Number.isSafeInteger(value) : !Number.isFinite(value)
    return isLost ? digits : value
  }

  /** The next character that isn't white space; undefined at the end. */
  #next (): string | undefined {
    BLANKS.lastIndex = this.#at
    BLANKS.test(this.#json)
    this.#at = BLANKS.lastIndex
    return this.#json[this.#at]
  }

  #fail (expected: string): never {
    const isOpen = this.#at === this.#json.length
    throw mistake(isOpen ? `${expected}, but the record ends` : expected, this.#at, { isOpen })
  }
}

/** How much of a record a message shows before and after a mistake. */
const SHOWN_BEFORE = 15
const SHOWN_AFTER = 25

/** Describes a mistake for a message: the column within the record, what was expected there, and an excerpt. */
export function describeMistake (json: string, { at, message }: JsonMistake): string {
  const from = Math.max(0, at - SHOWN_BEFORE)
  const to = at + SHOWN_AFTER
  const piece = `${from === 0 ? '' : '…'}${json.slice(from, to).toWellFormed()}${to < json.length ? '…' : ''}`
  return `column ${at + 1}: ${message}, at ${JSON.stringify(piece)}`
}
