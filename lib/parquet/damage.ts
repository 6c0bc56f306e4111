import { SluiceError, messageOf } from '../errors.ts'

/** A position in a parquet file, for messages. */
export interface Place {
  readonly file: string
  readonly rowGroup: number
  column: string
}

/** The limit for a page, and for a chunk's dictionary, both of which are in memory as a whole. */
export const MAX_PAGE_BYTES = 256 * 1024 * 1024

/** The limit for a page's values. Each takes at least one byte in memory, even where it takes almost none on disk. */
export const MAX_PAGE_VALUES = 64 * 1024 * 1024

/**
 * Runs a decoder. Whatever it throws means that the data is damaged.
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

/** The file is valid, but exceeds a limit or uses an unsupported feature. */
export function refused ({ file, rowGroup, column }: Place, reason: string): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: row group ${rowGroup}, column ${column}: ${reason}`)
}
