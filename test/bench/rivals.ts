import { execFile, spawnSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { Document } from '../../lib/document.ts'
import { packageRoot } from '../../lib/package.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { type Check, isReached } from './checks.ts'
import { freshFolder, hashOfFiles, readResult } from './command.ts'
import { type Corpus, SHARED } from './corpus.ts'
import { type Times, alternateTimed } from './measure.ts'

/** How many times as many MB/s as the script in Python sluice has to reach. */
const WANTED = { filtering: 5, sharding: 6, wasm: 1.5 } as const

/** langdetect takes a minute for all of the text: it is given every so many documents. */
const SAMPLED_EVERY = 10

/** Of all text, so that the start of a process hardly counts. */
const COPIES = 10

const OUR_PROGRAM = fileURLToPath(new URL('rival-process.js', import.meta.url))
const PROGRAM = join(packageRoot(), 'test', 'bench', 'rivals.py')

/** Who reads what, and how fast. */
export interface Side {
  readonly documents: number
  /** Documents that were encoded. */
  readonly kept: number
  readonly textBytes: number
  /** Of the work: what is loaded before it isn't counted. */
  readonly times: Times
  /** Of the whole process, with its start: the least of all runs. */
  readonly wholeSeconds: number
  /** The least of all runs. */
  readonly cpuSeconds: number
}

export interface RivalRace {
  readonly name: string
  readonly ours: Side
  readonly theirs: Side & { readonly with: string }
  readonly ratio: number
}

export interface RivalFigures {
  readonly races: readonly RivalRace[]
  readonly checks: readonly Check[]
  /** What was skipped, and what else is to be said, a sentence each. */
  readonly notes: readonly string[]
}

/** For packages that would start threads of their own. */
const ONE_CORE = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' } as const

/** What the programs of both sides print. */
interface Taken {
  readonly seconds: number
  readonly cpu_seconds: number
  readonly wholeSeconds: number
}

/** What the script prints beside it. */
interface Printed extends Taken {
  readonly documents: number
  readonly kept: number
  readonly text_bytes: number
}

/**
 * Makes shards of all shared text, with filters and without, by sluice with its defaults and by a script in Python, in
 * turn.
 */
export async function rivalFigures (
  corpus: Corpus,
  count: number,
  { whole }: { readonly whole: boolean }
): Promise<RivalFigures> {
  const races: RivalRace[] = []
  const checks: Check[] = []
  const notes: string[] = [`sluice on ${availableParallelism()} cores, with its defaults; ` +
    'Python on one. Seconds and MB/s are of the work: modules, ' +
    'packages and models are loaded before it on both sides. "process" is all of it']
  const text = await plainText(corpus)
  const race = async (
    name: string,
    packages: readonly string[],
    wanted: number,
    run: (python: string) => Promise<RivalRace>
  ): Promise<void> => {
    const python = pythonWith(packages)
    if (python === undefined) {
      notes.push(`skipped: ${name}: no Python with ${packages.join(', ')} was found; SLUICE_BENCH_PYTHON names one`)
      return
    }
    const done = await run(python)
    races.push(done)
    checks.push({ what: `${name}: MB/s, of the script's`, value: done.ratio, unit: 'times', is: 'at least', wanted })
  }

  const every = whole ? 1 : SAMPLED_EVERY
  await race('filter and shard', ['langdetect', 'sentencepiece', 'numpy'], WANTED.filtering, async python => {
    const filters = ['normalize', 'length', { language: { keep: 'en', threshold: 0.8 } }, { dedup: { window: 50_000 } }]
    return await raced(corpus, {
      name: 'filter and shard',
      theirs: 'langdetect, sentencepiece, numpy',
      python,
      job: 'filter-shard',
      filters,
      text,
      every
    }, count)
  })
  if (races.length > 0 && !whole) {
    notes.push(`filter and shard: Python was given every ${SAMPLED_EVERY}th document; --whole gives it all of them`)
  }
  await race('shard', ['sentencepiece', 'numpy'], WANTED.sharding, async python => {
    const done = await raced(corpus, {
      name: 'shard', theirs: 'sentencepiece, numpy', python, job: 'shard', filters: [], text, every: 1
    }, count)
    notes.push('shard: both sides wrote the same shards')
    return done
  })
  await race(`shard, ${COPIES} copies`, ['sentencepiece', 'numpy'], WANTED.sharding, async python => {
    const done = await raced(corpus, {
      name: `shard, ${COPIES} copies`,
      theirs: 'sentencepiece, numpy',
      python,
      job: 'shard',
      filters: [],
      text: await copied(corpus, text),
      every: 1
    }, count)
    notes.push(`shard, ${COPIES} copies: the words of all copies but the first are known by then`)
    return done
  })
  const bpe = await bpeModel(corpus)
  if (bpe === undefined) notes.push('skipped: shard, BPE: spm_train was not found')
  else {
    await race('shard, BPE', ['sentencepiece', 'numpy'], WANTED.wasm, async python =>
      await raced({ ...corpus, tokenizerPath: bpe }, {
        name: 'shard, BPE by sentencepiece-js',
        theirs: 'sentencepiece, numpy',
        python,
        job: 'shard',
        filters: [],
        text,
        every: 1
      }, count))
  }
  return { races, checks, notes }
}

/** Whether sluice is as fast as it is to be, where there was something to measure it beside. */
export function isAhead ({ checks }: RivalFigures): boolean {
  return checks.every(isReached)
}

interface Course {
  readonly name: string
  readonly theirs: string
  readonly python: string
  readonly job: 'filter-shard' | 'shard'
  /** As a manifest has them. */
  readonly filters: readonly unknown[]
  readonly text: PlainText
  /** Python is given every so many documents. */
  readonly every: number
}

async function raced (
  { folder, tokenizerPath }: Corpus,
  { name, theirs, python, job, filters, text, every }: Course,
  count: number
): Promise<RivalRace> {
  const [ourFolder, theirFolder] = [join(folder, 'rivals-sluice'), join(folder, 'rivals-python')]
  const [manifest, stats] = [join(folder, 'rivals.yaml'), join(folder, 'stats.json')]
  // JSON is YAML.
  await writeFile(manifest, JSON.stringify([{
    name: 'rivals', dataset: 'json', data_files: text.paths, filters, output_dir: ourFolder
  }]))
  const ours: Taken[] = []
  const theirsTaken: Printed[] = []
  const [ourTimes, theirTimes] = await alternateTimed([
    async () => {
      await freshFolder(ourFolder)
      ours.push(await run<Taken>(process.execPath, [OUR_PROGRAM, manifest, tokenizerPath, folder]))
      return ours.at(-1)!.seconds
    },
    async () => {
      await freshFolder(theirFolder)
      theirsTaken.push(await run<Printed>(python, [
        PROGRAM, job, tokenizerPath, theirFolder, String(every), ...text.paths
      ]))
      return theirsTaken.at(-1)!.seconds
    }
  ], count)
  if (filters.length === 0 && await hashOfFiles(ourFolder, '.npy') !== await hashOfFiles(theirFolder, '.npy')) {
    throw new Error(`${name}: both sides should write the same shards, but they differ`)
  }
  const { stats: [counted] } = await readResult<{ stats: [{ read: number, kept: number }] }>(stats)
  const { documents, kept, text_bytes: textBytes } = theirsTaken[0]!
  const speed = (bytes: number, { best }: Times): number => bytes / best
  return {
    name,
    ours: { documents: counted.read, kept: counted.kept, textBytes: text.bytes, times: ourTimes!, ...leastOf(ours) },
    theirs: { with: theirs, documents, kept, textBytes, times: theirTimes!, ...leastOf(theirsTaken) },
    ratio: speed(text.bytes, ourTimes!) / speed(textBytes, theirTimes!)
  }
}

/** A program that prints one JSON object. */
async function run<T extends Taken> (program: string, args: readonly string[]): Promise<T> {
  const started = performance.now()
  const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, ...ONE_CORE } })
  return { ...JSON.parse(stdout) as T, wholeSeconds: (performance.now() - started) / 1000 }
}

