import { join } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Sequence, Tokens } from '../../lib/document.ts'
import { SluiceError } from '../../lib/errors.ts'
import { parseOptions } from '../../lib/options.ts'
import { checkWritable } from '../../lib/output/open.ts'
import { refuseForeign, writeOwn } from '../../lib/output/own-file.ts'
import { isFlat, unfit } from '../../lib/shards/formats/formats.ts'
import { formatNames } from '../../lib/shards/formats/format.ts'
import { shardFileOptions } from '../../lib/shards/formats/options.ts'
import { type ShardFile, type ShardSet, openShards, readIds } from '../../lib/shards/reader.ts'
import { STATS, type ShardedStats } from '../../lib/shards/stats.ts'
import { type ReadCounts, wholeDocuments } from '../../lib/shards/whole-documents.ts'
import { number } from '../../lib/text/numbers.ts'
import { refuseChanged } from '../../lib/verify/unchanged.ts'
import { npySinkOptions } from '../../sinks/npy.ts'
import { type ShardSink, dtypeOf, sinkOf } from '../components/shard-output.ts'
import { type RunOptions, runStreams } from '../flow/flow.ts'
import { checkOutputs, foldersAbove, realPlace } from '../jobs/places.ts'
import { findShards, sourceHash } from './find.ts'

const OUTPUT_HELP = 'folder for the new shards; a folder in it for each component, if there are several'
const STATS_HELP = 'JSON file for the stats of the new shards, which verify reads (default: OUTPUT.json)'

export const exportOptions = z.strictObject({
  format: z.enum(formatNames).describe('format of the new shards'),
  output: z.string().min(1).describe(OUTPUT_HELP),
  stats: z.string().min(1).optional().describe(STATS_HELP),
  sequencesPerShard: npySinkOptions.shape.sequencesPerShard,
  tokensPerShard: shardFileOptions.tokensPerShard,
  dtype: shardFileOptions.dtype,
  overwrite: npySinkOptions.shape.overwrite
}).describe('shards -> shards in the format of another trainer')

/** The result of `exportShards`: stats of the new shards, in the form that `verify` reads. */
export interface ExportStats {
  /** The path of the stats or folder that was exported. */
  readonly manifest: string
  readonly stats: readonly ShardedStats[]
}

type Options = z.output<typeof exportOptions>

/**
 * Writes the content of `npy` shards in another format. Formats of rows get the same sequences. Flat formats get the
 * documents, without padding, by the `.docs` files next to the shards, or cut after EOS ids where there are none.
 * Components without shards are left out. All files are compared with their stats before anything is written.
 *
 * @param path the stats file of a run, or a folder of shards with its checkpoint, or of a mixture
 * @throws SluiceError `ERR_STATS`, `ERR_OPTION`, `ERR_FILES`; `ERR_VERIFY` when shards are missing or have changed;
 *   `ERR_SHARD`, `ERR_OUTPUT_EXISTS`, `ERR_OUTPUT`, `ERR_ABORTED`
 */
export async function exportShards (
  path: string, options: z.input<typeof exportOptions>, run: RunOptions = {}
): Promise<ExportStats> {
  return await exportParsed(path, parseOptions('export', exportOptions, options), run)
}

/** Like `exportShards`, with parsed options. */
export async function exportParsed (path: string, options: Options, run: RunOptions): Promise<ExportStats> {
  const { from, isCheckpoint, components } = await findShards(path)
  const statsPath = options.stats ?? `${options.output.replace(/\/+$/, '')}.json`
  const folderOf = ({ name }: ShardedStats): string =>
    components.length === 1 ? options.output : join(options.output, name)
  const jobs: ExportJob[] = []
  for (const component of withShards(path, components, run)) {
    checkExport(component, options)
    jobs.push({ component, set: await openShards(component.output_dir), folder: folderOf(component) })
  }
  refuseInputFolders(jobs)
  const inputs = jobs.flatMap(({ set }) => set.shards.map(({ path }) => path))
  checkOutputs([statsPath], [path, ...inputs], { shards: jobs.map(({ folder }) => folder) })
  await refuseForeign(statsPath, STATS)
  await checkWritable(statsPath)
  const advice = `${isCheckpoint ? '' : `run sluice verify ${from}, and `}make the shards again`
  for (const { component } of jobs) await refuseChanged(component, { statsPath: from, advice, signal: run.signal })
  const stats: ShardedStats[] = []
  for (const job of jobs) stats.push(await exportComponent(job, options, run))
  const result = { manifest: path, stats }
  await writeOwn(statsPath, JSON.stringify(result, null, 2) + '\n', STATS)
  return result
}

interface ExportJob {
  readonly component: ShardedStats
  readonly set: ShardSet
  readonly folder: string
}

/** The components that have shards. @throws SluiceError `ERR_FILES` when there are none */
function withShards (path: string, components: readonly ShardedStats[], { tell }: RunOptions): ShardedStats[] {
  const found = components.filter(({ shard_files: shards }) => shards.length > 0)
  if (found.length === 0) {
    throw new SluiceError('ERR_FILES', `${path}: its stats list no shards, so there is nothing to export; ` +
      'make shards of more documents first')
  }
  for (const { name, shard_files: shards } of components) {
    if (shards.length === 0) tell?.(`${name}: has no shards, and is left out`)
  }
  return found
}

