import { BackwardBits } from './bits.ts'
import { ZstdDamage } from './damage.ts'
import { type FseLimits, type FseTable, fseTable, nextState, readFseTable, rleTable } from './fse.ts'
import type { Window } from './window.ts'

/** How length codes are decoded: the smallest length of each code, and how many extra bits are added to it. */
interface Lengths {
  readonly base: Int32Array
  readonly bits: Uint8Array
}

/** Codes for a single length each, followed by codes with this many extra bits. */
function lengths (first: number, single: number, added: readonly number[]): Lengths {
  const bits = Uint8Array.from([...new Array<number>(single).fill(0), ...added])
  const base = new Int32Array(bits.length)
  for (let code = 0, length = first; code < bits.length; length += 1 << bits[code++]!) base[code] = length
  return { base, bits }
}

/** Codes of literal lengths (from 0) and of match lengths (from 3), RFC 8878, 3.1.1.3.2.1.1. */
const LITERALS_LENGTHS = lengths(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
const MATCH_LENGTHS = lengths(3, 32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])

/**
 * The largest offset code whose value fits an integer. A window of 128 MiB only needs codes up to 27; the window
 * rejects offsets that are too large.
 */
const MAX_OFFSET_CODE = 30

/** The limits of a kind of code's tables, and its predefined table (RFC 8878, 3.1.1.3.2.2). */
interface Kind extends FseLimits {
  readonly predefined: FseTable
}

const KINDS: Readonly<Record<'literals' | 'offset' | 'match', Kind>> = {
  literals: {
    maxLog: 9,
    maxSymbol: 35,
    predefined: fseTable([
      4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1
    ], 6)
  },
  offset: {
    maxLog: 8,
    maxSymbol: MAX_OFFSET_CODE,
    predefined: fseTable([
      1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1
    ], 5)
  },
  match: {
    maxLog: 9,
    maxSymbol: 52,
    predefined: fseTable([
      1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
    ], 6)
  }
}

type Tables = Partial<Record<keyof typeof KINDS, FseTable>>

/**
 * Decodes the sequences section of blocks (RFC 8878, 3.1.1.3.2). It keeps the tables that later blocks of a frame may
 * reuse.
 */
export class SequencesDecoder {
  #tables: Tables = {}
  #offsets: [number, number, number] = [1, 4, 8]

  startFrame (): void {
    this.#tables = {}
    this.#offsets = [1, 4, 8]
  }

  /** Writes a block's content to the window. `block` must have at least three more bytes after `end`. */
  decode (block: Uint8Array, start: number, end: number, literals: Uint8Array, window: Window): void {
    const [count, next] = readCount(block, start, end)
    if (count === 0) {
      if (next !== end) throw new ZstdDamage('bytes after the last sequence')
      window.append(literals)
      return
    }
    if (next >= end) throw new ZstdDamage('the sequences are cut off')
    const modes = block[next]!
    if ((modes & 3) !== 0) throw new ZstdDamage('a reserved bit of the sequences is set')
    let at = next + 1
    at = this.#readTable('literals', modes >> 6, block, at, end)
    at = this.#readTable('offset', (modes >> 4) & 3, block, at, end)
    at = this.#readTable('match', (modes >> 2) & 3, block, at, end)
    this.#run(count, new BackwardBits(block, at, end), literals, window)
  }

  #readTable (name: keyof typeof KINDS, mode: number, block: Uint8Array, at: number, end: number): number {
    const kind = KINDS[name]
    if (mode === 0) {
      this.#tables[name] = kind.predefined
    } else if (mode === 1) {
      if (at >= end || block[at]! > kind.maxSymbol) throw new ZstdDamage('an unknown sequence code')
      this.#tables[name] = rleTable(block[at]!)
      return at + 1
    } else if (mode === 2) {
      const { table, next } = readFseTable(block, at, end, kind)
      this.#tables[name] = table
      return next
    } else if (this.#tables[name] === undefined) {
      throw new ZstdDamage('sequences reuse a table, and there is none before them')
    }
    return at
  }

  #run (count: number, bits: BackwardBits, literals: Uint8Array, window: Window): void {
    const { literals: literalsTable, offset: offsetTable, match: matchTable } = this.#tables as Required<Tables>
    let literalsState = bits.read(literalsTable.log)
    let offsetState = bits.read(offsetTable.log)
    let matchState = bits.read(matchTable.log)
    let taken = 0 // literals used so far
    for (let i = 1; ; i++) {
      const literalsEntry = literalsTable.entries[literalsState]!
      const offsetEntry = offsetTable.entries[offsetState]!
      const matchEntry = matchTable.entries[matchState]!
      const offsetCode = offsetEntry & 0xff
      const offsetValue = (1 << offsetCode) + bits.readLong(offsetCode)
      const matchCode = matchEntry & 0xff
      const matchLength = MATCH_LENGTHS.base[matchCode]! + bits.read(MATCH_LENGTHS.bits[matchCode]!)
      const literalsCode = literalsEntry & 0xff
      const literalsLength = LITERALS_LENGTHS.base[literalsCode]! + bits.read(LITERALS_LENGTHS.bits[literalsCode]!)
      if (bits.left < 0 || taken + literalsLength > literals.length) throw new ZstdDamage('the sequences are cut off')
      window.appendSequence(literals, taken, literalsLength, this.#offsetOf(offsetValue, literalsLength), matchLength)
      taken += literalsLength
      if (i === count) break
      literalsState = nextState(literalsEntry, bits)
      matchState = nextState(matchEntry, bits)
      offsetState = nextState(offsetEntry, bits)
    }
    if (bits.left !== 0) throw new ZstdDamage('bits after the last sequence')
    window.append(literals.subarray(taken))
  }

  /**
   * Values up to 3 repeat one of the last three offsets. Which one depends on whether there are literals in between.
   */
  #offsetOf (value: number, literalsLength: number): number {
    const offsets = this.#offsets
    const first = offsets[0]
    const repeated = value > 3 ? 3 : value - (literalsLength === 0 ? 0 : 1)
    if (repeated === 0) return first
    const offset = value > 3 ? value - 3 : repeated === 3 ? first - 1 : offsets[repeated]!
    if (repeated > 1) offsets[2] = offsets[1]
    offsets[1] = first
    offsets[0] = offset
    return offset
  }
}

/** The number of sequences, and the offset of the byte after it. */
function readCount (block: Uint8Array, start: number, end: number): [count: number, next: number] {
  const first = start < end ? block[start]! : 255
  const next = start + (first < 128 ? 1 : first < 255 ? 2 : 3)
  if (next > end) throw new ZstdDamage('the sequences are cut off')
  if (first < 128) return [first, next]
  if (first < 255) return [(first - 128) * 256 + block[start + 1]!, next]
  return [(block[start + 1]! | block[start + 2]! << 8) + 0x7f00, next]
}
