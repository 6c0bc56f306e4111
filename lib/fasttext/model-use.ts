import { open } from 'node:fs/promises'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'

/** A model that a filter uses, with the SHA-256 of its file. */
export interface FilterModel {
  readonly path: string
  readonly sha256: string
}

type Options = Readonly<Record<string, unknown>>

/** An option that doesn't fit the labels of a model, and why. */
export interface LabelMistake {
  readonly key: string
  readonly message: string
}

/** How a filter uses a model. */
export interface ModelUse {
  /**
   * The path of the model, by the options; null if they need no model.
   *
   * @throws SluiceError `ERR_OPTION` when no model is set or installed
   */
  readonly path: (options: Options) => string | null
  /** The option that doesn't fit the labels of the model, and why; undefined if all do. */
  readonly mistake: (options: Options, path: string, labels: readonly string[]) => LabelMistake | undefined
}

/** Finds the model's file and its SHA-256. @throws SluiceError `ERR_MODEL` when it can't be read */
export async function findModel (path: string): Promise<FilterModel> {
  try {
    return { path, sha256: await sha256OfFile(path) }
  } catch (cause) {
    throw unreadable(path, cause, 'the file of a model')
  }
}

/** An error about a model whose file can't be read. @param expected what the file should be */
export function unreadable (path: string, cause: unknown, expected: string): SluiceError {
  const before = codeOf(cause) === 'EISDIR' ? ':' : ', expected'
  const message = notLocalFile(path, cause) ?? `${path}: ${reasonOf(cause)}${before} ${expected}`
  return new SluiceError('ERR_MODEL', message, { cause })
}

/** The first bytes of a file, which show what it is. */
export async function firstBytes (path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
