/** The jobs that the kill check interrupts. Paths are relative to the folder that a job runs in. */
import { join } from 'node:path'
import { packageRoot } from '../lib/package.ts'
import { filterCorpus } from '../recipes/filter-corpus.ts'
import { Threads } from '../recipes/flow/workers/threads.ts'
import type { MixtureRun } from '../recipes/mixture/mixture.ts'
import { mix } from '../recipes/mixture/mix/mix.ts'
import { processMixture } from '../recipes/process-mixture.ts'

/** The files of a flow: its checkpoint, and, if that is deleted at the end, the file that exists then. */
export interface FlowFiles {
  readonly checkpoint: string
  readonly output?: string
}

export interface KillJob {
  /** The maximum number of documents between two checkpoints. */
  readonly every: number
  /** By the names of its flows. */
  readonly flows: Readonly<Record<string, FlowFiles>>
  /** The flows that encode documents. */
  readonly encoding: readonly string[]
  /** Whether each attempt has another number of threads, in which encoded documents aren't counted. */
  readonly hasThreads: boolean
  readonly run: (run: MixtureRun, workers: number | undefined) => Promise<unknown>
}

export const TOKENIZER = join(packageRoot(), 'test/fixtures/quickstart.model')

/** Relative to the folder of a job. */
const INPUTS = '../inputs'
export const MANIFEST = `${INPUTS}/mixture.yaml`
export const FORMATS_MANIFEST = `${INPUTS}/formats.yaml`
const EVERY = 100
const FILTERS = ['normalize', { length: { min_chars: 200, max_chars: 8000 } }, { dedup: { window: 300 } }]

/** Small shards and windows, for many checkpoints at their ends; large ones, for checkpoints in a shard. */
export function components (maxRecords: number): ReadonlyArray<{ readonly name: string } & Record<string, unknown>> {
  const component = (name: string, file: string, more: Record<string, unknown>) =>
    ({
      name,
      dataset: 'json',
      data_files: `${INPUTS}/${file}`,
      filters: FILTERS,
      seq_len: 256,
      sequences_per_shard: 64,
      output_dir: `shards/${name}`,
      ...more
    })
  return [
    component('plain', 'plain.ndjson', { filtered_dir: 'filtered' }),
    component('gzip', 'gzip.ndjson.gz', { raw_dir: 'raw', sequences_per_shard: 400 }),
    component('zstd', 'zstd.ndjson.zst', {
      rejects: 'rejects/zstd.ndjson', dtype: 'uint16', packing: 'best_fit', packing_window: 70, pad_id: 0
    }),
    component('parquet', 'parquet.parquet', {
      dataset: 'parquet', max_records: maxRecords, sequences_per_shard: 300, rejects: 'rejects/parquet.ndjson.gz'
    })
  ]
}

/** Compares with all documents, as well as with those in the windows. */
export const DEDUP = { scope: 'component', memory: '1MiB' }

/** The training set of those that fit together. The shuffle spills, and has checkpoints in both of its phases. */
export const MIXTURE = {
  epochs: 1.3,
  sources: { plain: 0.5, gzip: 0.2, parquet: 0.3 },
  validation: { share: 0.1 },
  shuffle: 'documents',
  shuffle_memory: '1MiB',
  seq_len: 64,
  sequences_per_shard: 100,
  output_dir: 'mixture'
}

/** All work in threads, if there are some: the main thread would finish before they have started. */
async function withWorkers<T> (
  workers: number | undefined,
  signal: AbortSignal | undefined,
  work: (threads: Threads | undefined) => Promise<T>
): Promise<T> {
  if (workers === undefined) return await work(undefined)
  const threads = new Threads({ workers, signal, mainWorks: false })
  try {
    return await work(threads)
  } finally {
    await threads.close()
  }
}

