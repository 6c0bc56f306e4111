import { z } from 'zod'
import type { Document, Sequence, Tokens } from '../lib/document.ts'
import { toJson } from '../lib/json/json.ts'
import { LineSink, type LineSinkOptions } from '../lib/output/line-sink.ts'
import { parseOptions } from '../lib/options.ts'
import { savedParts } from '../lib/packing/parts.ts'

export const ndjsonSinkOptions = z.strictObject({})

/** Options of `ndjsonSink`. */
export type NdjsonSinkOptions = LineSinkOptions

/**
 * Writes one JSON object per line: `{id,text,meta}` for a document, `{id,ids,meta}` for tokens, `{ids,documents}` for a
 * sequence, with id, offset, start and length of each document in it.
 *
 * @param path compressed if it ends in `.gz` or `.zst`; `-` for standard output
 * @throws SluiceError `ERR_OPTION`; the stream fails with `ERR_OUTPUT`
 */
export function ndjsonSink (path: string, options: NdjsonSinkOptions = {}): LineSink<Document | Tokens | Sequence> {
  const { highWaterMark, signal, resumable, ...own } = options
  parseOptions('ndjson', ndjsonSinkOptions, own)
  return new LineSink('ndjson', path, ndjsonLine, { highWaterMark, signal, resumable })
}

/** An item as a line of NDJSON. */
export function ndjsonLine (item: Document | Tokens | Sequence): string {
  if (isSequence(item)) return `{"ids":[${item.join(',')}]${documentsJson(item)}}\n`
  if ('ids' in item) {
    return `{"id":${JSON.stringify(item.id)},"ids":[${item.ids.join(',')}],"meta":${metaJson(item.meta)}}\n`
  }
  return `{"id":${JSON.stringify(item.id)},"text":${JSON.stringify(item.text)},"meta":${metaJson(item.meta)}}\n`
}

function isSequence (item: Document | Tokens | Sequence): item is Sequence {
  return item instanceof Int32Array
}

/** The documents of a sequence: the hash of the id, offset, start and length of each. */
function documentsJson ({ parts }: Sequence): string {
  return parts === undefined ? '' : `,"documents":${JSON.stringify(savedParts(parts))}`
}

/** A custom stage in JavaScript may have left `meta` out. */
function metaJson (meta: Readonly<Record<string, unknown>> | undefined): string {
  return toJson(meta ?? {})
}
