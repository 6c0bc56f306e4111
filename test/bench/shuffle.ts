import { execFile, spawnSync } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { shuffleKey } from '../../lib/shuffle/key.ts'
import { type Statistic, isUniform, statisticsOf } from '../shuffle-statistics.ts'
import { randomNumbers } from '../shuffles.ts'
import { type Check, isReached } from './checks.ts'
import type { Moved } from './shuffle-process.ts'
import { type Timed, hasTime, runTimed } from './timed.ts'

const SEED = 42
const LINE_BREAK = 0x0a
const MOST_SPILLED = 2.1
/** The CPU time that is allowed, as a multiple of a copy and a sort in C. */
const MOST_TIMES = 1.5
/** The shares of sources, in the order in which their sequences are added. */
const SHARES = [0.4, 0.2, 0.15, 0.15, 0.1] as const

/** Sequences in uint16 to shuffle, and the memory for it. */
interface Size {
  readonly sequences: number
  readonly ids: number
  readonly memory: number
}

const SIZES: readonly Size[] = [
  { sequences: 1_000_000, ids: 2048, memory: 64_000_000 },
  { sequences: 10_000_000, ids: 64, memory: 512_000_000 }
]
const QUICK_SIZES: readonly Size[] = [
  { sequences: 50_000, ids: 2048, memory: 64_000_000 },
  { sequences: 800_000, ids: 64, memory: 64_000_000 }
]

/** A size, shuffled, sorted and copied. */
export interface ShuffleSize extends Size {
  readonly bytes: number
  readonly shuffled: Timed & Moved
  readonly sorted: Timed
  readonly copied: Timed
  /** A process that loads the same modules, and does nothing. */
  readonly idle: Timed
  readonly statistics: readonly Statistic[]
}

export interface ShuffleFigures {
  readonly sizes: readonly ShuffleSize[]
  readonly checks: readonly Check[]
  /** What was left out, with the reason. */
  readonly notes: readonly string[]
}

/** Whether all requirements were met. @param tolerance the share by which figures of speed may be missed */
export function isShuffled ({ sizes, checks }: ShuffleFigures, tolerance: number): boolean {
  return sizes.every(({ statistics }) => statistics.every(isUniform)) && checks.every(check =>
    isReached(check.what.includes('CPU') ? { ...check, wanted: check.wanted * (1 + tolerance) } : check))
}

/**
 * Shuffles sequences, sorts them by the same keys with GNU `sort` in the same memory, and copies them with `cp`. Each
 * is a process that reads a file and writes another.
 *
 * A sequence begins with its key and its index in hexadecimal digits, and ends with a line break, so that the same file
 * has lines for `sort`. Its result must be the same, byte by byte.
 */
export async function shuffleFigures (
  folder: string, { quick, tell }: { readonly quick: boolean, readonly tell: (message: string) => void }
): Promise<ShuffleFigures> {
  const missing = missingParts()
  if (missing !== null) return { sizes: [], checks: [], notes: [`skipped: shuffle: ${missing}`] }
  const sizes: ShuffleSize[] = []
  const notes: string[] = []
  for (const size of quick ? QUICK_SIZES : SIZES) {
    const bytes = 2 * size.ids * size.sequences
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < 4 * bytes) {
      notes.push(`skipped: shuffle of ${bytes / 1e9} GB: ${folder} has too little disk space`)
      continue
    }
    tell(`shuffle: ${size.sequences.toLocaleString('en-US')} sequences of ${size.ids}`)
    sizes.push(await measured(join(folder, 'shuffle'), size))
  }
  return { sizes, checks: sizes.flatMap(checksOf), notes }
}

