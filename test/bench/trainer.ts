import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { type Check, isReached } from './checks.ts'
import { type Corpus, SHARED } from './corpus.ts'
import { pythons } from './frame/python.ts'
import { type Timed, hasTime, runTimed } from './timed.ts'
import { type LinesFile, MAX_LINE_BYTES, hasShared, writeHalves, writeMixed, writeShared } from './trainer-texts.ts'

/**
 * The allowed number of tokens of other text relative to SentencePiece's, and the required share of common pieces, by
 * vocabulary size.
 */
const WANTED_TOKENS = 1.002
const WANTED_COMMON = { 8000: 0.97, 32000: 0.93 } as const
/** The required speed of our trainer relative to `spm_train` with two threads, by number of workers. */
const WANTED_SPEED = { 2: 3, 1: 1 } as const
const ALLOWED_MB = 1500

const THREADS = 2
const SPEED_PIECES = 32_000
const OURS = fileURLToPath(new URL('trainer-process.js', import.meta.url))
const DOCUMENTS = ['web', 'books'] as const
const ALL = [...DOCUMENTS, 'langid'] as const

type Pieces = keyof typeof WANTED_COMMON

/** A program that trains. */
interface Side {
  readonly name: string
  /** @param prefix path prefix of the model's files */
  readonly command: (lines: string, prefix: string, pieces: number) => readonly [program: string, ...args: string[]]
}

/** A training, and its result. */
interface Trained extends Timed {
  readonly side: string
  readonly text: string
  readonly bytes: number
  readonly pieces: number
  /** Tokens of the documents that it wasn't trained on; null if it was trained on all of them. */
  readonly tokens: number | null
  /** The share of the pieces of `spm_train`'s model that it has; null for that model. */
  readonly common: number | null
}

export interface TrainerFigures {
  readonly trainings: readonly Trained[]
  readonly checks: readonly Check[]
  readonly notes: readonly string[]
}

export interface TrainerOptions {
  /** One size, and half of the documents: under a minute. */
  readonly quick: boolean
  /** MB of text for the largest training; 0: it is left out. */
  readonly megabytes: number
}

/**
 * Trains unigram models with sluice and with `spm_train`, in turn, each in a separate process: their quality, and their
 * cost.
 */
export async function trainerFigures (
  { folder }: Pick<Corpus, 'folder'>,
  count: number,
  { quick, megabytes }: TrainerOptions
): Promise<TrainerFigures> {
  const missing = missingParts()
  if (missing !== undefined) return { trainings: [], checks: [], notes: [`skipped: ${missing}`] }
  const race = new TrainerRace(folder)
  race.notes.push(
    'each training in a separate process, from its start to its end; ' +
      'default options except the number of pieces and threads. Of several runs the fastest, ' +
      'with the most memory',
    'lines are those of the documents, trimmed, without empty ones; ' +
      `longer ones than ${MAX_LINE_BYTES.toLocaleString('en-US')} bytes, which spm_train drops, ` +
      'are split at a space. Half: every second document; ' +
      'tokens are those of the other lines, by sluice\'s encoder, which agrees with SentencePiece\'s'
  )
  if (quick) {
    const [half, rest] = await writeHalves(folder, DOCUMENTS)
    await race.speed({ name: `half of ${DOCUMENTS.join(' + ')}`, ...half }, 1, { heldOut: rest })
    return race
  }
  const recent = recentSide(race.notes)
  for (const names of [DOCUMENTS, ALL]) {
    const [half, rest] = await writeHalves(folder, names)
    for (const pieces of [8000, 32000] as const) {
      await race.quality({ name: `half of ${names.join(' + ')}`, ...half }, rest, pieces, recent)
    }
  }
  await race.speed({ name: ALL.join(' + '), ...await writeShared(folder, ALL) }, count, {})
  if (megabytes > 0) {
    const mixed = await writeMixed(folder, ALL, megabytes * 1e6)
    const name = `${(mixed.bytes / 1e6).toFixed(0)} MB`
    race.notes.push(`${name}, ` +
      'trained ' +
      'on ' +
      'once: ' +
      mixed.parts.map(part => `${part.name} (${(part.bytes / 1e6).toFixed(1)} ` +
        `MB${part.files > 1 ? ` of ${part.files.toLocaleString('en-US')} files` : ''})`).join(', '))
    await race.speed({ name, ...mixed }, 1, { isMemoryChecked: true })
  }
  return race
}

