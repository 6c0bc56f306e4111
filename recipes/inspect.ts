import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { STANDARD_STREAM } from '../lib/bytes.ts'
import { SluiceError } from '../lib/errors.ts'
import { positive } from '../lib/options.ts'
import { LineSink } from '../lib/output/line-sink.ts'
import { recordedDocuments } from '../lib/shards/recorded-documents.ts'
import { type ShardSet, hasDocuments, openShards } from '../lib/shards/reader.ts'
import { type LengthBucket, type ShardStatistics, type Spread, shardStatistics } from '../lib/shards/statistics.ts'
import { type ShardRow, type ShardTextOptions, shardDocuments, shardIdRows, shardRows } from '../lib/shards/text.ts'
import { shown, shownInLine } from '../lib/text/shown.ts'
import { readTokenizerFile } from '../lib/tokenizer/files.ts'
import { loadOptions } from '../lib/tokenizer/options.ts'
import { loadDecoder } from '../lib/tokenizer/tokenizer.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { boundaryOptions, boundariesOf } from '../transforms/encode.ts'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { partAt } from './components/find-part.ts'
import { type FoundTokenizer, findTokenizer } from './components/find-tokenizer.ts'
import { type RunOptions, runStreams } from './flow/flow.ts'
import { number, percent } from '../lib/text/numbers.ts'
import { tableLines } from '../lib/text/table.ts'

/** Rows that are shown by default. */
const DEFAULT_ROWS = 3

const TOKENIZER_HELP = 'tokenizer that the shards were made with (default: the one named by the checkpoint or the ' +
  'stats next to the shards)'

export const inspectOptions = z.strictObject({
  tokenizerPath: z.string().min(1).optional().describe(TOKENIZER_HELP),
  row: z.int().optional().describe('first row to show, from 0 over all shards; a negative one counts from the end'),
  rows: positive.optional().describe(`how many rows to show (default: 1 with --row, else ${DEFAULT_ROWS})`),
  documents: z.boolean().default(false).describe('print documents as NDJSON, instead of rows'),
  counts: z.boolean().default(false).describe('count documents, their lengths, unknown ids and more, instead of rows'),
  tiktokenFamily: loadOptions.tiktokenFamily,
  eosId: boundaryOptions.eosId
}).describe('shards -> some rows as text, documents as NDJSON (--documents), or counts (--counts)')

export const inspectAliases = { former: { stats: 'counts' } } as const

/** A report on what `inspect` has written to standard output. */
export interface InspectReport {
  readonly of: 'row' | 'document'
  readonly count: number
  /** Rows of all shards. */
  readonly rows: number
  /** Null if rows were shown as ids. */
  readonly tokenizer_path: string | null
  /** Why there is no tokenizer, or what is uncertain about the one that was named; otherwise null. */
  readonly note: string | null
}

/**
 * Turns shards back into text, on standard output: rows or documents; with `counts` it returns counts. Rows are shown
 * as ids if no tokenizer is named and none is found.
 *
 * @param path a folder of shards, one shard, or the stats or folder of a training set that has one side
 * @throws SluiceError `ERR_OPTION`, `ERR_TOKENIZER`, `ERR_FILES`; `ERR_SHARD` for a damaged shard and for an id that
 *   isn't in the vocabulary; `ERR_ABORTED`
 */
export async function inspect (
  path: string, options: WithAliases<z.input<typeof inspectOptions>, typeof inspectAliases> = {}, run: RunOptions = {}
): Promise<InspectReport | ShardStatistics> {
  return await inspectParsed(path, parseNamed('inspect', inspectOptions, options, inspectAliases), run)
}

/** Like `inspect`, with parsed options. */
export async function inspectParsed (
  given: string, options: z.output<typeof inspectOptions>, { signal }: RunOptions
): Promise<InspectReport | ShardStatistics> {
  const { tokenizerPath, eosId, row, rows, documents, counts } = options
  if (Number(documents) + Number(counts) + Number(row !== undefined || rows !== undefined) > 1) {
    throw new SluiceError('ERR_OPTION', 'inspect: expected one of rows (`row`, `rows`), `documents` and `counts`')
  }
  const path = await partAt(given)
  const set = await openShards(path)
  const found = await findTokenizer(path.endsWith('.npy') ? dirname(path) : path)
  const used = tokenizerPath ?? found.path
  const note = used === null
    ? `${found.why}; name it with --tokenizer-path`
    : tokenizerPath === undefined ? null : await otherTokenizer(tokenizerPath, found)
  if (used === null && (documents || counts)) {
    const expected = 'expected the tokenizer that the shards were made with'
    throw new SluiceError('ERR_OPTION', `inspect.tokenizerPath: it is missing, ${expected}: ${found.why}`)
  }
  const report = (of: InspectReport['of'], count: number): InspectReport =>
    ({ of, count, rows: rowsOf(set), tokenizer_path: used, note })
  const show = async (rows: AsyncIterable<ShardRow>): Promise<InspectReport> => {
    const sink = new LineSink<ShardRow>('inspect', STANDARD_STREAM, rowText, {})
    await runStreams('inspect', [Readable.from(rows), sink], signal)
    return report('row', sink.stats.out)
  }
  if (used === null) return await show(shardIdRows(set, { signal, ...rangeOf(path, set, row, rows) }))
  const decoder = await loadDecoder(used, { family: options.tiktokenFamily })
  const { eosId: eos } = boundariesOf(decoder, { eosId: eosId === -1 ? found.eosId ?? eosId : eosId })
  const reading: ShardTextOptions = { decoder, eosId: eos, signal }
  if (counts) return await shardStatistics(set, reading)
  if (!documents) return await show(shardRows(set, { ...reading, ...rangeOf(path, set, row, rows) }))
  const sink = ndjsonSink(STANDARD_STREAM)
  const decoded = set.shards.every(hasDocuments) ? recordedDocuments(set, reading) : shardDocuments(set, reading)
  await runStreams('inspect', [Readable.from(decoded), sink], signal)
  return report('document', sink.stats.out)
}

