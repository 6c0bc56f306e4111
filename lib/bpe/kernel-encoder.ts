import { PAGE_BYTES } from '../kernels/arena.ts'
import { instantiate } from '../kernels/instantiate.ts'
import { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type Exports, LONG_WORK, SETTINGS, SHORT_WORK, TEXT_SLACK, WORK_SLACK } from './kernel-layout.ts'
import { type BpeTables, settingsOf } from './kernel-tables.ts'

// The memory of a thread. Larger tables keep more words but are slower to fill: the processor's caches are small.
const SHORT_BITS = 15 // lines of 64 bytes: 2 MiB
const LONG_BITS = 13 // of 128 bytes: 1 MiB
// Once it is full, all words are forgotten: text in many languages has words of many ids.
const SPILL_BYTES = 2 ** 22
const OUT_BYTES = 2 ** 18
const TEXT_BYTES = 2 ** 16

/** Bytes of UTF-8 for a code unit of UTF-16. */
const MOST_BYTES = 3

/** Longer texts have their bytes counted first; shorter ones get room for the most that they may have. */
const LARGE = 2 ** 20

const SPACE = 0x20

/** Tokens that are encoded at the start, and how many at once. */
const WARMING_TOKENS = 48_000
const TOKENS_A_CALL = 16

const WARMING_SETTINGS = ['tokensAt', 'startsAt', 'tokenCount'] as const

const utf8 = new TextEncoder()

/** Encodes texts by the wasm kernel, to the same ids as `plainEncoder`. */
export class KernelEncoder {
  readonly #tables: BpeTables
  readonly #kernel: Exports
  readonly #settingsAt: number
  readonly #outAt: number
  readonly #out: Int32Array
  #textAt = 0
  #textRoom = 0
  #text: Uint8Array = new Uint8Array()
  #workRoom = 0

  /** @throws Error where there is no room for the thread's memory */
  constructor (tables: BpeTables) {
    this.#tables = tables
    this.#kernel = instantiate(tables.kernel, tables.memory) as Exports
    const parts = [4 * tables.settings.length, 64 << SHORT_BITS, 128 << LONG_BITS, SPILL_BYTES, OUT_BYTES, SHORT_WORK]
    const [settingsAt, shortAt, longAt, spillAt, outAt, workAt] = this.#take(parts) as [
      number, number, number, number, number, number
    ]
    const own = {
      shortAt,
      shortBits: SHORT_BITS,
      longAt,
      longBits: LONG_BITS,
      spillAt,
      spillEnd: spillAt + SPILL_BYTES,
      outAt,
      outRoom: OUT_BYTES,
      workAt
    }
    this.#settingsAt = settingsAt
    this.#outAt = outAt
    this.#view(settingsAt, tables.settings.length).set(settingsOf(tables, own))
    this.#out = new Int32Array(tables.memory.buffer, outAt, OUT_BYTES / 4)
    this.#kernel.setup(settingsAt)
    this.#kernel.clear()
    this.#makeRoom(TEXT_BYTES)
  }

  /**
   * Encodes the first tokens of the vocabulary, usually its most frequent: they are in the table then, and the engine
   * compiles the kernel better when its functions were called for a while.
   */
  warmUp (): void {
    const { memory, settings } = this.#tables
    const [tokensAt, startsAt, tokenCount] = WARMING_SETTINGS.map(name => settings[SETTINGS.indexOf(name)]!) as [
      number, number, number
    ]
    const starts = this.#view(startsAt, tokenCount + 1)
    const ids = new IdBuffer()
    let end = Math.min(tokenCount, WARMING_TOKENS)
    while (end > 0) { // the most frequent last, so that they stay
      const begin = Math.max(end - TOKENS_A_CALL, 0)
      ids.clear()
      const bytes = Buffer.from(memory.buffer, tokensAt + starts[begin]!, starts[end]! - starts[begin]!)
      this.append(bytes.toString(), ids)
      end = begin
    }
  }

  /**
   * Appends the ids of a text; a lone surrogate counts as U+FFFD.
   *
   * @throws RangeError for a text that there is no memory for
   */
  append (text: string, ids: IdBuffer): void {
    if (this.#tables.addsSpace && text !== '' && !text.startsWith(' ')) text = ` ${text}`
    const most = MOST_BYTES * text.length
    if (most > this.#textRoom) this.#makeRoom(most <= LARGE ? most : Buffer.byteLength(text))
    this.#encode(utf8.encodeInto(text, this.#text).written, ids)
  }

  /** As `append`, for a text in UTF-8, which must be valid. */
  appendBytes (bytes: Uint8Array, ids: IdBuffer): void {
    const space = this.#tables.addsSpace && bytes.length > 0 && bytes[0] !== SPACE ? 1 : 0
    const length = bytes.length + space
    if (length > this.#textRoom) this.#makeRoom(length)
    if (space === 1) this.#text[0] = SPACE
    this.#text.set(bytes, space)
    this.#encode(length, ids)
  }

  #encode (length: number, ids: IdBuffer): void {
    const { beginText, encode, stopped, longWordLength } = this.#kernel
    const end = this.#textAt + length
    beginText()
    for (let at = this.#textAt; at < end;) {
      const count = encode(this.#tables.scanner, at, end)
      ids.append(this.#out, 0, count)
      at = stopped()
      const word = longWordLength()
      if (word > 0) {
        this.#appendLong(at, word, ids)
        at += word
      }
    }
  }

  #appendLong (at: number, length: number, ids: IdBuffer): void {
    const needed = LONG_WORK * length + WORK_SLACK
    if (needed > this.#workRoom) {
      const room = Math.max(needed, 2 * this.#workRoom)
      const [workAt] = this.#take([room])
      this.#view(this.#settingsAt, SETTINGS.length)[SETTINGS.indexOf('workAt')] = workAt!
      this.#workRoom = room
    }
    const count = this.#kernel.encodeLong(at, length)
    const workAt = this.#view(this.#settingsAt, SETTINGS.length)[SETTINGS.indexOf('workAt')]!
    ids.append(new Int32Array(this.#tables.memory.buffer, workAt, count), 0, count)
  }

  #makeRoom (bytes: number): void {
    const room = Math.max(bytes, 2 * this.#textRoom)
    const [at] = this.#take([room + TEXT_SLACK])
    this.#textAt = at!
    this.#textRoom = room
    this.#text = new Uint8Array(this.#tables.memory.buffer, at, room)
  }

  /** Takes memory; other threads may do so at the same time. @returns where its parts begin, multiples of 64 */
  #take (parts: readonly number[]): number[] {
    const sizes = parts.map(bytes => 64 * Math.ceil(bytes / 64))
    const { memory } = this.#tables
    let at = memory.grow(Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / PAGE_BYTES)) * PAGE_BYTES
    return sizes.map(size => (at += size) - size)
  }

  #view (at: number, length: number): Uint32Array {
    return new Uint32Array(this.#tables.memory.buffer, at, length)
  }
}
