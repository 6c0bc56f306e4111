import { z } from 'zod'
import type { Document } from '../document.ts'
import type { RemoteOptions } from '../input/hub.ts'
import { type OptionsSchema, count, parseOptions, positive } from '../options.ts'
import type { StageStats, StreamOptions } from '../stage/stage.ts'
import { type BadRecord, maxBadOption } from './bad-records.ts'
import type { SourcePosition } from './positions.ts'

/** What a source has read. `in` counts records, `dropped` those that gave no document, by reason. */
export interface SourceStats extends StageStats {
  /** Bytes of decompressed content read so far. */
  bytes: number
}

/** Options of every source. */
export const recordSourceOptions = {
  maxLineBytes: positive.default(8 * 1024 * 1024).describe('longest record read, in bytes; a longer one is counted as too_long'),
  maxBad: maxBadOption
}

/** What sources can be told in code, beside their own options. */
export interface SourceOptions extends StreamOptions {
  /** Goes on from here: a `position` that the same source gave for the same files. */
  readonly from?: SourcePosition | undefined
  /** Called with each record that gives no document; the source waits for it. */
  readonly rejects?: ((record: BadRecord) => void | Promise<void>) | undefined
  /** Called with each document and its place, `<path>#<offset>`, as it leaves. */
  readonly located?: ((document: Document, position: string) => void) | undefined
  /**
   * Called with what is no error, and may be a mistake: an input without records, a column that one of several files
   * lacks.
   */
  readonly tell?: ((message: string) => void) | undefined
  /** Whether these are some files of more. @default false */
  readonly isSample?: boolean | undefined
  /** How files on the Hub are read. */
  readonly hub?: RemoteOptions['hub']
}

/** Where a source stands at a barrier, and what it has counted; small JSON. */
export const sourceState = z.strictObject({
  position: z.strictObject({ file: count, path: z.string(), offset: count }),
  stats: z.strictObject({ in: count, out: count, dropped: z.record(z.string(), count), bytes: count }),
  firstBad: z.string().nullable(),
  /** Which line the position is in, where lines are counted. */
  line: z.int().positive().optional()
})

/** How far a source has come: what its `save` gives. */
export type SourceState = z.output<typeof sourceState>

/**
 * Parts what a source's factory was given into its own options, checked by its schema, and those that every source has.
 *
 * @throws SluiceError `ERR_OPTION`
 */
export function sourceOptions<S extends OptionsSchema> (name: string, schema: S, given: z.input<S> & SourceOptions): [own: z.output<S>, shared: SourceOptions] {
  const { from, rejects, located, tell, isSample, hub, highWaterMark, signal, ...own } = given as SourceOptions & Record<string, unknown>
  return [parseOptions(name, schema, own), { from, rejects, located, tell, isSample, hub, highWaterMark, signal }]
}
