import type { Arena } from './arena.ts'
import {
  CENTROIDS, type Codes, type DenseLayout, type MatrixLayout, type QuantizedLayout, addCodes
} from './matrix.ts'
import { DamagedModel, type ModelFile } from './model-file.ts'

/** The expected size of a matrix, from the rest of the file. */
export interface Expected {
  readonly name: string
  readonly rows: number
  readonly columns: number
}

/** Selects and orders rows: for each row in memory, its number in the file. */
export type Order = Int32Array | undefined

/**
 * A quantized matrix whose floats take at most this many bytes is decoded when it is read. Its rows are added faster
 * then.
 */
const MAX_DECODED_BYTES = 12 * 2 ** 20

/** Reads a matrix of floats. @throws DamagedModel */
export async function readDense (file: ModelFile, expected: Expected, arena: Arena): Promise<DenseLayout> {
  await readSizes(file, expected)
  const { name, rows, columns } = expected
  const bytes = 4 * rows * columns
  if (bytes > file.left) {
    throw new DamagedModel(`it ends within ${name}, which has ${rows} rows of ${columns} numbers (${bytes} bytes) ` +
      `but only ${file.left} bytes are left`)
  }
  const at = arena.take(bytes)
  await file.into(arena.bytes(at, bytes), name)
  return { kind: 'dense', rows, columns, at }
}

/** How a quantized matrix is stored in memory. */
export interface QuantizedOptions {
  readonly order?: Order
  /** Whether to decode it if it is small. */
  readonly decode: boolean
}

/** Reads a quantized matrix, and decodes it if that is requested and it is small. @throws DamagedModel */
export async function readQuantized (
  file: ModelFile, expected: Expected, arena: Arena, { order, decode }: QuantizedOptions
): Promise<MatrixLayout> {
  const { name, rows: fileRows, columns } = expected
  await file.need(1, name)
  const isNormalized = file.boolean(`whether ${name} is normalized`)
  await readSizes(file, expected)
  await file.need(4, name)
  const codeBytes = file.int32()
  const isWholeRows = fileRows > 0 ? codeBytes > 0 && codeBytes % fileRows === 0 : codeBytes === 0
  if (!isWholeRows) throw new DamagedModel(`${name} has ${codeBytes} bytes of codes for ${fileRows} rows`)
  if (codeBytes > file.left) {
    throw new DamagedModel(`it ends within ${name}, which has ${codeBytes} bytes of codes ` +
      `but only ${file.left} bytes are left`)
  }
  const fileCodes = new Uint8Array(codeBytes)
  await file.into(fileCodes, name)
  const { parts, width, centroids } = await readCentroids(file, columns, name)
  if (codeBytes !== fileRows * parts) {
    throw new DamagedModel(`${name} has ${codeBytes} bytes of codes, expected ${parts} for each of ${fileRows} rows`)
  }
  let normCodes: Uint8Array | undefined
  let norms: Float32Array | undefined
  if (isNormalized) {
    const fileNormCodes = new Uint8Array(fileRows)
    await file.into(fileNormCodes, `the norms of ${name}`)
    norms = (await readCentroids(file, 1, `the norms of ${name}`)).centroids
    normCodes = ordered(fileNormCodes, 1, order)
  }
  const codes = ordered(fileCodes, parts, order)
  const matrix: Codes = { codes, columns, parts, width, centroids, norms, normCodes }
  const rows = codes.length / parts
  return decode && 4 * rows * columns <= MAX_DECODED_BYTES ? decoded(matrix, rows, arena) : stored(matrix, rows, arena)
}

async function readSizes (file: ModelFile, { name, rows, columns }: Expected): Promise<void> {
  await file.need(16, name)
  const foundRows = file.int64()
  const foundColumns = file.int64()
  if (foundRows === rows && foundColumns === columns) return
  throw new DamagedModel(`${name} has ${foundRows} rows of ${foundColumns} numbers, ` +
    `expected ${rows} rows of ${columns}`)
}

async function readCentroids (
  file: ModelFile, columns: number, name: string
): Promise<Pick<Codes, 'parts' | 'width' | 'centroids'>> {
  await file.need(16, name)
  const dim = file.int32()
  const parts = file.int32()
  const width = file.int32()
  const lastWidth = file.int32()
  if (dim !== columns || width < 1 || parts !== Math.ceil(dim / width) || lastWidth !== dim - (parts - 1) * width) {
    throw new DamagedModel(`${name} is quantized as vectors of ${dim} numbers in ${parts} parts of ${width}, ` +
      `the last of ${lastWidth}, which doesn't fit ${columns} numbers`)
  }
  const centroids = new Float32Array(CENTROIDS * dim)
  await file.into(new Uint8Array(centroids.buffer), `the centroids of ${name}`)
  return { parts, width, centroids }
}

/** Copies rows in the requested order. */
function ordered (rows: Uint8Array, width: number, order: Order): Uint8Array {
  if (order === undefined) return rows
  const result = new Uint8Array(order.length * width)
  // Loops here and below: an array for each row would create much garbage.
  for (let i = 0, to = 0; i < order.length; i++) {
    const from = order[i]! * width
    for (let j = 0; j < width; j++) result[to++] = rows[from + j]!
  }
  return result
}

function decoded (codes: Codes, rows: number, arena: Arena): DenseLayout {
  const { columns } = codes
  const at = arena.take(4 * rows * columns)
  const all = arena.floats(at, rows * columns)
  const one = new Float32Array(columns)
  for (let row = 0; row < rows; row++) {
    addCodes(codes, row, one.fill(0))
    for (let i = 0; i < columns; i++) all[row * columns + i] = one[i]!
  }
  return { kind: 'dense', rows, columns, at }
}

function stored (matrix: Codes, rows: number, arena: Arena): QuantizedLayout {
  const { codes, columns, parts, width, centroids, normCodes, norms } = matrix
  const put = (from: Uint8Array): number => {
    const at = arena.take(from.length)
    arena.bytes(at, from.length).set(from)
    return at
  }
  const putFloats = (from: Float32Array): number => put(new Uint8Array(from.buffer, from.byteOffset, from.byteLength))
  return {
    kind: 'quantized',
    rows,
    columns,
    at: put(codes),
    parts,
    width,
    centroidsAt: putFloats(centroids),
    normCodesAt: normCodes === undefined ? 0 : put(normCodes),
    normsAt: norms === undefined ? 0 : putFloats(norms)
  }
}
