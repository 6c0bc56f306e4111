import { SluiceError, codeOf, messageOf, reasonOf } from '../errors.ts'

/** The SluiceError for a failed read: `ERR_FILES` if the file could not be opened, else `ERR_SOURCE`. */
export function readError (path: string, offset: number, cause: unknown): SluiceError {
  const code = codeOf(cause) ?? ''
  if (UNOPENED.includes(code)) return new SluiceError('ERR_FILES', `${path}: ${reasonOf(cause)}`, { cause })
  if (code === 'Z_BUF_ERROR') {
    return new SluiceError('ERR_SOURCE', `${path}: the gzip data is cut off after ${offset} decompressed bytes, ` +
      'expected more; get the file again', { cause })
  }
  if (code.startsWith('Z_')) {
    return new SluiceError('ERR_SOURCE', `${path}: damaged gzip data after ${offset} decompressed bytes ` +
      `(${messageOf(cause)}); get the file again`, { cause })
  }
  return new SluiceError('ERR_SOURCE', `${path}: reading failed at byte ${offset}: ${messageOf(cause)}`, { cause })
}

const UNOPENED = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR']
