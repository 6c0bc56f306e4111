import { z } from 'zod'
import type { Document } from '../document.ts'
import type { RemoteOptions } from '../input/hub.ts'
import { type OptionsSchema, count, parseOptions, positive } from '../options.ts'
import type { StageStats, StreamOptions } from '../stage/stage.ts'
import { type BadRecord, maxBadOption } from './bad-records.ts'
import type { SourcePosition } from './positions.ts'

/** Counts of a source: `in` records, `out` documents, `dropped` bad records by reason. */
export interface SourceStats extends StageStats {
  /** Bytes of decompressed content read so far. */
  bytes: number
}

/** Options of every source. */
export const recordSourceOptions = {
  maxLineBytes: positive.default(8 * 1024 * 1024)
    .describe('longest record read, in bytes; a longer one is counted as too_long'),
  maxBad: maxBadOption
}

/** Options of all sources in code, besides those of each source. */
export interface SourceOptions extends StreamOptions {
  /** Resumes from a `position` of a source with the same files. */
  readonly from?: SourcePosition | undefined
  /** Called with each bad record; the source waits for it. */
  readonly rejects?: ((record: BadRecord) => void | Promise<void>) | undefined
  /** Called with each document and its position, `<path>#<offset>`, as it is emitted. */
  readonly located?: ((document: Document, position: string) => void) | undefined
  /** Called with warnings, such as an input without records, or a column that one of several files lacks. */
  readonly tell?: ((message: string) => void) | undefined
  /** Whether the files are only a sample of all files. @default false */
  readonly isSample?: boolean | undefined
  /** How files on the Hub are read. */
  readonly hub?: RemoteOptions['hub']
}

/** The position of a source at a barrier, and its counts, as small JSON. */
export const sourceState = z.strictObject({
  position: z.strictObject({ file: count, path: z.string(), offset: count }),
  stats: z.strictObject({ in: count, out: count, dropped: z.record(z.string(), count), bytes: count }),
  firstBad: z.string().nullable(),
  /** Line number of the position, if lines are counted. */
  line: z.int().positive().optional()
})

/** The state of a source, as returned by its `save`. */
export type SourceState = z.output<typeof sourceState>

/**
 * Splits the options of a source into its own, checked by its schema, and those of all sources.
 *
 * @throws SluiceError `ERR_OPTION`
 */
export function sourceOptions<S extends OptionsSchema> (
  name: string,
  schema: S,
  given: z.input<S> & SourceOptions
): [own: z.output<S>, shared: SourceOptions] {
  const all: SourceOptions & Record<string, unknown> = given
  const { from, rejects, located, tell, isSample, hub, highWaterMark, signal, ...own } = all
  return [parseOptions(name, schema, own), { from, rejects, located, tell, isSample, hub, highWaterMark, signal }]
}
