import { open } from 'node:fs/promises'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'

/** A model that a filter reads, and what it was, by its SHA-256. */
export interface FilterModel {
  readonly path: string
  readonly sha256: string
}

type Options = Readonly<Record<string, unknown>>

/** An option that the labels of a model don't fit, and why. */
export interface LabelMistake {
  readonly key: string
  readonly message: string
}

/** How a filter uses a model. */
export interface ModelUse {
  /**
   * Its path, as the options have it; null where they want none.
   *
   * @throws SluiceError `ERR_OPTION` where none can be had
   */
  readonly path: (options: Options) => string | null
  /** Which option the labels of the model don't fit, and why; undefined where they do. */
  readonly mistake: (options: Options, path: string, labels: readonly string[]) => LabelMistake | undefined
}

/** @throws SluiceError `ERR_MODEL` when it can't be read */
export async function findModel (path: string): Promise<FilterModel> {
  try {
    return { path, sha256: await sha256OfFile(path) }
  } catch (cause) {
    throw unreadable(path, cause, 'the file of a model')
  }
}

/** What is said of a model whose file can't be read. @param expected what it should be */
export function unreadable (path: string, cause: unknown, expected: string): SluiceError {
  const before = codeOf(cause) === 'EISDIR' ? ':' : ', expected'
  const message = notLocalFile(path, cause) ?? `${path}: ${reasonOf(cause)}${before} ${expected}`
  return new SluiceError('ERR_MODEL', message, { cause })
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
