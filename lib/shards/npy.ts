import { SluiceError } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'

/** Types of the ids in shards; each little-endian. */
export const dtypes = ['int32', 'uint16', 'uint32'] as const
/** One of `dtypes`. */
export type Dtype = typeof dtypes[number]

const DESCRIPTIONS: Record<Dtype, string> = { int32: '<i4', uint16: '<u2', uint32: '<u4' }
const ARRAYS = { int32: Int32Array, uint16: Uint16Array, uint32: Uint32Array } as const
const MAXIMA: Record<Dtype, number> = { int32: 2 ** 31 - 1, uint16: 2 ** 16 - 1, uint32: 2 ** 32 - 1 }

/** The largest id that the type holds. */
export function maxId (dtype: Dtype): number {
  return MAXIMA[dtype]
}

/** How many bytes an id of the type takes. */
export function bytesPerId (dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT
}

/** Type and shape of a two-dimensional array in a `.npy` file. */
export interface NpyShape {
  readonly dtype: Dtype
  readonly rows: number
  readonly columns: number
}

/**
 * Size of every header that `npyHeader` returns. NumPy pads a header to a multiple of 64 bytes; 128 are enough for any
 * shape, so a header can be overwritten once the number of rows is known.
 */
export const NPY_HEADER_BYTES = 128

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1')

/**
 * The header of a `.npy` file, format 1.0, C order:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function npyHeader ({ dtype, rows, columns }: NpyShape): Buffer {
  const description = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  const length = Buffer.alloc(2)
  length.writeUInt16LE(NPY_HEADER_BYTES - MAGIC.length - 2)
  return Buffer.concat([
    MAGIC,
    length,
    Buffer.from(description.padEnd(NPY_HEADER_BYTES - MAGIC.length - 3) + '\n', 'latin1')
  ])
}

/** Encodes ids as the data of a `.npy` file. @throws SluiceError `ERR_SHARD` for an id above `max` or below 0 */
export function npyData (ids: Int32Array, dtype: Dtype, max: number): Buffer {
  const most = Math.min(max, MAXIMA.int32)
  let signs = 0 // of each id, and of its distance from the largest one: no branch for each, and no iterator
  for (let i = 0; i < ids.length; i++) signs |= ids[i]! | (most - ids[i]!)
  if (signs < 0) {
    const id = ids.find(id => id < 0 || id > max)
    throw new SluiceError('ERR_SHARD', `token id ${id} is out of range, expected 0 to ${max}`)
  }
  const array = dtype === 'int32' ? ids : ARRAYS[dtype].from(ids)
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength)
}

/** Token ids in one of the types of a shard. */
export type Ids = Int32Array | Uint16Array | Uint32Array

/** A view of a shard's bytes as ids. The bytes must be aligned: their offset is a multiple of the size of an id. */
export function idsOf (bytes: Uint8Array, dtype: Dtype): Ids {
  return new ARRAYS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / bytesPerId(dtype))
}

/** The header of a `.npy` file. */
export interface NpyHeader extends NpyShape {
  /** Bytes before the data. */
  readonly start: number
}

/** Size of a whole file with this header, in bytes. */
export function npyBytes ({ start, rows, columns, dtype }: NpyHeader): number {
  return start + rows * columns * bytesPerId(dtype)
}

/** Headers that sluice and NumPy write are shorter than this. */
export const NPY_HEADER_MAX_BYTES = 4096

/**
 * Reads the header of a `.npy` file of the kind that sluice writes: format 1.0, C order, two dimensions, one of
 * `dtypes`.
 *
 * @param first the first `NPY_HEADER_MAX_BYTES` of the file, or the whole file
 * @param name of the file, for messages about files of another kind
 * @throws SluiceError `ERR_SHARD` for anything else, with what was found
 */
export function readNpyHeader (first: Uint8Array, name = 'FILE'): NpyHeader {
  const file = Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  const isNpy = file.length >= 10 && file.subarray(0, 8).equals(MAGIC)
  const other = isNpy || file.subarray(0, 6).equals(MAGIC.subarray(0, 6)) ? null : mistakenKind(file, name)
  if (other !== null) throw new SluiceError('ERR_SHARD', `${other}; expected a .npy file of format 1.0`)
  if (!isNpy) {
    throw new SluiceError('ERR_SHARD', 'not a .npy file of format 1.0: ' +
      `it begins with ${file.subarray(0, 8).toString('hex') || 'nothing'}`)
  }
  const start = 10 + file.readUInt16LE(8)
  const header = file.toString('latin1', 10, start)
  const match = /^\{'descr': '(.+?)', 'fortran_order': (True|False), 'shape': \((\d+), (\d+)\), \} *\n$/.exec(header)
  const dtype = dtypes.find(type => DESCRIPTIONS[type] === match?.[1])
  if (match === null || dtype === undefined || match[2] !== 'False') {
    throw new SluiceError('ERR_SHARD', `not a two-dimensional array in C order of ${dtypes.join(', ')}: ` +
      `its header is ${JSON.stringify(header.trim().slice(0, 200))}`)
  }
  return { dtype, rows: Number(match[3]), columns: Number(match[4]), start }
}

/**
 * Reads a `.npy` file of the kind that sluice writes.
 *
 * @param bytes the whole file
 * @returns its type and shape, and its data in row order
 * @throws SluiceError `ERR_SHARD` for anything else, with what was found
 */
export function readNpy (bytes: Uint8Array): NpyShape & { readonly data: Ids } {
  const header = readNpyHeader(bytes)
  const { dtype, rows, columns, start } = header
  const size = npyBytes(header)
  if (bytes.length !== size) {
    throw new SluiceError('ERR_SHARD', `expected ${size} bytes for shape (${rows}, ${columns}) of ${dtype}, ` +
      `got ${bytes.length}`)
  }
  return { dtype, rows, columns, data: idsOf(new Uint8Array(bytes.subarray(start)), dtype) } // copied, and so aligned
}
