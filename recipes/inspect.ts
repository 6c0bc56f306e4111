import { Readable } from 'node:stream'
import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { STANDARD_STREAM } from '../lib/files.ts'
import { LineSink } from '../lib/line-sink.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { type ShardSet, openShards } from '../lib/shard-reader.ts'
import { type ShardStatistics, type Spread, shardStatistics } from '../lib/shard-statistics.ts'
import { shown, shownInLine } from '../lib/shown.ts'
import { type ShardRow, type ShardTextOptions, shardDocuments, shardRows } from '../lib/shard-text.ts'
import { loadDecoder } from '../lib/tokenizer.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { encodeOptions, endOfSentence } from '../transforms/encode.ts'
import { type RunOptions, runStreams } from './flow.ts'
import { number, table } from './report.ts'

export const inspectOptions = z.strictObject({
  tokenizerPath: z.string().min(1).describe('SentencePiece .model file that the shards were made with'),
  row: z.int().optional().describe('first row to show, from 0 over all shards; a negative one counts from the end'),
  rows: positive.optional().describe('how many rows to show (default: 1 with --row, else all)'),
  documents: z.boolean().default(false).describe('give documents as NDJSON, in place of rows'),
  stats: z.boolean().default(false).describe('count documents, their lengths, unknown ids and more, in place of rows'),
  eosId: encodeOptions.shape.eosId
}).describe('shards -> rows as text, documents as NDJSON (--documents), or counts (--stats)')

/** What `inspect` has put to standard output. */
export interface InspectReport {
  readonly of: 'row' | 'document'
  readonly count: number
}

/**
 * Shards back to text, on standard output: rows, documents, or, with `stats`, counts, which are returned.
 *
 * @param path a folder of shards, or one shard
 * @throws SluiceError `ERR_OPTION`, `ERR_TOKENIZER`, `ERR_FILES`; `ERR_SHARD` for a damaged shard and for an id that isn't in the vocabulary; `ERR_ABORTED`
 */
export async function inspect (path: string, options: z.input<typeof inspectOptions>, { signal }: RunOptions = {}): Promise<InspectReport | ShardStatistics> {
  const { tokenizerPath, eosId, row, rows, documents, stats } = parseOptions('inspect', inspectOptions, options)
  if (Number(documents) + Number(stats) + Number(row !== undefined || rows !== undefined) > 1) {
    throw new SluiceError('ERR_OPTION', 'inspect: expected one of rows (--row, --rows), documents (--documents) and stats (--stats)')
  }
  const decoder = await loadDecoder(tokenizerPath)
  const reading: ShardTextOptions = { decoder, eosId: endOfSentence(decoder, eosId), signal }
  const set = await openShards(path)
  if (stats) return await shardStatistics(set, reading)
  if (documents) {
    const sink = ndjsonSink(STANDARD_STREAM)
    await runStreams('inspect', [Readable.from(shardDocuments(set, reading)), sink], signal)
    return { of: 'document', count: sink.stats.out }
  }
  const sink = new LineSink<ShardRow>('inspect', STANDARD_STREAM, ({ index, path, row, text }) => `[${index}] ${shownInLine(path)}, row ${row}\n${shown(text.replace(/\n$/, ''))}\n`, {})
  await runStreams('inspect', [Readable.from(shardRows(set, { ...reading, ...rangeOf(path, set, row, rows) })), sink], signal)
  return { of: 'row', count: sink.stats.out }
}

/** The rows that are asked for. @throws SluiceError `ERR_OPTION` when there is no such row */
function rangeOf (path: string, { shards }: ShardSet, row: number | undefined, rows: number | undefined): { from: number, to: number } {
  const total = shards.reduce((sum, { rows }) => sum + rows, 0)
  if (row === undefined) return { from: 0, to: rows ?? total }
  const from = row < 0 ? total + row : row
  if (from < 0 || from >= total) throw new SluiceError('ERR_OPTION', `inspect.row: ${path} has ${total} rows, expected 0 to ${total - 1}, or -${total} to -1, got ${row}`)
  return { from, to: from + (rows ?? 1) }
}

/** Characters of the longest bar. */
const BAR_WIDTH = 40

/** The counts for people, with a bar for each bucket of document lengths. */
export function statisticsTable (stats: ShardStatistics): string {
  const { shards, sequences, seq_len: width, ids, documents, open_ids: open, document_lengths: buckets } = stats
  const share = (n: number): string => `${number(n)} (${ids === 0 ? 0 : (100 * n / ids).toPrecision(3)} %)`
  const spread = (of: Spread | null): string => of === null ? 'none' : `mean ${of.mean.toFixed(1)}, min ${number(of.min)}, max ${number(of.max)}`
  const most = Math.max(...buckets.map(({ documents }) => documents))
  const first = stats.first_outside
  return [
    `shards      ${number(shards)}, with ${number(sequences)} sequences of ${number(width)} ids: ${number(ids)} ids`,
    `documents   ${number(documents)} ended${open === 0 ? '' : `, and ${number(open)} ids of one that goes on`}`,
    `  ids each  ${spread(stats.document_ids)}`,
    `  ends in a sequence  ${spread(stats.ends_per_sequence)}`,
    `unknown     ${share(stats.unknown_ids)}`,
    `bytes       ${share(stats.byte_ids)}`,
    `not in the vocabulary  ${number(stats.outside_ids)}${first === null ? '' : `, the first ${first.id} in ${first.path}, row ${first.row}, column ${first.column}`}`,
    ...(buckets.length === 0
      ? []
      : ['', table([['ids', 'documents'], ...buckets.map(({ from, to, documents }) => [from === to ? String(from) : `${number(from)}-${number(to)}`, number(documents)])])
          .split('\n').map((line, i) => i === 0 ? line : `${line}  ${'#'.repeat(Math.ceil(BAR_WIDTH * buckets[i - 1]!.documents / most))}`.trimEnd()).join('\n')])
  ].join('\n')
}
