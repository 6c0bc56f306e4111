/** The name that stands for standard input, and for standard output. */
export const STANDARD_STREAM = '-'

/** A path, a glob, or a list of both; `-` is standard input. */
export type FileNames = string | readonly string[]

/** A file to read. */
export interface InputFile {
  /** As it was given, or as the glob gave it. */
  readonly path: string
  /** Bytes on disk, compressed as they are; null where that can't be known (standard input). */
  readonly size: number | null
}

/** Bytes that can be read from anywhere: a file, or whatever answers to ranges. */
export interface ByteRanges {
  /** Whether what `read` gives is a buffer that nobody else has, so that its memory can be given back early. */
  readonly givesAway?: boolean
  /** For messages: the path as it was given, or an address. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** The bytes from `start` to `end`, exclusive: all of them, or it fails. */
  read (start: number, end: number): Promise<Buffer>
  /** Told what is going to be read in order: it may be fetched ahead. */
  expect?(start: number, end: number): void
  close (): Promise<void>
}
