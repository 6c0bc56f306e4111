import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../lib/package.ts'
import { freshFolder, runCommand, runNode } from '../command.ts'
import type { Inputs } from './inputs.ts'
import type { Row, RowResult, Sample, Side, Work } from './row.ts'
import { digestOfShards } from './shards.ts'

const PYTHON_PROGRAM = join(packageRoot(), 'test', 'bench', 'rivals.py')
/** Seconds of CPU time. */
const SLOW_SECONDS = 1.5
const MAX_OUTPUT = 2 ** 24

/** How rows are measured. */
export interface Bench {
  readonly inputs: Inputs
  /** Runs of each side. */
  readonly runs: number
  /** Whether a side isn't run again if its first run was slow. */
  readonly areSlowOnce: boolean
  /** Receives progress messages. */
  readonly tell: (message: string) => void
}

/** Runs all sides of a row in turn (A B C A B C …), each run in a new process. @throws Missing */
export async function measureRow (row: Row, bench: Bench): Promise<RowResult> {
  const { inputs, tell } = bench
  const { bytes, sides, skipped = [] } = await row.prepare(inputs)
  const { samples, failed } = await inTurn(sides.map(side => async () => {
    await freshFolder(inputs.output)
    return await runSide(side, inputs)
  }), bench, i => sides[i]!.kind !== 'sluice')
  const hasFailed = new Set(failed.map(([i]) => i))
  const notes = failed.map(([i, error]) => `${row.name}, ${sides[i]!.name}: ${error}`)
  notes.forEach(note => { tell(`skipped: ${note}`) })
  return {
    name: row.name,
    about: row.about,
    corpus: row.corpus,
    of: row.of,
    bytes,
    sides: sides.map(({ name, kind, bars }, i) => ({ name, kind, bars, samples: samples[i]! }))
      .filter((_, i) => !hasFailed.has(i)),
    skipped: [...skipped.map(reason => `${row.name}: ${reason}`), ...notes]
  }
}

async function runSide ({ work, shards }: Side, inputs: Inputs): Promise<Sample> {
  const sample = await runWork(work, inputs, packageRoot())
  return shards === undefined ? sample : { ...sample, digest: await digestOfShards(shards) }
}

/**
 * Runs all measurements, one round after the other.
 *
 * @param mayFail whether a side that fails is left out; otherwise its error is thrown
 */
export async function inTurn (
  sides: ReadonlyArray<() => Promise<Sample>>,
  { runs, areSlowOnce }: Pick<Bench, 'runs' | 'areSlowOnce'>,
  mayFail: (index: number) => boolean
): Promise<{ readonly samples: readonly Sample[][], readonly failed: ReadonlyArray<readonly [number, string]> }> {
  const samples: Sample[][] = sides.map(() => [])
  const failed = new Map<number, string>()
  for (let round = 0; round < runs; round++) {
    for (const [i, run] of sides.entries()) {
      if (failed.has(i) || (areSlowOnce && samples[i]!.some(({ cpu }) => cpu > SLOW_SECONDS))) continue
      try {
        samples[i]!.push(await run())
      } catch (error) {
        if (!mayFail(i)) throw error
        failed.set(i, lastLine(error))
      }
    }
  }
  return { samples, failed: [...failed] }
}

/** @param root the checkout whose sluice is measured */
export async function runWork (work: Work, inputs: Inputs, root: string): Promise<Sample> {
  switch (work.kind) {
    case 'node': {
      const program = join(root, 'dist', 'test', 'bench', 'jobs', 'process.js')
      return await printed(process.execPath, [program, work.job, JSON.stringify(work.given)], {})
    }
    case 'python': {
      const { program, environment } = inputs.python!
      return await printed(program, [PYTHON_PROGRAM, work.job, JSON.stringify(work.given)], environment)
    }
    case 'sluice': {
      const { cpuSeconds, seconds } = await runCommand(work.args, inputs.output, root)
      return { cpu: cpuSeconds, wall: seconds, count: 0 }
    }
    case 'program': {
      const { cpuSeconds, seconds } = await runNode(work.args, inputs.output)
      return { cpu: cpuSeconds, wall: seconds, count: 0 }
    }
  }
}

async function printed (program: string, args: readonly string[], environment: object): Promise<Sample> {
  const options = { env: { ...process.env, ...environment }, maxBuffer: MAX_OUTPUT }
  const { stdout } = await promisify(execFile)(program, args, options)
  return JSON.parse(stdout) as Sample
}

/** The line with the reason, from what a program printed before it failed. */
function lastLine (error: unknown): string {
  const { stderr, message } = error as { stderr?: string, message: string }
  const lines = (stderr === undefined || stderr === '' ? message : stderr).trim().split('\n')
  return (lines.find(line => /^\w*Error\b/.test(line)) ?? lines.at(-1))!.trim()
}
