import { BackwardBits } from './bits.ts'
import { ZstdDamage } from './damage.ts'
import { type ReadTable, nextState, readFseTable } from './fse.ts'

/**
 * A decoding table for Huffman codes, indexed by the next `log` bits. An entry has the code's length in bits 0–7 and
 * the symbol in bits 8–15.
 */
export interface HuffmanTable {
  readonly entries: Uint16Array
  readonly log: number
}

/** The longest code, and the limits of the FSE table that the weights may be compressed with (RFC 8878, 4.2.1). */
const MAX_BITS = 11
const WEIGHTS = { maxLog: 6, maxSymbol: MAX_BITS }
const MAX_WEIGHTS = 255

/** Reads the description of a Huffman tree. `bytes` must have at least three more bytes after `end`. */
export function readHuffmanTable (bytes: Uint8Array, start: number, end: number): ReadTable<HuffmanTable> {
  const header = start < end ? bytes[start]! : 0
  const packed = header < 128
  const next = start + 1 + (packed ? header : (header - 126) >> 1)
  if (next > end) throw new ZstdDamage('the Huffman tree is cut off')
  const weights = packed ? packedWeights(bytes, start + 1, next) : plainWeights(bytes, start + 1, header - 127)
  return { table: huffmanTable(weights), next }
}

/** Four bits for each weight. */
function plainWeights (bytes: Uint8Array, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? bytes[start + (i >> 1)]! >> 4 : bytes[start + (i >> 1)]! & 15)
}

/**
 * Two FSE states take turns. The stream ends when one state can't be read completely; the other state then has the last
 * symbol.
 */
function packedWeights (bytes: Uint8Array, start: number, end: number): number[] {
  const { table: { entries, log }, next } = readFseTable(bytes, start, end, WEIGHTS)
  const bits = new BackwardBits(bytes, next, end)
  const states = [bits.read(log), bits.read(log)]
  if (bits.left < 0) throw new ZstdDamage('the Huffman tree is cut off')
  const weights: number[] = []
  for (let turn = 0; ; turn ^= 1) {
    const entry = entries[states[turn]!]!
    weights.push(entry & 0xff)
    states[turn] = nextState(entry, bits)
    if (bits.left < 0) {
      weights.push(entries[states[turn ^ 1]!]! & 0xff)
      return weights
    }
    if (weights.length >= MAX_WEIGHTS) throw new ZstdDamage('a Huffman tree with too many symbols')
  }
}

/** Builds a table from the weights. The last symbol has no weight of its own: it fills the sum up to a power of two. */
function huffmanTable (weights: readonly number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > MAX_BITS) throw new ZstdDamage('a Huffman code that is too long')
    sum += weight === 0 ? 0 : 1 << (weight - 1)
  }
  const log = 32 - Math.clz32(sum)
  const rest = (1 << log) - sum
  if (sum === 0 || log > MAX_BITS || (rest & (rest - 1)) !== 0 || weights.length > MAX_WEIGHTS) {
    throw new ZstdDamage('an invalid Huffman tree')
  }
  const all = [...weights, 32 - Math.clz32(rest)]
  const entries = new Uint16Array(1 << log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) { // the longest codes have the lowest weight and come first
    all.forEach((own, symbol) => {
      if (own === weight) entries.fill(symbol << 8 | (log + 1 - weight), at, at += 1 << (weight - 1))
    })
  }
  return { entries, log }
}

/**
 * Decodes one stream, which must fill exactly the bytes from `outStart` to `outEnd`. `bytes` must have at least two
 * more bytes after `end`.
 */
export function decodeHuffman (
  bytes: Uint8Array,
  start: number,
  end: number,
  { entries, log }: HuffmanTable,
  out: Uint8Array,
  outStart: number,
  outEnd: number
): void {
  let left = new BackwardBits(bytes, start, end).left // bits are read inline: this is the hot loop
  const mask = (1 << log) - 1
  let at = outStart
  for (; at < outEnd && left >= log; at++) {
    const from = left - log
    const byte = start + (from >> 3)
    const entry = entries[((bytes[byte]! | bytes[byte + 1]! << 8 | bytes[byte + 2]! << 16) >> (from & 7)) & mask]!
    left -= entry & 0xff
    out[at] = entry >> 8
  }
  // Fewer bits are left than the longest code has; the missing ones count as zeros.
  for (; at < outEnd && left > 0; at++) {
    const few = (bytes[start]! | bytes[start + 1]! << 8) & ((1 << left) - 1)
    const entry = entries[(few << (log - left)) & mask]!
    left -= entry & 0xff
    out[at] = entry >> 8
  }
  if (at !== outEnd || left !== 0) throw new ZstdDamage('a Huffman stream whose length doesn\'t match its block')
}
