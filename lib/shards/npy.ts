import { SluiceError } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'

/** Types that shards are written in; each little-endian. */
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

/** A two-dimensional array as a `.npy` file has it. */
export interface NpyShape {
  readonly dtype: Dtype
  readonly rows: number
  readonly columns: number
}

/**
 * Bytes of every header that `npyHeader` makes. NumPy pads a header to a multiple of 64; 128 has room for any shape,
 * so that a header can be written again once the number of rows is known.
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

/** Ids as the bytes of a `.npy` file's data. @throws SluiceError `ERR_SHARD` for an id above `max` or below 0 */
export function npyData (ids: Int32Array, dtype: Dtype, max: number): Buffer {
  for (let i = 0; i < ids.length; i++) { // an iterator takes four times as long
    const id = ids[i]!
    if (id < 0 || id > max) throw new SluiceError('ERR_SHARD', `token id ${id} does not fit: expected 0 to ${max}`)
  }
  const array = dtype === 'int32' ? ids : ARRAYS[dtype].from(ids)
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength)
}

/** Token ids as a shard has them. */
export type Ids = Int32Array | Uint16Array | Uint32Array

/**
 * The ids that bytes of a shard are; a view of them, so they must begin where the type may be read: at an even offset,
 * or a multiple of four.
 */
export function idsOf (bytes: Uint8Array, dtype: Dtype): Ids {
  return new ARRAYS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / bytesPerId(dtype))
}

/** What stands before the data of a `.npy` file. */
export interface NpyHeader extends NpyShape {
  /** Bytes before the data. */
  readonly start: number
}

/** Bytes that a file with `header` has, all in all. */
export function npyBytes ({ start, rows, columns, dtype }: NpyHeader): number {
  return start + rows * columns * bytesPerId(dtype)
}

/** A header of the kind that sluice and NumPy write is shorter: what begins a file and hasn't ended by then is none. */
export const NPY_HEADER_MAX_BYTES = 4096

/**
 * Reads the header of a `.npy` file of the kind that sluice writes: format 1.0, C order, two dimensions, one of
 * `dtypes`.
 *
 * @param first the first `NPY_HEADER_MAX_BYTES` of the file, or all of it
 * @param name of the file, for what to do about one of another kind
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
 * @returns its shape, and its data row after row
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
