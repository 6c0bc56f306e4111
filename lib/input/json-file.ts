import { readFile } from 'node:fs/promises'
import { type ErrorCode, SluiceError, messageOf, reasonOf } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'
import { notLocalFile } from '../not-local.ts'

/** Number of first bytes that are needed to recognize the kind of a file. */
const HEAD_BYTES = 4096

/** A JSON file: its text, and the value in it. */
export interface JsonFile {
  readonly text: string
  readonly content: unknown
}

/**
 * Reads a JSON file.
 *
 * @param code of the error
 * @param expected what the file should be, for messages
 * @throws SluiceError with `code` when the file can't be read or isn't JSON
 */
export async function readJsonFile (path: string, code: ErrorCode, expected: string): Promise<JsonFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const message = `${path}: cannot be read: ${reasonOf(cause)}, expected ${expected}`
    throw new SluiceError(code, notLocalFile(path, cause) ?? message, { cause })
  })
  return parseJsonFile(path, bytes, code, expected)
}

/** Like `readJsonFile`, for a file that has been read. */
export function parseJsonFile (path: string, bytes: Buffer, code: ErrorCode, expected: string): JsonFile {
  try {
    const text = bytes.toString('utf8')
    return { text, content: JSON.parse(text) }
  } catch (cause) {
    const kind = mistakenKind(bytes.subarray(0, HEAD_BYTES), path)
    const found = kind ?? `is not JSON: ${messageOf(cause).replace(/\s+/g, ' ')}`
    throw new SluiceError(code, `${path}: ${found}; expected ${expected}`, { cause })
  }
}
