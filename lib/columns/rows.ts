import type { Value } from './values.ts'

/** A row by column name, without a prototype, so that every name is a plain key. */
export type Row = Readonly<Record<string, Value>>

/** In a row's place, when its values have more bytes than were asked for. */
export class TooLong {
  readonly bytes: number

  constructor (bytes: number) {
    this.bytes = bytes
  }
}

/** Some rows that follow each other. */
export interface Batch {
  /** Of the first one, counted over the file from 0. */
  readonly start: number
  readonly rows: ReadonlyArray<Row | TooLong>
  /** Bytes of the values of each, decompressed. */
  readonly sizes: readonly number[]
}
