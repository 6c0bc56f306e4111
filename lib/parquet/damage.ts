import { SluiceError, messageOf } from '../errors.ts'

/** Where in a parquet file something is; the column changes as decoding goes on. */
export interface Place {
  readonly file: string
  readonly rowGroup: number
  column: string
}

/** Bytes of a single page, and of a chunk's dictionary, that are held at once. */
export const MAX_PAGE_BYTES = 256 * 1024 * 1024

/** Values of a single page: each has a byte or more in memory while it is decoded, however few there are on disk. */
export const MAX_PAGE_VALUES = 64 * 1024 * 1024

/**
 * What decoding gives; whatever it throws means that the bytes are not what they should be.
 *
 * @throws SluiceError `ERR_SOURCE`
 */
export function decoding<T> (place: Place, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof SluiceError ? error : damaged(place, messageOf(error), error)
  }
}

export function damaged ({ file, rowGroup, column }: Place, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: damaged parquet data in row group ${rowGroup}, column ${column} ` +
    `(${reason}); get the file again`, { cause })
}

/** What the file says is sound, and more than is held in memory, or than this reader knows. */
export function refused ({ file, rowGroup, column }: Place, reason: string): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: row group ${rowGroup}, column ${column}: ${reason}`)
}
