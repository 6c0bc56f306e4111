import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { parseOptions, positive } from '../lib/options.ts'
import { checkWritable } from '../lib/output/open.ts'
import { refuseForeign, writeOwn } from '../lib/output/own-file.ts'
import { STATS } from '../lib/shards/stats.ts'
import { loadTokenizer } from '../lib/tokenizer/tokenizer.ts'
import { npySinkOptions } from '../sinks/npy.ts'
import { encodeOptions } from '../transforms/encode.ts'
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

export const shardCorpusOptions = z.strictObject({
  ...corpusOptions,
  output: documentsPath.optional().describe('NDJSON file to copy the documents to, .gz and .zst compress; in place of shards'),
  tokenizerPath: encodeOptions.shape.tokenizerPath,
  outputDir: z.string().min(1).default('data/shards').describe('folder for the shards'),
  seqLen: packOptions.shape.seqLen,
  sequencesPerShard: npySinkOptions.shape.sequencesPerShard,
  dtype: npySinkOptions.shape.dtype,
  eosId: encodeOptions.shape.eosId,
  maxRecords: positive.optional().describe('documents sharded at most'),
  logFile: z.string().min(1).default('data/mixtures/shard_stats.json').describe('where the stats of the shards go, as JSON'),
  overwrite: npySinkOptions.shape.overwrite,
  workers: workersOption,
  ...resumeOptions
}).describe('one dataset -> NDJSON (--output), or shards (--tokenizer-path --output-dir)')

/** What `shardCorpus` has copied. */
export interface PullStats extends DocumentCounts {
  readonly name: string
  readonly output: string
  readonly seconds: number
}

/**
 * Copies one dataset to NDJSON, with where it comes from beside it, or makes shards of it; no filter is applied.
 *
 * @throws SluiceError `ERR_OPTION` unless there is either `output` or `tokenizerPath`; and what its stages throw
 */
export async function shardCorpus (options: z.input<typeof shardCorpusOptions>, run: RunOptions = {}): Promise<ComponentStats | PullStats> {
  const checked = parseOptions('shard-corpus', shardCorpusOptions, options)
  const { output, tokenizerPath, outputDir, seqLen, sequencesPerShard, dtype, eosId, maxRecords, limit, logFile } = checked
  if ((output === undefined) === (tokenizerPath === undefined)) {
    throw new SluiceError('ERR_OPTION', 'shard-corpus: expected either `output`, for NDJSON, or `tokenizerPath`, for shards')
  }
  const most = Math.min(maxRecords ?? Infinity, limit ?? Infinity)
  const asked = { ...corpusComponent(checked), seqLen, sequencesPerShard, dtype, eosId, outputDir, maxRecords: most === Infinity ? null : most }
  const component = await findComponent(asked, { ...checked, ...run }, [output === undefined ? checkpointIn(outputDir) : checkpointOf(output)])
  const inputs = component.files.map(({ path }) => path)
  if (output !== undefined) {
    await checkOutputs(writtenFiles(output, component.rejects), inputs, { shared: provenanceFiles(output) })
    return { name: component.name, output, ...await pull(component, output, { ...run, ...checked }) }
  }
  await checkOutputs([logFile, ...filesOf(component)], [tokenizerPath!, ...inputs], { shards: [outputDir] })
  await refuseForeign(logFile, STATS)
  await refuseForeignIn(component)
  await checkWritable(logFile)
  const stats = await shardComponent(component, { ...run, ...checked, keepOutdated: true, tokenizer: await loadTokenizer(tokenizerPath!) })
  await writeOwn(logFile, JSON.stringify(stats, null, 2) + '\n', STATS)
  return stats
}
