import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { LineSink, type LineSinkOptions } from '../lib/output/line-sink.ts'
import { parseOptions } from '../lib/options.ts'

export const textSinkOptions = z.strictObject({})

/** Options of `textSink`. */
export type TextSinkOptions = LineSinkOptions

/** Whether an output is text by its name: `.txt`, plain or compressed. */
export function isTextFile (path: string): boolean {
  return /\.txt(\.(gz|zst))?$/.test(path)
}

/**
 * Writes the text of each document as one line.
 *
 * @param path compressed if it ends in `.gz` or `.zst`; `-` for standard output
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_OUTPUT`, and with `ERR_DOCUMENT` for a text with line
 *   breaks
 */
export function textSink (path: string, options: TextSinkOptions = {}): LineSink<Document> {
  const { highWaterMark, signal, resumable, ...own } = options
  parseOptions('text', textSinkOptions, own)
  return new LineSink('text', path, ({ id, text }: Document) => {
    if (/[\n\r]/.test(text)) {
      throw new SluiceError('ERR_DOCUMENT', `${path}: document ${id} has line breaks and would become several lines; ` +
        'put normalize before the sink, or write NDJSON')
    }
    return text + '\n'
  }, { highWaterMark, signal, resumable })
}
