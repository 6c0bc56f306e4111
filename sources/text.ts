import { z } from 'zod'
import { textRecords } from '../lib/records/text.ts'
import { RecordSource, type SourceInput } from '../lib/records/source.ts'
import { type SourceOptions, recordSourceOptions, sourceOptions } from '../lib/records/source-options.ts'

export const textOptions = z.strictObject(recordSourceOptions)

/** Options of `text`. */
export type TextOptions = z.input<typeof textOptions> & SourceOptions

/**
 * Reads documents from text, one per line; plain, `.gz` or `.zst`. An empty line is an empty document. Lines end in
 * `\n`, `\r\n` or `\r`, as in Python.
 *
 * A line that is not UTF-8 or is too long is counted in `stats.dropped`.
 *
 * @param input paths, globs, `-` for standard input, or an iterable of bytes
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_FILES`, `ERR_SOURCE`, `ERR_BAD_RECORDS` or `ERR_STATE`
 */
export function text (input: SourceInput, options: TextOptions = {}): RecordSource {
  return textSource(input, ...sourceOptions('text', textOptions, options))
}

/** Like `text`, with parsed options. */
export function textSource (
  input: SourceInput, { maxLineBytes, maxBad }: z.output<typeof textOptions>, shared: SourceOptions = {}
): RecordSource {
  return new RecordSource('text', input, textRecords(maxLineBytes), { maxBad }, shared)
}
