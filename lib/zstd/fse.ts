import type { BackwardBits } from './bits.ts'
import { ZstdDamage } from './damage.ts'

/**
 * A decoding table for finite state entropy (RFC 8878, 4.1). Each entry is packed: the symbol in bits 0–7, the number
 * of bits to read for the next state in bits 8–15, and the number to add to those in bits 16–31.
 */
export interface FseTable {
  readonly entries: Uint32Array
  /** Number of bits of a state. */
  readonly log: number
}

export interface FseLimits {
  readonly maxLog: number
  /** The largest symbol that is allowed. */
  readonly maxSymbol: number
}

/** A table that was read from the input, and the offset of the byte after its description. */
export interface ReadTable<Table> {
  readonly table: Table
  readonly next: number
}

/** A table that always returns the same symbol and reads no bits. */
export function rleTable (symbol: number): FseTable {
  return { entries: Uint32Array.of(symbol), log: 0 }
}

/** Reads the description of a table. `bytes` must have at least three more bytes after `end`. */
export function readFseTable (
  bytes: Uint8Array,
  start: number,
  end: number,
  { maxLog, maxSymbol }: FseLimits
): ReadTable<FseTable> {
  let at = start * 8 // in bits
  const peek = (count: number): number => {
    const byte = at >> 3
    return ((bytes[byte]! | bytes[byte + 1]! << 8 | bytes[byte + 2]! << 16) >> (at & 7)) & ((1 << count) - 1)
  }
  const log = peek(4) + 5
  at += 4
  if (log > maxLog) throw new ZstdDamage(`an FSE table of ${log} bits, at most ${maxLog} are allowed`)
  const counts: number[] = []
  let left = 1 << log
  while (left > 0) {
    if (at >> 3 >= end) throw new ZstdDamage('the FSE table is cut off')
    // The value is between 0 and left + 1. The smaller values use one bit less.
    const bits = 32 - Math.clz32(left + 1)
    const small = (1 << bits) - 1 - (left + 1)
    const low = peek(bits - 1)
    let value = low
    if (low < small) {
      at += bits - 1
    } else {
      value = peek(bits)
      at += bits
      if (value >= 1 << (bits - 1)) value -= small
    }
    const count = value - 1 // -1: the symbol is less probable than one state
    counts.push(count)
    left -= Math.abs(count)
    if (count === 0) {
      for (let zeros = 3; zeros === 3; at += 2) {
        if (at >> 3 >= end) throw new ZstdDamage('the FSE table is cut off')
        zeros = peek(2)
        for (let i = 0; i < zeros; i++) counts.push(0)
      }
    }
    if (counts.length > maxSymbol + 1) throw new ZstdDamage(`an FSE table with more than ${maxSymbol + 1} symbols`)
  }
  const next = (at + 7) >> 3
  if (next > end) throw new ZstdDamage('the FSE table is cut off')
  return { table: fseTable(counts, log), next }
}

/** Builds a table from how many of the 2^log states each symbol has; -1 means a probability below one state. */
export function fseTable (counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  let rare = size
  counts.forEach((count, symbol) => { if (count === -1) symbols[--rare] = symbol })
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol
      do at = (at + step) & (size - 1); while (at >= rare)
    }
  })
  const states = counts.map(count => Math.abs(count))
  const entries = new Uint32Array(size)
  for (let i = 0; i < size; i++) {
    const symbol = symbols[i]!
    const state = states[symbol]!++
    const bits = log - (31 - Math.clz32(state))
    entries[i] = symbol | bits << 8 | ((state << bits) - size) << 16
  }
  return { entries, log }
}

/** The state that follows an entry. */
export function nextState (entry: number, bits: BackwardBits): number {
  return (entry >>> 16) + bits.read((entry >>> 8) & 0xff)
}