function rowText ({ index, path, row, text }: ShardRow): string {
  return `[${index}] ${shownInLine(path)}, row ${row}\n${shown(text.replace(/\n$/, ''))}\n`
}

/** A note if the shards were made with another tokenizer than the named one; otherwise null. */
async function otherTokenizer (path: string, { sha256: expected, from }: FoundTokenizer): Promise<string | null> {
  const { sha256: hash } = await readTokenizerFile(path)
  if (expected === null || hash === expected) return null
  const hashes = `it has SHA-256 ${hash}, and ${from} has ${expected}`
  return `${path} is not the tokenizer that the shards were made with: ${hashes}`
}

function rowsOf ({ shards }: ShardSet): number {
  return shards.reduce((sum, { rows }) => sum + rows, 0)
}

/** The rows that are requested. @throws SluiceError `ERR_OPTION` when there is no such row */
function rangeOf (
  path: string, set: ShardSet, row: number | undefined, rows: number | undefined
): { from: number, to: number } {
  const total = rowsOf(set)
  if (row === undefined) return { from: 0, to: rows ?? DEFAULT_ROWS }
  const from = row < 0 ? total + row : row
  if (from < 0 || from >= total) {
    const expected = `expected 0 to ${total - 1}, or -${total} to -1`
    throw new SluiceError('ERR_OPTION', `inspect.row: ${path} has ${total} rows, ${expected}, got ${row}`)
  }
  return { from, to: from + (rows ?? 1) }
}

/** A summary of what was shown, as text: the counts, how to see more, and a note about the tokenizer. */
export function inspectText (report: InspectReport): string {
  const { of, count, rows, tokenizer_path: tokenizer, note } = report
  const what = `${of}${(of === 'row' ? rows : count) === 1 ? '' : 's'}`
  const isPart = of === 'row' && count < rows
  const shown = isPart ? `${number(count)} of ${number(rows)} ${what}` : `${number(count)} ${what}`
  const by = tokenizer === null ? ', as ids' : `, decoded by ${tokenizer}`
  const more = isPart ? `; --rows ${rows} shows all, --row -1 the last one` : ''
  return `inspect: ${shown}${by}${more}${note === null ? '' : `\ninspect: ${note}`}`
}

/** Characters of the longest bar. */
const BAR_WIDTH = 40

/** The counts as text, with a bar for each bucket of document lengths. */
export function statisticsTable (stats: ShardStatistics): string {
  const { shards, sequences, seq_len: width, ids, documents, open_ids: open, first_outside: first } = stats
  const { cut_documents: cut, padding_ids: padding } = stats
  const share = (n: number): string => `${number(n)} (${percent(ids === 0 ? 0 : n / ids)})`
  const unfinished = open === 0 ? '' : `, and ${number(open)} ids of one that is not ended`
  const place = first && `${first.path}, row ${first.row}, column ${first.column}`
  const where = first === null ? '' : `, the first ${first.id} in ${place}`
  const counts = tableLines([
    ['shards', `${number(shards)}, with ${number(sequences)} sequences of ${number(width)} ids: ${number(ids)} ids`],
    ['documents', `${number(documents)} ended${unfinished}`],
    ...(cut === null ? [] : [['in several sequences', `${number(cut)} documents`]]),
    ...(padding === null || padding === 0 ? [] : [['padding', share(padding)]]),
    ['ids of a document', spreadText(stats.document_ids)],
    ['ends in a sequence', spreadText(stats.ends_per_sequence)],
    ['unknown', share(stats.unknown_ids)],
    ['bytes', share(stats.byte_ids)],
    ['not in the vocabulary', `${number(stats.outside_ids)}${where}`]
  ], 'left')
  return [...counts, ...lengthLines(stats.document_lengths)].join('\n')
}

function spreadText (spread: Spread | null): string {
  if (spread === null) return 'none'
  return `mean ${spread.mean.toFixed(1)}, min ${number(spread.min)}, max ${number(spread.max)}`
}

function lengthLines (buckets: readonly LengthBucket[]): string[] {
  if (buckets.length === 0) return []
  const max = Math.max(...buckets.map(({ documents }) => documents))
  const rows = buckets.map(({ from, to, documents }) => {
    return [from === to ? String(from) : `${number(from)}-${number(to)}`, number(documents)]
  })
  const bars = ['', ...buckets.map(({ documents }) => '#'.repeat(Math.ceil(BAR_WIDTH * documents / max)))]
  return ['', ...tableLines([['ids', 'documents'], ...rows]).map((line, i) => `${line}  ${bars[i]!}`.trimEnd())]
}
