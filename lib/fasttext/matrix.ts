import type { SharedMemory } from './arena.ts'

/** Centroids for each part of a vector. A code is one byte. */
export const CENTROIDS = 256

/** The addresses of a matrix in a model's memory. */
export type MatrixLayout = DenseLayout | QuantizedLayout

interface Sizes {
  readonly rows: number
  readonly columns: number
}

/** 32-bit floats, row by row. */
export interface DenseLayout extends Sizes {
  readonly kind: 'dense'
  readonly at: number
}

/** Product quantization: a row has one byte for each of its parts, which selects one of the part's centroids. */
export interface QuantizedLayout extends Sizes {
  readonly kind: 'quantized'
  /** The codes, row by row. */
  readonly at: number
  readonly parts: number
  /** Columns in a part; the last part has the remaining columns. */
  readonly width: number
  /** The centroids of all parts, as floats. */
  readonly centroidsAt: number
  /** The codes of the rows' norms, and the norms for all codes; 0 and 0 if rows aren't normalized. */
  readonly normCodesAt: number
  readonly normsAt: number
}

/** The rows of a matrix. Sums are rounded to 32 bits at each step and added in fastText's order. */
export interface Rows {
  readonly count: number
  /** Adds a row to a vector. */
  add: (row: number, to: Float32Array) => void
  /** The dot product of a row and a vector. */
  dot: (row: number, vector: Float32Array) => number
}

export function rowsOf ({ buffer }: SharedMemory, layout: MatrixLayout): Rows {
  return layout.kind === 'dense' ? new DenseRows(buffer, layout) : new QuantizedRows(buffer, layout)
}

class DenseRows implements Rows {
  readonly count: number
  readonly #columns: number
  readonly #values: Float32Array

  constructor (buffer: ArrayBufferLike, { rows, columns, at }: DenseLayout) {
    this.count = rows
    this.#columns = columns
    this.#values = new Float32Array(buffer, at, rows * columns)
  }

  add (row: number, to: Float32Array): void {
    const values = this.#values
    const from = row * this.#columns
    for (let i = 0; i < this.#columns; i++) to[i]! += values[from + i]!
  }

  dot (row: number, vector: Float32Array): number {
    const values = this.#values
    const from = row * this.#columns
    let sum = 0
    for (let i = 0; i < this.#columns; i++) sum = Math.fround(sum + Math.fround(values[from + i]! * vector[i]!))
    return sum
  }
}

/** The codes of a quantized matrix, in any kind of memory. */
export interface Codes {
  readonly codes: Uint8Array
  readonly columns: number
  readonly parts: number
  readonly width: number
  readonly centroids: Float32Array
  readonly normCodes: Uint8Array | undefined
  readonly norms: Float32Array | undefined
}

/** Adds a quantized row. */
export function addCodes (matrix: Codes, row: number, to: Float32Array): void {
  const { codes, columns, parts, width, centroids, normCodes, norms } = matrix
  const norm = normCodes === undefined ? 1 : norms![normCodes[row]!]!
  for (let part = 0; part < parts; part++) {
    const begin = part * width
    const length = Math.min(width, columns - begin)
    // All parts but the last have centroids of the same width; those of the last part come at the end.
    const from = begin * CENTROIDS + codes[row * parts + part]! * length
    for (let i = 0; i < length; i++) to[begin + i]! += Math.fround(norm * centroids[from + i]!)
  }
}

class QuantizedRows implements Rows {
  readonly count: number
  readonly #codes: Codes

  constructor (buffer: ArrayBufferLike, layout: QuantizedLayout) {
    const { rows, columns, at, parts, width, centroidsAt, normCodesAt, normsAt } = layout
    this.count = rows
    this.#codes = {
      codes: new Uint8Array(buffer, at, rows * parts),
      columns,
      parts,
      width,
      centroids: new Float32Array(buffer, centroidsAt, columns * CENTROIDS),
      normCodes: normCodesAt === 0 ? undefined : new Uint8Array(buffer, normCodesAt, rows),
      norms: normCodesAt === 0 ? undefined : new Float32Array(buffer, normsAt, CENTROIDS)
    }
  }

  add (row: number, to: Float32Array): void {
    addCodes(this.#codes, row, to)
  }

  dot (row: number, vector: Float32Array): number {
    const { codes, columns, parts, width, centroids, normCodes, norms } = this.#codes
    let sum = 0
    for (let part = 0; part < parts; part++) {
      const begin = part * width
      const length = Math.min(width, columns - begin)
      const from = begin * CENTROIDS + codes[row * parts + part]! * length
      for (let i = 0; i < length; i++) sum = Math.fround(sum + Math.fround(vector[begin + i]! * centroids[from + i]!))
    }
    return normCodes === undefined ? sum : Math.fround(sum * norms![normCodes[row]!]!)
  }
}
