import { Arena } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'

/** What lib/kernels/white-space exports. */
interface Exports {
  readonly normalizeAscii: (begin: number, end: number, result: number) => number
  readonly normalizeUtf16: (begin: number, end: number, result: number) => number
}

/** Bytes of spaces that the kernel needs after a text; it writes as many after the result, at most. */
const SLACK = 32

/** Of a text in UTF-16. Longer ones aren't normalized here, as memory can't shrink. */
const MOST_BYTES = 2 ** 23
const LEAST_BYTES = 2 ** 17

const utf8 = new TextEncoder()

/** A kernel; undefined where WebAssembly or memory is missing. */
export function whiteSpaceKernel (): WhiteSpaceKernel | undefined {
  try {
    return new WhiteSpaceKernel()
  } catch {
    return undefined
  }
}

/** Normalizes the white space of texts by the wasm kernel, as `normalizeText` of transforms/normalize.ts does. */
export class WhiteSpaceKernel {
  readonly #arena = new Arena(1)
  readonly #kernel: Exports
  #textAt = 0
  #text: Buffer = Buffer.alloc(0)
  #resultAt = 0
  #result: Buffer = Buffer.alloc(0)

  /** @throws Error where WebAssembly isn't available, or memory is missing */
  constructor () {
    this.#kernel = instantiate('white-space', this.#arena.memory) as Exports
    this.#makeRoom(LEAST_BYTES)
  }

  /** The normalized text; undefined for one that is too long. */
  normalized (text: string): string | undefined {
    const { length } = text
    if (2 * length > MOST_BYTES) return undefined
    if (2 * length > this.#text.length - SLACK) this.#makeRoom(Math.min(4 * length, MOST_BYTES))
    const isAscii = utf8.encodeInto(text, this.#text).written === length
    const end = this.#textAt + this.#end(isAscii ? length : this.#text.write(text, 'utf16le'), isAscii)
    const { normalizeAscii, normalizeUtf16 } = this.#kernel
    const resultEnd = (isAscii ? normalizeAscii : normalizeUtf16)(this.#textAt, end, this.#resultAt)
    return this.#result.toString(isAscii ? 'latin1' : 'utf16le', 0, resultEnd - this.#resultAt)
  }

  /** Writes the spaces after a text. @returns its length */
  #end (length: number, isAscii: boolean): number {
    for (let at = length; at < length + SLACK; at++) this.#text[at] = isAscii || (at & 1) === 0 ? 0x20 : 0
    return length
  }

  #makeRoom (bytes: number): void {
    this.#textAt = this.#arena.take(bytes + SLACK)
    this.#resultAt = this.#arena.take(bytes + SLACK)
    const buffer = this.#arena.memory.buffer as SharedArrayBuffer
    this.#text = Buffer.from(buffer, this.#textAt, bytes + SLACK)
    this.#result = Buffer.from(buffer, this.#resultAt, bytes + SLACK)
  }
}
