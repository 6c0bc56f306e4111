/** The name of standard input and standard output. */
export const STANDARD_STREAM = '-'

/** A path, a glob, or a list of both; `-` is standard input. */
export type FileNames = string | readonly string[]

/** A file to read. */
export interface InputFile {
  /** Name as given, or as found by a glob. */
  readonly path: string
  /** Bytes on disk, compressed if the file is; null if unknown (standard input). */
  readonly size: number | null
}

/** Bytes that can be read at any offset: a file, or anything else that serves ranges. */
export interface ByteRanges {
  /** Whether `read` returns buffers that nothing else uses, so that their memory can be freed early. */
  readonly givesAway?: boolean
  /** The path as given, or a URL; for messages. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** Reads all bytes from `start` to `end`, exclusive, or fails. */
  read (start: number, end: number): Promise<Buffer>
  /** Announces a range that will be read in order, so that it can be fetched ahead. */
  expect?(start: number, end: number): void
  close (): Promise<void>
}