function leastOf (taken: readonly Taken[]): Pick<Side, 'wholeSeconds' | 'cpuSeconds'> {
  return {
    wholeSeconds: Math.min(...taken.map(({ wholeSeconds }) => wholeSeconds)),
    cpuSeconds: Math.min(...taken.map(each => each.cpu_seconds))
  }
}

/** A model of the type BPE, which sluice encodes with `sentencepiece-js`; undefined where nothing trains one. */
async function bpeModel ({ folder, lines }: Corpus): Promise<string | undefined> {
  const prefix = join(folder, 'bpe')
  try {
    await promisify(execFile)('spm_train', [
      `--input=${lines.path}`, `--model_prefix=${prefix}`, '--model_type=bpe', '--vocab_size=8000',
      '--input_sentence_size=2000', '--shuffle_input_sentence=false', '--minloglevel=2'
    ])
    return `${prefix}.model`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Files of JSON lines. */
interface PlainText {
  readonly paths: readonly string[]
  /** UTF-8 of the texts. */
  readonly bytes: number
}

/** The corpus and, where it is the shared text, all that lies beside it. */
async function plainText ({ folder, name, ndjson: { path } }: Corpus): Promise<PlainText> {
  const paths = [path]
  for (const other of name.startsWith('shared') ? ['books', 'langid'] : []) {
    const packed = join(SHARED, `${other}.ndjson.gz`)
    if (!existsSync(packed)) continue
    const plain = join(folder, `${other}.ndjson`)
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(plain))
    paths.push(plain)
  }
  let bytes = 0
  for await (const { text } of ndjson(paths) as AsyncIterable<Document>) bytes += Buffer.byteLength(text)
  return { paths, bytes }
}

async function copied ({ folder }: Corpus, { paths, bytes }: PlainText): Promise<PlainText> {
  const path = join(folder, 'rivals-copies.ndjson')
  for (let copy = 0; copy < COPIES; copy++) {
    for (const [i, from] of paths.entries()) {
      await pipeline(createReadStream(from), createWriteStream(path, { flags: copy === 0 && i === 0 ? 'w' : 'a' }))
    }
  }
  return { paths: [path], bytes: COPIES * bytes }
}

/** The first Python that has the packages. */
export function pythonWith (packages: readonly string[]): string | undefined {
  return pythons().find(python => spawnSync(python, [PROGRAM, 'check', ...packages]).status === 0)
}

/** Those that may be there, the first one first. */
export function pythons (): string[] {
  const named = process.env['SLUICE_BENCH_PYTHON']
  return named === undefined ? ['/usr/bin/python3', 'python3'] : [named]
}