/**
 * Whether quality and speed meet their requirements.
 *
 * @param tolerance a share by which speed may be missed; nothing else depends on the machine
 */
export function isTrained ({ checks }: TrainerFigures, tolerance: number): boolean {
  return checks.every(check =>
    isReached(check.unit === 'times' ? { ...check, wanted: check.wanted * (1 - tolerance) } : check))
}

interface NamedLines extends LinesFile {
  readonly name: string
}

/** Trainings on the same text, side by side. */
class TrainerRace implements TrainerFigures {
  readonly trainings: Trained[] = []
  readonly checks: Check[] = []
  readonly notes: string[] = []
  readonly #folder: string

  constructor (folder: string) {
    this.#folder = folder
  }

  /** @param recent another release of SentencePiece, if there is one */
  async quality (text: NamedLines, heldOut: LinesFile, pieces: Pieces, recent: Side | null): Promise<void> {
    const sides = [sluice(2), spmTrain, ...recent === null ? [] : [recent]]
    const [ours, ...others] = await this.#train(text, pieces, sides, 1, heldOut)
    this.#checkQuality(ours!, others, pieces)
  }

  /**
   * @param count runs
   * @param more text to measure quality on, if wanted; whether memory must be within its limits
   */
  async speed (
    text: NamedLines,
    count: number,
    { heldOut, isMemoryChecked = false }: { readonly heldOut?: LinesFile, readonly isMemoryChecked?: boolean }
  ): Promise<void> {
    const [two, one, theirs] = await this.#train(
      text, SPEED_PIECES, [sluice(2), sluice(1), spmTrain], count, heldOut ?? null
    ) as [Trained, Trained, Trained]
    if (heldOut !== undefined) this.#checkQuality(two, [theirs], SPEED_PIECES)
    for (const [workers, ours] of [[2, two], [1, one]] as const) {
      this.checks.push({
        what: `${text.name}: seconds of spm_train, relative to ours with ${workers} worker${workers === 1 ? '' : 's'}`,
        value: theirs.seconds / ours.seconds,
        unit: 'times',
        is: 'at least',
        wanted: WANTED_SPEED[workers]
      })
    }
    if (!isMemoryChecked) return
    for (const [of, allowed] of [['', ALLOWED_MB], [', relative to spm_train', theirs.peakBytes / 1e6]] as const) {
      this.checks.push({
        what: `${text.name}: most memory, with 1 worker and 2${of}`,
        value: Math.max(one.peakBytes, two.peakBytes) / 1e6,
        unit: 'MB',
        is: 'at most',
        wanted: allowed
      })
    }
  }

  #checkQuality (ours: Trained, others: readonly Trained[], pieces: Pieces): void {
    const what = `${ours.text}, ${pieces.toLocaleString('en-US')} pieces`
    const theirs = others[0]!
    this.checks.push(
      {
        what: `${what}: tokens, relative to spm_train`,
        value: ours.tokens! / theirs.tokens!,
        unit: 'share',
        is: 'at most',
        wanted: WANTED_TOKENS
      },
      {
        what: `${what}: in common with spm_train`,
        value: ours.common!,
        unit: 'share',
        is: 'at least',
        wanted: WANTED_COMMON[pieces]
      }
    )
    if (others.length === 1) return
    this.checks.push({
      what: `${what}: tokens, relative to the better one of ${others.map(({ side }) => side).join(' and ')}`,
      value: ours.tokens! / Math.min(...others.map(({
        tokens
      }) => tokens!)),
      unit: 'share',
      is: 'at most',
      wanted: WANTED_TOKENS
    })
  }

  /** Trains with each side in turn, the given number of times. */
  async #train (
    text: NamedLines,
    pieces: number,
    sides: readonly Side[],
    count: number,
    heldOut: LinesFile | null
  ): Promise<Trained[]> {
    const runs: Timed[][] = sides.map(() => [])
    const prefixes = sides.map((_, i) => join(this.#folder, `trainer-${i}`))
    for (let run = 0; run < count; run++) {
      for (const [i, { command }] of sides.entries()) {
        const [program, ...args] = command(text.path, prefixes[i]!, pieces)
        runs[i]!.push(await runTimed(join(this.#folder, 'trainer-time.txt'), program, args))
      }
    }
    const judged = new Set(await piecesOf(prefixes[sides.indexOf(spmTrain)]!))
    const trained: Trained[] = []
    for (const [i, side] of sides.entries()) {
      const best = runs[i]!.toSorted((a, b) => a.seconds - b.seconds)[0]!
      trained.push({
        side: side.name,
        text: text.name,
        bytes: text.bytes,
        pieces,
        tokens: heldOut === null ? null : await tokensOf(`${prefixes[i]!}.model`, heldOut.path),
        common: side === spmTrain
          ? null
          : (await piecesOf(prefixes[i]!)).filter(piece => judged.has(piece)).length / judged.size,
        ...best,
        peakBytes: Math.max(...runs[i]!.map(({ peakBytes }) => peakBytes))
      })
    }
    this.trainings.push(...trained)
    return trained
  }
}

const spmTrain: Side = {
  name: `spm_train, ${THREADS} threads`,
  command: (lines, prefix, pieces) => [
    'spm_train', `--input=${lines}`, `--model_prefix=${prefix}`, `--vocab_size=${pieces}`, `--num_threads=${THREADS}`,
    '--minloglevel=2'
  ]
}

function sluice (workers: 1 | 2): Side {
  return {
    name: `sluice, ${workers} worker${workers === 1 ? '' : 's'}`,
    command: (lines, prefix, pieces) => [process.execPath, OURS, lines, prefix, String(pieces), String(workers)]
  }
}

/** The release of `sentencepiece` on PyPI, whose trainer differs. */
function recentSide (notes: string[]): Side | null {
  for (const python of pythons()) {
    const { status, stdout } = spawnSync(
      python, ['-c', 'import sentencepiece; print(sentencepiece.__version__)'], { encoding: 'utf8' }
    )
    if (status !== 0 || !stdout.startsWith('0.2.')) continue
    const script = 'import ' +
      'json, sys, sentencepiece; sentencepiece.SentencePieceTrainer.train(**json.loads(sys.argv[1]))'
    return {
      name: `PyPI's ${stdout.trim()}`,
      command: (lines, prefix, pieces) => [
        python,
        '-c',
        script,
        JSON.stringify({ input: lines, model_prefix: prefix, vocab_size: pieces, num_threads: THREADS, minloglevel: 2 })
      ]
    }
  }
  notes.push('skipped: PyPI\'s sentencepiece 0.2: no Python with it was found; set SLUICE_BENCH_PYTHON to one')
  return null
}

function missingParts (): string | undefined {
  if (!hasShared(ALL)) return `trainer: ${ALL.join(', ')} are not in ${SHARED}`
  const { error, stdout } = spawnSync('spm_train', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return 'trainer: spm_train is not installed'
  if (!stdout.includes('0.1.97')) return `trainer: expected spm_train 0.1.97, got ${stdout.trim()}`
  return hasTime() ? undefined : 'trainer: GNU\'s command time is not installed, which measures programs'
}

async function piecesOf (prefix: string): Promise<string[]> {
  return (await readFile(`${prefix}.vocab`, 'utf8')).split('\n').filter(line => line !== '').map(line =>
    line.slice(0, line.lastIndexOf('\t')))
}

async function tokensOf (model: string, lines: string): Promise<number> {
  const { encode } = await loadTokenizer(model)
  return (await readFile(lines, 'utf8')).split('\n').reduce((sum, line) => sum + encode(line).length, 0)
}
