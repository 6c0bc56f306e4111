import { Writable } from 'node:stream'
import split2 from 'split2'
import { z } from 'zod'
import { STANDARD_STREAM } from '../lib/bytes.ts'
import type { Document, Sequence, Tokens } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { withNamedNumbers } from '../lib/json/json.ts'
import { JsonMistake, describeMistake, jsonMistake, parsePythonJson } from '../lib/json/python.ts'
import { LineValues } from '../lib/json/structure.ts'
import { positive } from '../lib/options.ts'
import type { OpenSequence } from '../lib/packing/packing.ts'
import { checkedParts } from '../lib/packing/parts.ts'
import { formatByNames, formatName } from '../lib/records/format.ts'
import type { StageOptions, StageStats } from '../lib/stage/stage.ts'
import { ndjsonSink } from '../sinks/ndjson.ts'
import { NpySink, npySinkOptions } from '../sinks/npy.ts'
import { isParquetFile, parquetSink } from '../sinks/parquet.ts'
import { isTextFile, textSink } from '../sinks/text.ts'
import { ndjsonOptions } from '../sources/ndjson.ts'
import type { PackStats } from '../transforms/pack.ts'
import { datasetOption, rejectsOption } from './components/corpus.ts'
import { type RunOptions, runFlow, runStreams } from './flow/flow.ts'
import { limit } from './flow/limit.ts'
import { keepingRejects } from './flow/rejects.ts'
import { refuseInputAsOutput } from './jobs/places.ts'
import { type AnyStage, anySourceOptions, makeSource } from './stages.ts'

/** An item of a pipe, one per line: what `read`, `encode` and `pack` write. */
export type Item = Document | Tokens | Sequence

/** The report of a stage of a pipe when it has ended. */
export interface StageReport extends StageStats {
  readonly stage: string
  /** Only for `pack`. */
  readonly tokens?: number
  readonly tail?: number
  readonly padding?: number
}

export const readOptions = z.strictObject({
  dataset: datasetOption,
  ...ndjsonOptions.shape,
  ...anySourceOptions,
  rejects: rejectsOption,
  limit: positive.optional().describe('maximum number of documents to write')
}).describe('files -> documents as NDJSON, for a pipe')

export const writeOptions = z.strictObject(npySinkOptions.shape)
  .describe('items of a pipe -> the file or folder OUTPUT')

/** `read`: documents from files to standard output. */
export async function readToPipe (
  files: readonly string[], options: z.output<typeof readOptions>, run: RunOptions
): Promise<StageReport> {
  const { dataset, limit: max, rejects: rejectsPath, ...reading } = options
  const input = files.length === 0 ? STANDARD_STREAM : files
  if (rejectsPath !== undefined) await refuseInputAsOutput(rejectsPath, input)
  return await keepingRejects(rejectsPath ?? null, async rejects => {
    const format = formatName(dataset ?? formatByNames(input))
    const source = makeSource(format, input, reading, { ...rejects?.forSource(), tell: run.tell })
    const limits = max === undefined ? [] : [limit<Document>(max, () => { source.stop() })]
    await runFlow({ name: 'read', source }, [...limits, ndjsonSink(STANDARD_STREAM)], run)
    return reportOf(source)
  })
}

/**
 * A transform as a command: items from standard input to standard output.
 *
 * @param make the stage
 */
export async function transformPipe (
  name: string, make: (shared: StageOptions<Document>) => AnyStage, { signal, tell }: RunOptions, rejectsPath?: string
): Promise<StageReport> {
  return await keepingRejects(rejectsPath ?? null, async rejects => {
    const stage = make(rejects === null ? {} : { rejects: rejects.ofFilter(name) })
    const accepts = name === 'pack' ? isTokens : isDocument
    await runStreams(name, [process.stdin, pipeItems(name, accepts), stage, ndjsonSink(STANDARD_STREAM)], signal)
    warnOfNothing(stage, tell)
    return reportOf(stage)
  })
}

/** `write`: items from standard input to a file, or to a folder of shards, by the output's name. */
export async function writeFromPipe (
  output: string, options: z.output<typeof writeOptions>, { signal, tell }: RunOptions
): Promise<StageReport> {
  const [sink, accepts] = sinkFor(output, options)
  await runStreams('write', [process.stdin, pipeItems('write', accepts), sink], signal)
  warnOfNothing(sink, tell)
  return reportOf(sink)
}

function warnOfNothing ({ stageName, stats }: Pick<AnyStage, 'stageName' | 'stats'>, tell: RunOptions['tell']): void {
  if (stats.in === 0) tell?.(`warning: ${stageName}: standard input is empty`)
}

const NDJSON_FILE = /\.(ndjson|ndjsonl|jsonl|json)(\.(gz|zst))?$/

const EXPECTED_OUTPUT = 'expected a name that ends in .ndjson or .txt, either with .gz or .zst after it or without, ' +
  'or in .parquet, ' +
  'or a folder for .npy shards, which ends in .npy or /'

type PipeSink = Writable & Pick<AnyStage, 'stageName' | 'stats'>

