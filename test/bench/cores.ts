import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Check, isReached } from './checks.ts'
import { type Taken, freshFolder, hashOfFiles, runCommand } from './command.ts'
import { type Input, type InputFile, writeInput } from './cores-inputs.ts'
import type { Corpus } from './corpus.ts'
import { counting } from './counting.ts'
import { type TimedRun, type Times, alternateTimed } from './measure.ts'
import type { Usage } from './usage.ts'

/** Numbers of threads to measure, including the main thread. */
export const WORKERS = [1, 2, 4] as const
export type Workers = typeof WORKERS[number]

/** Required speeds: of 2 workers, relative to the gain of the counting loop; and of 4 workers, relative to 2. */
const WANTED = { gain: 0.85, four: 0.95 } as const
const ALLOWED_MB_A_WORKER = 150
/** If the gain is smaller, something else used the machine: two free cores give almost 2. */
const FREE_GAIN = 1.7
/** Runs between two progress messages. */
const TOLD_EVERY = 5
/** The allowed time without `--workers`, relative to `--workers 1`: runs of the same command differ by this much. */
const ALLOWED_ALONE = 1.05

/** Enough input that the start of threads, half a second, hardly counts. */
const LARGE_BYTES = 240_000_000
/** Less input than above, because cld3 reads only 5 MB/s. */
const LANGUAGE_BYTES = 60_000_000
/** For less input, no threads are started by default. */
const LITTLE_BYTES = 4_000_000

/** The times of a command on a file, by number of workers. */
export interface Scaling {
  readonly command: string
  readonly kind: InputFile['kind']
  readonly textBytes: number
  readonly documents: number
  readonly times: Readonly<Record<Workers, Times>>
  /** The cost of the runs: maximum memory and minimum CPU time. */
  readonly usage: Readonly<Record<Workers, Usage>>
}

export interface CoresFigures {
  readonly cores: number
  readonly counting: { readonly one: Times, readonly two: Times, readonly gain: number }
  readonly scalings: readonly Scaling[]
  /** Times on a small input: with `--workers 1`, and without the option. */
  readonly little: { readonly textBytes: number, readonly one: Times, readonly unasked: Times }
  readonly checks: readonly Check[]
}

/**
 * A command to measure. Its speed without language detection is limited by the main thread, so nothing is required of
 * it.
 */
interface Job {
  readonly command: string
  readonly input: Input
  readonly isChecked: boolean
  /** Arguments except `--workers`. @param output a folder for everything that the command writes */
  readonly args: (path: string, output: string) => Promise<string[]>
  /** The extension of the outputs to compare. */
  readonly ending: string
}

/** A job on one file with a number of workers, and its times. */
interface Measured {
  readonly run: TimedRun
  readonly usages: Usage[]
}

/** Runs the commands with 1, 2 and 4 workers in turn, on files of each kind, between runs of the counting loop. */
export async function coresFigures (
  corpus: Corpus,
  count: number,
  tell: (message: string) => void
): Promise<CoresFigures> {
  tell('cores: writing 240 MB of text as NDJSON, .gz and parquet')
  const jobs = await jobsOn(corpus)
  const place: Place = { output: join(corpus.folder, 'cores'), hashes: new Map() }
  const cases = jobs.flatMap(job => job.input.files.map(file => ({
    job, file, runs: WORKERS.map(workers => measured(job, file, ['--workers', String(workers)], place))
  })))
  const little = await writeInput(corpus.folder, 'little', LITTLE_BYTES, ['NDJSON'])
  const littleJob: Job = { ...filterCorpus('filter-corpus, little', little, []), isChecked: false }
  const [alone, unasked] = [['--workers', '1'], []].map(option => measured(littleJob, little.files[0]!, option, place))

  const runs = [
    counting(1), counting(2), alone!.run, unasked!.run, ...cases.flatMap(({ runs }) => runs.map(({ run }) => run))
  ]
  let done = 0
  const told = (run: TimedRun): TimedRun => async () => {
    const seconds = await run()
    done++
    if (done % TOLD_EVERY === 0) tell(`cores: ${done} of ${count * runs.length} runs`)
    return seconds
  }
  await alone!.run() // the first process runs with a cold system cache
  // Each run is a separate process, so there is nothing else to warm up.
  const [one, two, aloneTimes, unaskedTimes, ...times] = await alternateTimed(runs.map(told), count, { warmUps: 0 })
  const scalings = cases.map(({ job, file, runs }, i): Scaling & { readonly isChecked: boolean } => {
    const ofWorkers = <T>(values: readonly T[]): Record<Workers, T> => ({ 1: values[0]!, 2: values[1]!, 4: values[2]! })
    return {
      command: job.command,
      kind: file.kind,
      textBytes: job.input.textBytes,
      documents: job.input.documents,
      times: ofWorkers(times.slice(i * WORKERS.length, (i + 1) * WORKERS.length)),
      usage: ofWorkers(runs.map(({ usages }) => together(usages))),
      isChecked: job.isChecked
    }
  })
  const gain = 2 * one!.best / two!.best
  return {
    cores: availableParallelism(),
    counting: { one: one!, two: two!, gain },
    scalings: scalings.map(({ isChecked, ...scaling }) => scaling),
    little: { textBytes: little.textBytes, one: aloneTimes!, unasked: unaskedTimes! },
    checks: [
      ...scalings.flatMap(scaling => scaling.isChecked ? speedChecks(scaling, gain) : []),
      ...scalings.map(memoryCheck),
      {
        what: 'small input: time with --workers 1, relative to no option',
        value: aloneTimes!.best / unaskedTimes!.best,
        unit: 'times',
        is: 'at most',
        wanted: ALLOWED_ALONE
      }
    ]
  }
}

