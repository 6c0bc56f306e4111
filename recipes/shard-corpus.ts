import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { SluiceError } from '../lib/errors.ts'
import { checkWritable } from '../lib/output/open.ts'
import { refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { packingOptions } from '../lib/packing/packing.ts'
import { shardFileOptions } from '../lib/shards/formats/options.ts'
import { STATS } from '../lib/shards/stats.ts'
import { loadOptions, tokenizerOptionsOf } from '../lib/tokenizer/options.ts'
import { loadTokenizer } from '../lib/tokenizer/tokenizer.ts'
import { npySinkOptions } from '../sinks/npy.ts'
import { boundaryOptions, encodeOptions } from '../transforms/encode.ts'
import { packOptions } from '../transforms/pack.ts'
import type { ComponentStats } from './components/component-stats.ts'
import { shardComponent } from './components/component.ts'
import { corpusComponent, corpusOptions, documentsPath } from './components/corpus.ts'
import { filesOf, refuseForeignIn } from './components/files.ts'
import { findComponent } from './components/find.ts'
import { checkpointIn, checkpointOf, writtenFiles } from './components/paths.ts'
import { pull } from './components/pull.ts'
import type { DocumentCounts } from './flow/counts.ts'
import type { RunOptions } from './flow/flow.ts'
import { workersOption } from './flow/workers/threads.ts'
import { resumeOptions } from './jobs/checkpoints.ts'
import { checkOutputs } from './jobs/places.ts'
import { provenanceFiles } from './provenance/write.ts'

const OUTPUT_HELP = 'NDJSON file to copy the documents to, instead of shards; .gz and .zst compress'
const STATS_HELP = 'JSON file for the stats of the shards'

export const shardCorpusOptions = z.strictObject({
  ...corpusOptions,
  output: documentsPath.optional().describe(OUTPUT_HELP),
  tokenizerPath: encodeOptions.shape.tokenizerPath,
  ...loadOptions,
  outputDir: z.string().min(1).default('data/shards').describe('folder for the shards'),
  seqLen: packOptions.shape.seqLen,
  sequencesPerShard: npySinkOptions.shape.sequencesPerShard,
  ...shardFileOptions,
  ...packingOptions,
  ...boundaryOptions,
  stats: z.string().min(1).default('data/mixtures/shard_stats.json').describe(STATS_HELP),
  overwrite: npySinkOptions.shape.overwrite,
  workers: workersOption,
  ...resumeOptions
}).describe('one dataset -> NDJSON (--output), or shards (--tokenizer-path --output-dir)')

const EITHER = 'expected either `output`, for NDJSON, or `tokenizerPath`, for shards'

export const shardCorpusAliases = { python: { maxRecords: 'limit', logFile: 'stats' } } as const

/** The result of `shardCorpus` for a copy. */
export interface PullStats extends DocumentCounts {
  readonly name: string
  readonly output: string
  readonly seconds: number
}

/**
 * Copies one dataset to NDJSON, with its provenance next to it, or makes shards of it; no filter is applied.
 *
 * @throws SluiceError `ERR_OPTION` unless there is either `output` or `tokenizerPath`; and what its stages throw
 */
export async function shardCorpus (
  options: WithAliases<z.input<typeof shardCorpusOptions>, typeof shardCorpusAliases>, run: RunOptions = {}
): Promise<ComponentStats | PullStats> {
  return await shardCorpusParsed(parseNamed('shard-corpus', shardCorpusOptions, options, shardCorpusAliases), run)
}

/** Like `shardCorpus`, with parsed options. */
export async function shardCorpusParsed (
  options: z.output<typeof shardCorpusOptions>, run: RunOptions
): Promise<ComponentStats | PullStats> {
  const { output, tokenizerPath, outputDir, eosId, bos, stats: statsPath } = options
  const { seqLen, sequencesPerShard, format, tokensPerShard, packing, packingWindow, padId } = options
  if ((output === undefined) === (tokenizerPath === undefined)) {
    throw new SluiceError('ERR_OPTION', `shard-corpus: ${EITHER}`)
  }
  const boundaries = { eosId, bos, eos: options.eos ?? null }
  const layout = { seqLen, sequencesPerShard, format, tokensPerShard, packing, packingWindow, padId }
  const dtype = options.dtype ?? null
  const asked = { ...corpusComponent(options), ...layout, dtype, ...boundaries, outputDir }
  const checkpoint = output === undefined ? checkpointIn(outputDir) : checkpointOf(output)
  const component = await findComponent(asked, { ...options, ...run }, [checkpoint])
  const inputs = component.files.map(({ path }) => path)
  if (output !== undefined) {
    checkOutputs(writtenFiles(output, component.rejects), inputs, { shared: provenanceFiles(output) })
    return { name: component.name, output, ...await pull(component, output, { ...run, ...options }) }
  }
  checkOutputs([statsPath, ...filesOf(component)], [tokenizerPath!, ...inputs], { shards: [outputDir] })
  await refuseForeign(statsPath, STATS)
  await refuseForeignIn(component)
  await checkWritable(statsPath)
  const tokenizer = await loadTokenizer(tokenizerPath!, tokenizerOptionsOf(options))
  const stats = await shardComponent(component, { ...run, ...options, keepOutdated: true, tokenizer })
  await writeOwn(statsPath, JSON.stringify(stats, null, 2) + '\n', STATS)
  return stats
}
