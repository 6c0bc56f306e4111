import { SluiceError, reasonOf } from './errors.ts'
import { sha256OfFile } from './hash.ts'

/** A model that a filter reads, and what it was, by its SHA-256. */
export interface FilterModel {
  readonly path: string
  readonly sha256: string
}

/** @throws SluiceError `ERR_MODEL` when it can't be read */
export async function findModel (path: string): Promise<FilterModel> {
  try {
    return { path, sha256: await sha256OfFile(path) }
  } catch (cause) {
    throw new SluiceError('ERR_MODEL', `${path}: ${reasonOf(cause)}, expected the file of a model`, { cause })
  }
}
