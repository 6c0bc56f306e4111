/** Records in the order of their keys, from memory or from a file. */
export interface SortedRecords {
  /** The key of the current record; Infinity after the last one. */
  readonly key: number
  /** The length of the current record, in bytes. */
  readonly length: number
  /** Where the current record begins in `bytes`; -1 if it is too large for that, and only `copyTo` reads it. */
  readonly start: number
  readonly bytes: Buffer
  /** Where the current record begins in the source; the sources can be opened there again. */
  readonly position: number
  /** Goes to the next record. @returns whether it has been read; if not, `fill` must be called */
  next (): boolean
  /** Reads the current record. */
  fill (): Promise<void>
  /** Copies the current record, whose `start` is -1. It can be copied once. */
  copyTo (target: Buffer): Promise<void>
  close (): Promise<void>
}