/** Whether each figure meets its requirement. */
export function isScaled ({ checks }: CoresFigures): boolean {
  return checks.every(isReached)
}

/** Whether two cores were free; otherwise only CPU times and memory are meaningful. */
export function wasFree ({ counting }: CoresFigures): boolean {
  return counting.gain >= FREE_GAIN
}

/** The speed relative to 1 worker. */
export function gainOf ({ times }: Scaling, workers: Workers): number {
  return times[1].best / times[workers].best
}

function speedChecks (scaling: Scaling, counted: number): Check[] {
  const name = `${scaling.command}, ${scaling.kind}`
  return [
    {
      what: `${name}: gain with 2 workers, relative to the counting loop`,
      value: gainOf(scaling, 2) / counted,
      unit: 'times',
      is: 'at least',
      wanted: WANTED.gain
    },
    {
      what: `${name}: speed with 4 workers, relative to 2`,
      value: gainOf(scaling, 4) / gainOf(scaling, 2),
      unit: 'times',
      is: 'at least',
      wanted: WANTED.four
    }
  ]
}

/** The first worker is the main thread. No more workers are started than there are cores. */
function memoryCheck ({ command, kind, usage }: Scaling): Check {
  const others = (workers: Workers): number => Math.max(Math.min(workers, availableParallelism()) - 1, 1)
  const growth = Math.max(...WORKERS.slice(1).map(workers =>
    (usage[workers].peakBytes - usage[1].peakBytes) / others(workers)))
  return {
    what: `${command}, ${kind}: memory of each further worker`,
    value: growth / 1e6,
    unit: 'MB',
    is: 'at most',
    wanted: ALLOWED_MB_A_WORKER
  }
}

function together (usages: readonly Usage[]): Usage {
  const main = usages.flatMap(({ mainSeconds }) => mainSeconds ?? [])
  return {
    peakBytes: Math.max(...usages.map(({ peakBytes }) => peakBytes)),
    cpuSeconds: Math.min(...usages.map(({ cpuSeconds }) => cpuSeconds)),
    mainSeconds: main.length === 0 ? null : Math.min(...main)
  }
}

async function jobsOn (corpus: Corpus): Promise<Job[]> {
  const large = await writeInput(corpus.folder, 'large', LARGE_BYTES)
  const forLanguage = await writeInput(corpus.folder, 'language', LANGUAGE_BYTES)
  return [
    processMixture(large, corpus.tokenizerPath),
    filterCorpus('filter-corpus', forLanguage, []),
    { ...filterCorpus('filter-corpus, any language', large, ['--target-lang', 'any']), isChecked: false }
  ]
}

function filterCorpus (command: string, input: Input, options: readonly string[]): Job {
  const args = (path: string, output: string): Promise<string[]> =>
    Promise.resolve([
      'filter-corpus', '--dataset', datasetOf(path), '--data-files', path, '--output-path',
      join(output, 'filtered.ndjson'), ...options
    ])
  return { command, input, isChecked: true, args, ending: '.ndjson' }
}

function processMixture (input: Input, tokenizerPath: string): Job {
  return {
    command: 'process-mixture',
    input,
    isChecked: true,
    ending: '.npy',
    async args (path, output) {
      const manifest = join(output, 'mixture.yaml')
      // JSON is YAML.
      await writeFile(manifest, JSON.stringify([{
        name: 'bench', dataset: datasetOf(path), data_files: path, output_dir: output
      }]))
      return [
        'process-mixture', manifest, '--tokenizer-path', tokenizerPath, '--log-file', join(output, 'stats.json'),
        '--runs-dir', join(output, 'runs')
      ]
    }
  }
}

function datasetOf (path: string): string {
  return path.endsWith('.parquet') ? 'parquet' : 'json'
}

/** The folders that the commands write to, one after the other. */
interface Place {
  readonly output: string
  /** The expected output of each command, for any file and any number of workers. */
  readonly hashes: Map<string, string>
}

function measured (job: Job, file: InputFile, option: readonly string[], { output, hashes }: Place): Measured {
  const usages: Usage[] = []
  return {
    usages,
    async run () {
      await freshFolder(output)
      const { seconds, ...usage }: Taken = await runCommand([...await job.args(file.path, output), ...option], output)
      usages.push(usage)
      const hash = await hashOfFiles(output, job.ending)
      const expected = hashes.get(job.command)
      if (expected !== undefined && hash !== expected) {
        throw new Error(`${job.command} ${option.join(' ')} on ${file.kind}: ` +
          'expected the same output as in earlier runs')
      }
      hashes.set(job.command, hash)
      return seconds
    }
  }
}
