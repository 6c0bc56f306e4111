import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { messageOf } from '../../lib/errors.ts'
import { IdBuffer } from '../../lib/sentencepiece/id-buffer.ts'
import { DEFAULT_TABLE_BYTES } from '../../lib/sentencepiece/word-table.ts'
import { loadWasmEncoder } from '../../lib/sentencepiece/wasm.ts'
import { type Tokenizer, type TokenizerOptions, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { encodings } from '../encodings.ts'
import type { Corpus } from './corpus.ts'
import { type Texts, documentTexts, linesOf, randomWords, sentences, unspacedText } from './encode-texts.ts'
import { Models } from './frame/models.ts'
import { type TimedRun, type Times, alternateTimed, cpuSeconds } from './measure.ts'

/** The required speed of our encoder relative to sentencepiece-js. The last value is relative to `spm_encode`. */
const WANTED = { cold: 4, warm: 8, defeated: 2, spm: 5 } as const
/** The memory of a process that has loaded a tokenizer and encoded texts, in addition to the word table. */
const ALLOWED_MEMORY_MB = 64
/** The memory of a second thread that encodes, in addition to one that only reads the same texts. */
const ALLOWED_THREAD_MB = 40
const THREAD_RUNS = 3
/** How many processes measure loading for each run of the other measurements. They are short, and their times vary. */
const LOADINGS = 4
/** Maximum CPU time to load a model, relative to sentencepiece-js. */
const ALLOWED_LOAD = 1.2
/** Maximum factor by which the time grows for a text of ten times the length. */
const ALLOWED_GROWTH = 12

/** Bytes of text for `spm_encode`, whose startup time is included. */
const LINES_BYTES = 20_000_000
const SHORT_BYTES = 100_000
/** The runs of texts of a megabyte, which take milliseconds: the best of a few would be that of a busy moment. */
const LEAST_RUNS = 20

/** Our encoder and another one, on the same texts, in CPU time of one thread. */
export interface Race {
  readonly text: string
  /** Whether words are found in the word table. */
  readonly table: 'cold' | 'warm' | 'off'
  readonly other: 'sentencepiece-js' | 'spm_encode'
  readonly bytes: number
  readonly ours: Times
  readonly theirs: Times
  /** The speed of our encoder relative to the other one. */
  readonly ratio: number
  /** Null if none is required. */
  readonly wanted: number | null
}

/** A figure and its maximum. */
export interface Bound {
  readonly what: string
  readonly unit: 'MB' | 'times'
  readonly value: number
  readonly allowed: number
}

export interface EncodeFigures {
  readonly races: readonly Race[]
  readonly bounds: readonly Bound[]
  /** Further notes, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Encodes real and difficult texts alternately with our encoder and with SentencePiece. Then measures the cost of
 * loading, memory and long texts.
 */
export async function encodeFigures (corpus: Corpus, count: number): Promise<EncodeFigures> {
  const model = corpus.tokenizerPath
  const documents = await documentTexts(corpus)
  const byLanguage = await sentences()
  const races: Race[] = []
  for (const texts of documents) {
    races.push(...await besideWasm(model, texts, { cold: WANTED.cold, warm: WANTED.warm }, count))
  }
  races.push(...await besideWasm(model, randomWords(), { cold: WANTED.defeated }, count))
  races.push(...await besideWasm(model, unspacedText(byLanguage), { off: WANTED.defeated }, count))
  const notes: string[] = []
  if (hasSpmEncode()) {
    const name = `lines of ${documents.map(({ name }) => name).join(' + ')}`
    const texts = documents.flatMap(({ texts }) => texts)
    races.push(await besideSpm(corpus, linesOf(name, texts, LINES_BYTES), WANTED.spm, count))
    // Most words of 75 languages are new. No corpus is like this, so the figure is only for information.
    if (byLanguage.size > 0) {
      races.push(await besideSpm(corpus, linesOf(
        `${name} + langid`, [...texts, ...[...byLanguage.values()].flat()], LINES_BYTES
      ), null, count))
    }
  } else notes.push('skipped: spm_encode is not installed')
  const [load, note] = await loading(model, LOADINGS * count)
  notes.push(note)
  const [threads, missing] = await threadMemory(corpus, Math.min(count, THREAD_RUNS))
  notes.push(...missing)
  return { races, bounds: [load, ...await memory(corpus, count), ...threads, ...await growth(corpus, count)], notes }
}

/** Whether each figure meets its requirement. @param tolerance a share by which each may miss it */
export function isAsWanted ({ races, bounds }: EncodeFigures, tolerance: number): boolean {
  return races.every(({ ratio, wanted }) => wanted === null || ratio >= wanted * (1 - tolerance)) && bounds.every(({
    value,
    allowed
  }) => value <= allowed * (1 + tolerance))
}

export function isFastEnough ({ ratio, wanted }: Race): boolean {
  return wanted === null || ratio >= wanted
}

export function isWithin ({ value, allowed }: Bound): boolean {
  return value <= allowed
}

/**
 * Encodes text by text, like a stream. Our encoder appends the ids to a reused buffer; SentencePiece creates an
 * array.
 */
async function besideWasm (
  model: string,
  { name, texts, bytes }: Texts,
  wanted: Partial<Record<Race['table'], number>>,
  count: number
): Promise<Race[]> {
  const counts = new Set<number>() // ids, as counted by each run
  const { sha256 } = await loadTokenizer(model)
  const encode = await loadWasmEncoder(model, sha256)
  const theirs: TimedRun = async () =>
    await Promise.resolve(cpuSeconds(() => { counts.add(texts.reduce((sum, text) => sum + encode(text).length, 0)) }))
  let tokenizer: Tokenizer
  const fresh = (options: TokenizerOptions): TimedRun => async () => {
    tokenizer = await loadTokenizer(model, { version: '0.1.97', ...options }) // that of sentencepiece-js
    return cpuSeconds(() => { counts.add(idsOf(tokenizer, texts)) })
  }
  const again: TimedRun = async () => await Promise.resolve(cpuSeconds(() => { counts.add(idsOf(tokenizer, texts)) }))
  const runs = { cold: fresh({}), warm: again, off: fresh({ tableBytes: 0 }) } // warm runs after cold
  const tables = (['cold', 'warm', 'off'] as const).filter(table => wanted[table] !== undefined)
  const [other, ...ours] = await alternateTimed([theirs, ...tables.map(table => runs[table])], count)
  if (counts.size !== 1) {
    throw new Error(`${name}: both sides should make the same ids, but their numbers are ${[...counts].join(' and ')}`)
  }
  return tables.map((table, i) => raced({
    text: name, table, other: 'sentencepiece-js', bytes, ours: ours[i]!, theirs: other!, wanted: wanted[table]!
  }))
}

/** Encodes texts one after the other, and returns the number of ids. */
function idsOf ({ append }: Tokenizer, texts: readonly string[]): number {
  const ids = new IdBuffer()
  let count = 0
  for (const text of texts) {
    ids.clear()
    append(text, ids)
    count += ids.length
  }
  return count
}

function raced (race: Omit<Race, 'ratio'>): Race {
  return { ...race, ratio: race.theirs.best / race.ours.best }
}

function hasSpmEncode (): boolean {
  return spawnSync('sh', ['-c', 'command -v spm_encode']).status === 0
}

async function besideSpm (
  { folder, tokenizerPath: model }: Corpus,
  { name, texts, bytes }: Texts,
  wanted: number | null,
  count: number
): Promise<Race> {
  const path = join(folder, 'lines.txt')
  await writeFile(path, texts.join('\n') + '\n')
  const [theirs] = await alternateTimed([() => spmSeconds(model, path)], count)
  const seconds = await inProcess('lines', path, model, String(count)) as number[]
  return raced({
    text: name,
    table: 'cold',
    other: 'spm_encode',
    bytes,
    ours: { best: Math.min(...seconds), seconds },
    theirs: theirs!,
    wanted
  })
}

/** User and system CPU time of `spm_encode` on a file. The shell's `times` works on every system. */
async function spmSeconds (model: string, path: string): Promise<number> {
  const script = 'spm_encode --model="$1" --output_format=id <"$2" >/dev/null && times'
  const { stdout } = await promisify(execFile)(
    'sh', ['-c', script, 'sh', model, path], { env: { ...process.env, LC_ALL: 'C' } }
  )
  const times = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  if (times.length !== 2) throw new Error(`expected the shell's times, got ${JSON.stringify(stdout)}`)
  return times.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0)
}

/** The CPU time to load our modules and a model, relative to sentencepiece-js. Each measurement is a new process. */
async function loading (model: string, count: number): Promise<[Bound, string]> {
  const sides = ['load', 'load-wasm'].map((job): TimedRun => async () => await inProcess(job, model) as number)
  const [ours, theirs] = (await alternateTimed(sides, count)).map(({ best }) => best) as [number, number]
  const [our, their] = [ours, theirs].map(seconds => (1000 * seconds).toFixed(0)) as [string, string]
  const note = `loading: ${our} ms of CPU time; sentencepiece-js: ${their} ms`
  const what = `CPU time to load ${basename(model)}, of sentencepiece-js's`
  return [{ what, unit: 'times', value: ours / theirs, allowed: ALLOWED_LOAD }, note]
}

/** Additional memory, compared with a process that only reads the same texts: the maximum after any text. */
async function memory ({ ndjson: { path }, tokenizerPath: model }: Corpus, count: number): Promise<Bound[]> {
  const kinds = [
    { args: [], what: '', tableBytes: 0 },
    { args: [model, '0'], what: 'memory, no table', tableBytes: 0 },
    { args: [model, String(DEFAULT_TABLE_BYTES)], what: 'memory, default table', tableBytes: DEFAULT_TABLE_BYTES }
  ]
  const resident: number[][][] = kinds.map(() => [])
  for (let i = 0; i < count; i++) {
    for (const [kind, { args }] of kinds.entries()) {
      resident[kind]!.push(await inProcess('memory', path, ...args) as number[])
    }
  }
  const [bare, ...loaded] = resident.map(runs => runs[0]!.map((_, text) => median(runs.map(run => run[text]!))))
  return loaded.map((bytes, i) => {
    const { what, tableBytes } = kinds[i + 1]!
    return {
      what,
      unit: 'MB',
      value: Math.max(...bytes.map((each, text) => each - bare![text]!)) / 1e6,
      allowed: ALLOWED_MEMORY_MB + tableBytes / 1e6
    }
  })
}

/** Of models whose tables are shared by threads. @returns also what is missing, a sentence each */
async function threadMemory (
  { ndjson: { path }, tokenizerPath }: Corpus, count: number
): Promise<readonly [Bound[], string[]]> {
  const models = new Models(undefined, () => {})
  const found = await Promise.allSettled((['cl100k_base', 'o200k_base'] as const).map(async name =>
    [name, await models.ranks(name)] as const))
  const kinds = [['unigram', tokenizerPath] as const, ...found.flatMap(each => 'value' in each ? [each.value] : [])]
  const bytesWith = async (...model: readonly string[]): Promise<number> => {
    const runs: number[] = []
    for (let i = 0; i < count; i++) runs.push(await inProgram('encode-thread.js', path, ...model) as number)
    return median(runs)
  }
  const bare = await bytesWith()
  const bounds: Bound[] = []
  for (const [name, model] of kinds) {
    const value = (await bytesWith(model) - bare) / 1e6
    bounds.push({ what: `memory, a second thread, ${name}`, unit: 'MB', value, allowed: ALLOWED_THREAD_MB })
  }
  return [bounds, found.flatMap(each => 'reason' in each ? `skipped: ${messageOf(each.reason)}` : [])]
}

async function inProcess (...args: readonly string[]): Promise<unknown> {
  return await inProgram('encode-process.js', ...args)
}

async function inProgram (name: string, ...args: readonly string[]): Promise<unknown> {
  const program = fileURLToPath(new URL(name, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args])
  return JSON.parse(stdout) as unknown
}

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** The factor by which the time grows for ten times the text, for texts without word ends. */
async function growth ({ folder, tokenizerPath }: Corpus, count: number): Promise<Bound[]> {
  const unsplitPath = join(folder, 'no-split.model')
  await writeFile(unsplitPath, encodings().find(({ name }) => name === 'no-split')!.bytes)
  const [split, unsplit] = [await loadTokenizer(tokenizerPath), await loadTokenizer(unsplitPath)]
  const cases: ReadonlyArray<readonly [what: string, tokenizer: Tokenizer, part: string]> = [
    ['one letter', split, 'a'],
    ['unknown characters', split, '\ue000'],
    ['words, no split at white space', unsplit, 'a water ']
  ]
  const bounds: Bound[] = []
  for (const [what, tokenizer, part] of cases) {
    const short = part.repeat(SHORT_BYTES / Buffer.byteLength(part))
    const long = short.repeat(10)
    const run = (texts: readonly string[]): TimedRun =>
      async () => await Promise.resolve(cpuSeconds(() => idsOf(tokenizer, texts)))
    const sides = [run(Array.from({ length: 10 }, () => short)), run([long])]
    const [shorts, longs] = await alternateTimed(sides, Math.max(count, LEAST_RUNS))
    bounds.push({
      what: `time for 1 MB of ${what}, relative to 100 kB`,
      unit: 'times',
      value: 10 * longs!.best / shorts!.best,
      allowed: ALLOWED_GROWTH
    })
  }
  return bounds
}