/** @throws SluiceError `ERR_OPTION` when a component can't be written in the format */
function checkExport (component: ShardedStats, { format, dtype }: Options): void {
  const { name, format: from = 'npy', vocab_size: vocabSize, eos_id: eosId, shard_files: shards, packing } = component
  const fail = (mistake: string): never => {
    throw new SluiceError('ERR_OPTION', `export: component ${name}: ${mistake}`)
  }
  const only = 'and only npy shards can be exported; make npy shards first'
  if (from !== 'npy') fail(`its shards are in format ${from}, ${only}`)
  const mistake = unfit(format, vocabSize, dtype ?? null)
  if (mistake !== null) fail(mistake)
  if (!isFlat(format) || shards.every(({ documents }) => documents !== undefined)) return
  const needs = `format ${format} needs to know where documents end, and its shards have no .docs files`
  if (eosId === undefined) fail(`${needs} and no eos_id in their stats; make the shards again`)
  if (packing !== undefined && packing !== 'concat') fail(`${needs}; make the shards again`)
}

/** @throws SluiceError `ERR_OPTION` for an output folder that is an input, `ERR_OUTPUT` for one that is in an input */
function refuseInputFolders (jobs: readonly ExportJob[]): void {
  const inputs = new Map<string, string>() // names in the stats, by real path
  for (const { component: { output_dir: from } } of jobs) inputs.set(realPlace(from), from)
  for (const { folder } of jobs) {
    const place = realPlace(folder)
    if (inputs.has(place)) {
      throw new SluiceError('ERR_OPTION', `export: ${folder}: is the folder of the shards that are exported; ` +
        'name another one')
    }
    const above = foldersAbove(place).find(folder => inputs.has(folder))
    if (above === undefined) continue
    throw new SluiceError('ERR_OUTPUT', `export: ${folder}: is in ${inputs.get(above)!}, whose shards are exported; ` +
      'name a folder outside of it')
  }
}

async function exportComponent ({ component, set, folder }: ExportJob, options: Options, run: RunOptions) {
  const { format, sequencesPerShard, tokensPerShard, overwrite } = options
  const { vocab_size: vocabSize, eos_id: eosId = -1, seq_len: seqLen } = component
  const wanted = { format, dtype: options.dtype ?? null, seqLen, sequencesPerShard, tokensPerShard }
  const sink = sinkOf(folder, wanted, { vocabSize }, { overwrite, resumable: false, beforeFirst: undefined })
  const counts: ReadCounts = { documents: 0, cut: 0 }
  const { signal } = run
  const hasDocuments = component.shard_files.every(({ documents }) => documents !== undefined)
  const items: AsyncIterable<Pick<Tokens, 'ids'> | Sequence> = isFlat(format)
    ? wholeDocuments({ shards: set.shards, eosId, hasDocuments, signal }, counts)
    : rowsOf(set.shards, signal)
  await runStreams('export', [Readable.from(items), sink], signal)
  if (counts.cut > 0) {
    run.tell?.(`${component.name}: ${number(counts.cut)} of ${number(counts.documents)} documents have no end, ` +
      'as the rest of them is not next to them in the shards' + (component.order === 'shuffled'
        ? `; to have them whole, set format: ${format} in the mixture of the manifest`
        : ''))
  }
  return statsOf(component, { ...wanted, folder }, sink, counts)
}

/** The rows of shards. */
async function * rowsOf (shards: readonly ShardFile[], signal: AbortSignal | undefined): AsyncGenerator<Sequence> {
  for (const shard of shards) {
    const { columns } = shard
    let row = new Int32Array(columns)
    for await (const { ids, first } of readIds(shard, { signal })) {
      for (let at = 0; at < ids.length;) {
        const column = (first + at) % columns
        const part = ids.subarray(at, at + columns - column)
        row.set(part, column)
        at += part.length
        if (column + part.length < columns) continue
        yield row
        row = new Int32Array(columns)
      }
    }
  }
}

type Wanted = Parameters<typeof sinkOf>[1] & { readonly folder: string }

function statsOf (
  component: ShardedStats, { format, dtype, seqLen, folder }: Wanted, sink: ShardSink, counts: ReadCounts
): ShardedStats {
  // The new shards have not been verified.
  const { packing, pad_id: padId, padding_tokens: padding, index: _, verified_at_utc: __, ...kept } = component
  const flat = isFlat(format)
  const { shards } = sink.stats
  const list = 'list' in sink.stats ? sink.stats.list : null
  return {
    ...kept,
    ...(!flat && packing !== undefined && { packing, pad_id: padId, padding_tokens: padding }),
    format,
    sequences: flat ? 0 : sink.stats.out,
    tokens: flat && 'tokens' in sink.stats ? sink.stats.tokens : component.tokens,
    tail_tokens: flat ? 0 : component.tail_tokens,
    shards: shards.length,
    output_dir: folder,
    seq_len: seqLen,
    dtype: dtypeOf({ format, dtype }, component.vocab_size),
    exported_from: sourceHash(component),
    ...(counts.cut > 0 && { cut_documents: counts.cut }),
    shard_files: shards,
    ...(list !== null && { index: list })
  }
}

/** What was exported, for a terminal. */
export function exportText ({ stats }: ExportStats): string {
  return stats.map(({ name, format, shards, tokens, output_dir: folder }) =>
    `${name}: ${number(shards)} ${shards === 1 ? 'shard' : 'shards'} of format ${format ?? 'npy'} in ${folder}, ` +
      `from ${number(tokens)} tokens`).join('\n')
}
