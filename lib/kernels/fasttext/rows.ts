/** Sums of vectors, and filling and copying of memory: for so few bytes, a call of `memory.copy` would be slower. */
import { settings } from './settings'

/** Rows that are listed and fetched into the cache together, before they are added. */
export const ROWS_AT_ONCE: u32 = 128
const CACHE_LINE: u32 = 64

const CENTROIDS: u32 = 256

let touched: u32 = 0

/** Adds the vectors whose addresses are in a list, 16 numbers of each at a time. */
export function addVectors (list: usize, count: u32, to: usize): void {
  const end = list + (count << 2)
  const bytes = settings.vectorBytes
  let at: u32 = 0
  for (; at + 64 <= bytes; at += 64) {
    let a = v128.load(to + at)
    let b = v128.load(to + at, 16)
    let c = v128.load(to + at, 32)
    let d = v128.load(to + at, 48)
    for (let i = list; i < end; i += 4) {
      const vector: usize = load<u32>(i) + at
      a = f32x4.add(a, v128.load(vector))
      b = f32x4.add(b, v128.load(vector, 16))
      c = f32x4.add(c, v128.load(vector, 32))
      d = f32x4.add(d, v128.load(vector, 48))
    }
    v128.store(to + at, a)
    v128.store(to + at, b, 16)
    v128.store(to + at, c, 32)
    v128.store(to + at, d, 48)
  }
  for (; at < bytes; at += 16) {
    let a = v128.load(to + at)
    for (let i = list; i < end; i += 4) a = f32x4.add(a, v128.load(load<u32>(i) + at))
    v128.store(to + at, a)
  }
}

export function addVector (vector: usize, to: usize): void {
  const bytes = settings.vectorBytes
  for (let at: u32 = 0; at < bytes; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(vector + at)))
}

/** Adds the rows of the input matrix whose numbers are in a list. */
export function addRows (list: usize, count: u32, to: usize): void {
  touchRows(list, count)
  addTouched(list, count, to)
}

/** Fetches listed rows into the cache. If they are floats, it replaces their numbers by their addresses. */
export function touchRows (list: usize, count: u32): void {
  const rows = settings.rowsAt
  if (rows === 0) return
  const rowBytes = settings.rowBytes
  for (let i: u32 = 0; i < count; i++) store<u32>(list + (i << 2), <u32>(rows + load<u32>(list + (i << 2)) * rowBytes))
  touch(list, count)
}

/** Adds rows after `touchRows`. */
export function addTouched (list: usize, count: u32, to: usize): void {
  if (settings.rowsAt !== 0) addVectors(list, count, to)
  else for (let i: u32 = 0; i < count; i++) addCodes(load<u32>(list + (i << 2)), to)
}

/** Reads a few bytes of each listed vector, so that many are fetched from memory at the same time. */
function touch (list: usize, count: u32): void {
  const bytes = settings.vectorBytes
  let sum: u32 = 0
  for (let at: u32 = 0; at < bytes; at += CACHE_LINE) {
    for (let j: u32 = 0; j < count; j++) sum += load<u8>(load<u32>(list + (j << 2)) + at)
  }
  touched = sum // keeps the reads from being optimized away
}

/** Like `addVectors`, but fetches the vectors into the cache first. */
export function touchAndAdd (list: usize, count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i += ROWS_AT_ONCE) {
    const few = min(count - i, ROWS_AT_ONCE)
    touch(list + (i << 2), few)
    addVectors(list + (i << 2), few, to)
  }
}

/** Adds a quantized row: for each part, the centroid that its code selects, times the row's norm. */
function addCodes (row: u32, to: usize): void {
  let norm: f32 = 1
  if (settings.normCodesAt !== 0) {
    const code = <usize>load<u8>(settings.normCodesAt + row)
    norm = load<f32>(settings.normsAt + (code << 2))
  }
  const codes = settings.codesAt + row * settings.parts
  const columns = settings.columns
  const partWidth = settings.partWidth
  for (let part: u32 = 0; part < settings.parts; part++) {
    const begin = part * partWidth
    const width = min(partWidth, columns - begin)
    const centroid = settings.centroidsAt + ((begin * CENTROIDS + load<u8>(codes + part) * width) << 2)
    for (let i: u32 = 0; i < width; i++) {
      const at = to + ((begin + i) << 2)
      store<f32>(at, load<f32>(at) + norm * load<f32>(centroid + (i << 2)))
    }
  }
}

export function touchedSum (): u32 {
  return touched
}

/** Fills memory with 0. @param bytes a multiple of 16 */
export function clear (at: usize, bytes: u32): void {
  for (const end = at + bytes; at < end; at += 16) v128.store(at, i64x2.splat(0))
}

/** Copies a word, and the bytes after it up to a multiple of 16. */
export function copyWord (word: usize, bytes: u32, to: usize): void {
  for (let at: u32 = 0; at < bytes; at += 16) v128.store(to + at, v128.load(word + at))
}
