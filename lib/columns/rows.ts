import type { Value } from './values.ts'

/** A row by column name. It has no prototype, so that every name can be a key. */
export type Row = Readonly<Record<string, Value>>

/** Takes the place of a row whose values have more bytes than the limit. */
export class TooLong {
  readonly bytes: number

  constructor (bytes: number) {
    this.bytes = bytes
  }
}

/** Consecutive rows. */
export interface Batch {
  /** The number of the first row in the file, from 0. */
  readonly start: number
  readonly rows: ReadonlyArray<Row | TooLong>
  /** The decompressed bytes of each row's values. */
  readonly sizes: readonly number[]
}
