import { open } from 'node:fs/promises'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'

/** A model that a filter reads, and what it was, by its SHA-256. */
export interface FilterModel {
  readonly path: string
  readonly sha256: string
}

/** How a filter uses a model. */
export interface ModelUse {
  /**
   * Its path, as the options have it; null where they want none.
   *
   * @throws SluiceError `ERR_OPTION` where none can be had
   */
  readonly path: (options: Readonly<Record<string, unknown>>) => string | null
  /** Which option the labels of the model don't fit, and why; undefined where they do. */
  readonly mistake: (options: Readonly<Record<string, unknown>>, path: string, labels: readonly string[]) => { readonly key: string, readonly message: string } | undefined
}

/** @throws SluiceError `ERR_MODEL` when it can't be read */
export async function findModel (path: string): Promise<FilterModel> {
  try {
    return { path, sha256: await sha256OfFile(path) }
  } catch (cause) {
    throw new SluiceError('ERR_MODEL', notLocalFile(path, cause) ?? `${path}: ${reasonOf(cause)}${codeOf(cause) === 'EISDIR' ? ':' : ', expected'} the file of a model`, { cause })
  }
}

/** The beginning of a file, from which it can be told what it is. */
export async function firstBytes (path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