/** A component of each format but `npy`: small files, and large ones. */
export function formatComponents (): ReadonlyArray<{ readonly name: string } & Record<string, unknown>> {
  return ['megatron', 'olmo', 'llmc', 'mds', 'parquet'].map((format, i) => ({
    name: format,
    dataset: 'json',
    data_files: `${INPUTS}/plain.ndjson`,
    filters: FILTERS,
    format,
    seq_len: 256,
    sequences_per_shard: i % 2 === 0 ? 64 : 400,
    tokens_per_shard: i % 2 === 0 ? 20_000 : 200_000,
    output_dir: `shards/${format}`
  }))
}

const names = components(0).map(({ name }) => name)
const formats = formatComponents().map(({ name }) => name)

const formatsJob: KillJob = {
  every: EVERY,
  flows: Object.fromEntries(formats.map(name => [name, { checkpoint: `shards/${name}/checkpoint.json` }])),
  encoding: formats,
  hasThreads: true,
  run: (run, workers) => withWorkers(workers, run.signal, threads => processMixture(FORMATS_MANIFEST, {
    tokenizerPath: TOKENIZER, logFile: 'stats.json', checkpointEvery: EVERY, workers: 1
  }, { ...run, threads }))
}

function mixture (concurrency: number, hasThreads = false): KillJob {
  return {
    every: EVERY,
    flows: {
      ...Object.fromEntries(names.map(name => [name, { checkpoint: `shards/${name}/checkpoint.json` }])),
      'gzip (pull)': { checkpoint: 'raw/gzip.ndjson.gz.checkpoint.json' }
    },
    encoding: names,
    hasThreads,
    run: (run, workers) => withWorkers(workers, run.signal, threads => processMixture(MANIFEST, {
      tokenizerPath: TOKENIZER, logFile: 'stats.json', checkpointEvery: EVERY, concurrency, workers: 1
    }, { ...run, threads }))
  }
}

/** The shards of a mixture are made first, and skipped once they are there. */
function mixing (format: 'npy' | 'megatron'): KillJob {
  return {
    ...mixture(1),
    encoding: names,
    flows: { ...mixture(1).flows, mix: { checkpoint: 'mixture/checkpoint.json' } },
    async run (run, workers) {
      await mixture(1).run(run, workers)
      return await mix(MANIFEST, { stats: 'stats.json', format, checkpointEvery: 20 }, run)
    }
  }
}

function filtering (
  outputPath: string,
  dataset: 'json' | 'parquet',
  files: readonly string[],
  rejects: string | undefined,
  hasThreads = false
): KillJob {
  const name = 'filtered'
  return {
    every: EVERY,
    flows: { [name]: { checkpoint: `${outputPath}.checkpoint.json`, output: outputPath } },
    encoding: [],
    hasThreads,
    run: (run, workers) => withWorkers(workers, run.signal, threads => filterCorpus({
      name,
      dataset,
      dataFiles: files.map(file => `${INPUTS}/${file}`),
      targetLang: 'any',
      dedupWindow: 300,
      outputPath,
      rejects,
      checkpointEvery: EVERY,
      workers: 1
    }, { ...run, threads }))
  }
}

export const killJobs: Readonly<Record<string, KillJob>> = {
  mixture: mixture(1),
  'mixture, two at once': mixture(2),
  'mixture, with threads': mixture(1, true),
  mix: mixing('npy'),
  'mix, as documents': mixing('megatron'),
  'formats, with threads': formatsJob,
  'filter-corpus .ndjson.gz': filtering('kept.ndjson.gz', 'json', ['large.ndjson', 'large.ndjson.gz'], undefined),
  'filter-corpus .ndjson.zst': filtering(
    'kept.ndjson.zst', 'json', ['zstd.ndjson.zst', 'large.ndjson.zst'], 'rejects.ndjson.zst'
  ),
  'filter-corpus .ndjson, with threads': filtering(
    'kept.ndjson', 'json', ['large.ndjson', 'gzip.ndjson.gz'], 'rejects.ndjson', true
  ),
  'filter-corpus .txt': filtering('kept.txt', 'parquet', ['large.parquet'], 'rejects.ndjson')
}