function sinkFor (output: string, options: z.output<typeof writeOptions>): [sink: PipeSink, accepts: Accepts] {
  if (output === STANDARD_STREAM || NDJSON_FILE.test(output)) return [ndjsonSink(output), isItem]
  if (isTextFile(output)) return [textSink(output), isDocument]
  if (isParquetFile(output)) return [parquetSink(output), isDocument]
  if (/\.npy$|\/$|(^|\/)[^.]+$/.test(output)) return [new NpySink(output, options), isSequence]
  throw new SluiceError('ERR_USAGE', `${output}: ${EXPECTED_OUTPUT}`)
}

/** Ids are 32-bit integers in a flow, as in most shards. */
const MAX_ID = 2 ** 31 - 1

/** Checks an item. Returns null if the command accepts it, otherwise a description of the items that it accepts. */
type Accepts = (item: PipedItem) => string | null

/** An item before it is checked. */
interface PipedItem {
  readonly id?: string
  readonly text?: string
  readonly ids?: readonly number[]
  readonly meta?: Readonly<Record<string, unknown>>
  readonly documents?: unknown
}

const isDocument: Accepts = ({ id, text, ids }) => {
  const isOne = typeof id === 'string' && typeof text === 'string' && ids === undefined
  return isOne ? null : '{"id","text","meta"}, as `sluice read` writes'
}
const isTokens: Accepts = ({ id, ids }) => {
  return typeof id === 'string' && Array.isArray(ids) ? null : '{"id","ids","meta"}, as `sluice encode` writes'
}
const isSequence: Accepts = ({ id, ids }) => {
  return id === undefined && Array.isArray(ids) ? null : '{"ids","documents"}, as `sluice pack` writes'
}
const isItem: Accepts = item => {
  return [isDocument, isTokens, isSequence].some(is => is(item) === null) ? null : 'a document, tokens or a sequence'
}

/**
 * Parses the items in lines of sluice's commands or of other programs, which may put several into a line. Any other
 * line ends the flow: it doesn't mean that a record is bad, but that the pipe is put together in the wrong way.
 */
function pipeItems (command: string, accepts: Accepts): NodeJS.ReadWriteStream {
  let line = 0
  const fail = (found: string, cause?: unknown): never => {
    throw new SluiceError('ERR_DOCUMENT', `${command}: line ${line} of standard input: ${found}`, { cause })
  }
  const sequenceOf = (ids: readonly number[], documents: unknown): Sequence => {
    const sequence: OpenSequence = Int32Array.from(ids)
    if (documents === undefined) return sequence
    const parts = checkedParts(documents, ids.length)
    if (typeof parts === 'string') return fail(`documents: ${parts}`)
    return Object.assign(sequence, { parts })
  }
  const take = (value: unknown): Item => {
    if (typeof value !== 'object' || value === null) return fail('expected a JSON object')
    const item = value as PipedItem
    const expected = accepts(item)
    if (expected !== null) return fail(`expected ${expected}, got ${kindOf(item)}`)
    const { id, text, ids, meta = {} } = item
    const wrong = ids?.findIndex(id => !Number.isInteger(id) || id < 0 || id > MAX_ID) ?? -1
    if (wrong !== -1) {
      return fail(`ids[${wrong}] is ${JSON.stringify(ids![wrong])}, expected an integer from 0 to ${MAX_ID}`)
    }
    if (ids === undefined) return { id: id!, text: text!, meta }
    return id === undefined ? sequenceOf(ids, item.documents) : { id, ids: Int32Array.from(ids), meta }
  }
  const stream = split2((json: string): Item => {
    line++
    let item: unknown
    try {
      item = JSON.parse(json)
    } catch (cause) {
      const refuse = (mistake: JsonMistake): never =>
        fail(`is not JSON (${describeMistake(json, mistake)}); raw data goes through \`sluice read\` first`, cause)
      const parts = valuesOf(json, refuse)
      for (const part of parts.slice(0, -1)) stream.push(take(part))
      item = parts.at(-1)
    }
    return take(item)
  })
  return stream
}

/** The values in a line that is not JSON as a whole: several values, or JSON as Python writes it. */
function valuesOf (line: string, refuse: (mistake: JsonMistake) => never): unknown[] {
  const bytes = Buffer.from(line.replace(/^\ufeff/, ''))
  const values = new LineValues()
  const found: unknown[] = []
  for (let at = 0; at < bytes.length;) {
    const end = values.find(bytes, at)
    const next = end === -1 ? bytes.length : end
    const json = bytes.toString('utf8', at, next)
    try {
      found.push(withNamedNumbers(parsePythonJson(json)))
    } catch (error) {
      if (!(error instanceof JsonMistake)) throw error
      // Spaces replace the preceding values, so that the message has the column within the line.
      return refuse(jsonMistake(' '.repeat(bytes.toString('utf8', 0, at).length) + json) ?? error)
    }
    at = next
  }
  return found
}

function kindOf (item: PipedItem): string {
  return `{${Object.keys(item).map(key => JSON.stringify(key)).join(',').slice(0, 100)}}`
}

function reportOf ({ stageName, stats }: Pick<AnyStage, 'stageName' | 'stats'>): StageReport {
  const { tokens, tail, padding } = stats as Partial<PackStats>
  const counts = { stage: stageName, in: stats.in, out: stats.out, dropped: { ...stats.dropped } }
  if (tokens === undefined || tail === undefined) return counts
  return { ...counts, tokens, tail, ...(padding !== undefined && { padding }) }
}