async function measured (folder: string, { sequences, ids, memory }: Size): Promise<ShuffleSize> {
  const [input, shuffled, sorted] = ['input', 'shuffled', 'sorted'].map(name => join(folder, name)) as
    [string, string, string]
  const temporary = join(folder, 'temporary')
  await mkdir(temporary, { recursive: true })
  try {
    await writeInput(input, sequences, 2 * ids)
    const timed = (program: string, ...args: readonly string[]): Promise<Timed> =>
      runTimed(join(folder, 'notes'), program, args)
    const script = fileURLToPath(new URL('shuffle-process.js', import.meta.url))
    const idle = await timed(process.execPath, script)
    const copied = await timed('cp', '--reflink=never', input, sorted)
    const program = [script, input, shuffled, temporary, 2 * ids, memory, SEED].map(String)
    const output = join(folder, 'moved.json')
    const own = await timed('sh', '-c', 'exec "$@" > "$0"', output, process.execPath, ...program)
    const { read, written } = JSON.parse(await readFile(output, 'utf8')) as Moved
    await mkdir(temporary, { recursive: true })
    const gnu = await timed(
      'env', 'LC_ALL=C', 'sort', '-s', '-k1.1,1.12', '--parallel=1', '-S', `${memory}b`, '-T', temporary, '-o', sorted,
      input
    )
    await promisify(execFile)('cmp', [shuffled, sorted])
    const order = await orderIn(shuffled, sequences, 2 * ids)
    const ends = SHARES.map((_, i) => SHARES.slice(0, i + 1).reduce((sum, share) => sum + share, 0) * sequences)
    return {
      sequences,
      ids,
      memory,
      bytes: 2 * ids * sequences,
      shuffled: { ...own, read, written },
      sorted: gnu,
      copied,
      idle,
      statistics: statisticsOf(order, index => ends.findIndex(end => index < end))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The name of a size in tables. */
export function nameOf ({ sequences, ids }: Pick<Size, 'sequences' | 'ids'>): string {
  return `${sequences.toLocaleString('en-US')} of ${ids}`
}

function checksOf (measured: ShuffleSize): Check[] {
  const { sequences, ids, memory, bytes, shuffled, sorted, copied, idle } = measured
  const size = nameOf({ sequences, ids })
  return [
    {
      what: `${size}: memory above a process that does nothing`,
      value: (shuffled.peakBytes - idle.peakBytes) / 1e6,
      unit: 'MB',
      is: 'at most',
      wanted: memory / 1e6
    },
    {
      what: `${size}: bytes spilled, written and read, relative to the input`,
      value: (shuffled.read + shuffled.written) / bytes - 2,
      unit: 'times',
      is: 'at most',
      wanted: MOST_SPILLED
    },
    {
      what: `${size}: CPU time above a process that does nothing, relative to cp and GNU sort`,
      value: (shuffled.cpuSeconds - idle.cpuSeconds) / (copied.cpuSeconds + sorted.cpuSeconds),
      unit: 'times',
      is: 'at most',
      wanted: MOST_TIMES
    }
  ]
}

/** Writes sequences whose bytes, after the digits, are random ids; none is a line break. */
async function writeInput (path: string, sequences: number, bytes: number): Promise<void> {
  const random = randomNumbers(7)
  const pool = Uint8Array.from({ length: 2 ** 20 }, () => random(2 ** 8)).map(byte => byte === LINE_BREAK ? 0 : byte)
  const chunk = Buffer.alloc(bytes * Math.ceil(2 ** 20 / bytes), '\n')
  const file = await open(path, 'w')
  let used = 0
  for (let index = 0; index < sequences; index++) {
    const digits = shuffleKey(SEED, 0, 0, index).toString(16).padStart(12, '0') + index.toString(16).padStart(8, '0')
    chunk.write(digits, used, 'latin1')
    const start = random(pool.length - bytes)
    chunk.set(pool.subarray(start, start + bytes - digits.length - 1), used + digits.length)
    used += bytes
    if (used < chunk.length && index < sequences - 1) continue
    await file.writeFile(chunk.subarray(0, used))
    used = 0
  }
  await file.close()
}

/** The index at the beginning of each sequence. */
async function orderIn (path: string, sequences: number, bytes: number): Promise<Uint32Array> {
  const order = new Uint32Array(sequences)
  let count = 0
  const highWaterMark = bytes * Math.ceil(2 ** 20 / bytes)
  for await (const chunk of createReadStream(path, { highWaterMark }) as AsyncIterable<Buffer>) {
    for (let at = 12; at < chunk.length; at += bytes) {
      order[count++] = parseInt(chunk.toString('latin1', at, at + 8), 16)
    }
  }
  return order
}

function missingParts (): string | null {
  if (!existsSync('/proc/self/io')) return 'this system doesn\'t count the bytes that a process reads'
  if (!hasTime()) return 'GNU\'s command time is not installed, which measures programs'
  const { error, stdout } = spawnSync('sort', ['--version'], { encoding: 'utf8' })
  return error === undefined && stdout.includes('GNU coreutils') ? null : 'GNU\'s command sort is not installed'
}
