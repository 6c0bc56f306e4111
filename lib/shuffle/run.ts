import { z } from 'zod'
import { count } from '../options.ts'

/**
 * A run: a file of sorted records. For each record it has the key, six bytes, little-endian; unless all records have
 * the same length, the length, in seven bits a byte, lowest first (LEB128); and the record. The CRC-32 of each block
 * follows, in four bytes, little-endian.
 */
export const run = z.strictObject({
  file: z.string().regex(/^run_\d{5,}\.bin$/),
  records: count,
  /** Size without the CRCs. */
  bytes: count,
  /** The length of each record; null if they differ. */
  record_bytes: count.nullable(),
  /** The CRC-32 of the CRCs. */
  crc32: count
})

/** A file of sorted records. */
export type Run = Readonly<z.output<typeof run>>

/** Bytes with a CRC: what is read at a time at least. */
export const BLOCK_BYTES = 2 ** 16

export const KEY_BYTES = 6
/** The maximum size of a key and a length. */
export const HEADER_BYTES = KEY_BYTES + 5

/** The size of the file. */
export function fileBytes ({ bytes }: Run): number {
  return bytes + 4 * Math.ceil(bytes / BLOCK_BYTES)
}

/** Writes a length. @returns its end */
export function writeLength (length: number, target: Buffer, start: number): number {
  let at = start
  let rest = length
  for (; rest > 127; rest = Math.floor(rest / 128)) target[at++] = rest % 128 + 128
  target[at++] = rest
  return at
}
