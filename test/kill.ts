/**
 * Runs that are killed, stopped, or out of disk space at some moment, then run to the end: the results must be the
 * same.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { codeOf } from '../lib/errors.ts'
import { packageRoot } from '../lib/package.ts'
import { inContainer, noContainers } from './container.ts'
import type { Random } from './fuzz.ts'
import { type FlowFiles, killJobs } from './kill-jobs.ts'
import { mountDisk } from './small-disk.ts'
import { snapshot, whatDiffers } from './snapshot.ts'

/** SIGKILL, of a process or of its container; SIGTERM; or a disk that is full until the run has failed. */
export type Interruption = 'SIGKILL' | 'container' | 'SIGTERM' | 'disk full'

/** The state at one interruption. */
export interface Hit {
  /** The active flows: started in this attempt, and not finished. */
  readonly flows: readonly string[]
  /** Whether one of these had a checkpoint. */
  readonly hasCheckpoint: boolean
}

/** The result of an interrupted run. */
export interface InterruptedRun {
  readonly wrong: readonly string[]
  readonly hits: readonly Hit[]
  /** Interruptions that came after the end of the run. */
  readonly late: number
  /** Duration of the last attempt. */
  readonly milliseconds: number
  /** Documents encoded in all attempts, in excess of those of an uninterrupted run. */
  readonly excess: number
  /** The allowed excess. */
  readonly allowed: number
}

/** An uninterrupted run. */
export interface CleanRun {
  /** Duration of the work, without the start of the process. */
  readonly milliseconds: number
  readonly encoded: number
  readonly files: ReadonlyMap<string, string>
}

/** Threads of the attempts of a run; the first number depends on how often it is interrupted. */
const WORKERS = [2, 4, 1]

/** Space for the output of a job, and little more. */
const DISK_BYTES = 24 * 1024 * 1024

/** Does a job in `folder/name`, next to `folder/inputs`. */
export async function runClean (folder: string, name: string, job: string): Promise<CleanRun> {
  const at = await attempt(folder, name, job, null)
  if (at.failure !== null) throw new Error(`${job} failed without being killed: ${at.failure}`)
  return { milliseconds: at.milliseconds, encoded: at.encoded, files: await snapshot(join(folder, name)) }
}

/**
 * When to interrupt a job, after each of its starts, as shares of its duration: not at its very beginning or end, when
 * no component is active; most sums of them are below 1.
 */
export function moments (random: Random, count: number): number[] {
  const [first, last] = [0.04, count === 1 ? 0.9 : 1.4 / count]
  return Array.from({ length: count }, () => first + random.below(1000) / 1000 * (last - first))
}

/** A run of a job in `folder/name` that is interrupted. */
export interface Interrupting {
  readonly folder: string
  readonly name: string
  readonly job: string
  readonly how: Interruption
  /** When it is interrupted, in milliseconds from the start of each attempt. */
  readonly after: readonly number[]
  readonly clean: CleanRun
}

/**
 * Does a job that is interrupted after each of the waits, then runs to its end. Its folder is deleted if everything was
 * correct.
 *
 * @returns a string, the reason, if it can't be done on this machine
 */
export async function runInterrupted (interrupting: Interrupting): Promise<InterruptedRun | string> {
  const { folder, name, how } = interrupting
  const reason = how === 'container' && noContainers()
  if (reason !== false) return reason
  const cwd = join(folder, name)
  mkdirSync(cwd)
  const disk = how === 'disk full' ? mountDisk(cwd, `size=${DISK_BYTES}`) : null
  if (typeof disk === 'string') return disk
  let run: InterruptedRun
  try {
    run = await interrupted(interrupting)
  } finally {
    disk?.unmount()
  }
  if (run.wrong.length === 0) rmSync(cwd, { recursive: true })
  return run
}

async function interrupted ({ folder, name, job, how, after, clean }: Interrupting): Promise<InterruptedRun> {
  const { every, flows, encoding, hasThreads } = killJobs[job]!
  const cwd = join(folder, name)
  const wrong: string[] = []
  const hits: Hit[] = []
  let [encoded, allowed, late, attempts] = [0, 0, 0, after.length]
  let last: Attempt | undefined
  for (const [i, wait] of [...after, null].entries()) {
    const host = how === 'container' ? `pod-${Math.floor(i / 2)}` : undefined // also twice the same
    const workers = hasThreads ? WORKERS[attempts++ % WORKERS.length] : undefined
    const at = last = await attempt(folder, name, job, wait === null ? null : { how, wait }, { workers, host })
    encoded += at.encoded
    if (wait === null || at.isDone) {
      late += wait === null ? 0 : after.length - hits.length
      break
    }
    if (!isExpected(how, at)) wrong.push(`interrupted by ${how}: ${at.failure ?? 'killed'}`)
    const unfinished = at.flows.filter(flow => isUnfinished(cwd, flows[flow]!, how))
    hits.push({
      flows: unfinished, hasCheckpoint: unfinished.some(flow => hasFlowState(join(cwd, flows[flow]!.checkpoint)))
    })
    allowed += unfinished.filter(flow => encoding.includes(flow)).length * every
  }
  const excess = hasThreads ? 0 : encoded - clean.encoded
  if (!last!.isDone) wrong.push(`run to the end: ${last!.failure ?? 'killed'}`)
  else wrong.push(...whatDiffers(clean.files, await snapshot(cwd)))
  if (excess < 0 || excess > allowed) wrong.push(`${excess} documents were encoded again, from 0 to ${allowed} may be`)
  return { wrong, hits, late, milliseconds: last!.milliseconds, excess, allowed }
}

/** One process that does a job, or a part of it. */
interface Attempt {
  readonly isDone: boolean
  /** The codes and the message of its error; null without one. */
  readonly failure: string | null
  readonly milliseconds: number
  /** Flows that it started before it was stopped. */
  readonly flows: readonly string[]
  readonly encoded: number
}

const DRIVER = join(packageRoot(), 'dist/test/checks/kill-driver.js')

async function attempt (
  folder: string,
  name: string,
  job: string,
  interruption: { readonly how: Interruption, readonly wait: number } | null,
  { workers, host }: { readonly workers?: number | undefined, readonly host?: string | undefined } = {}
): Promise<Attempt> {
  const cwd = join(folder, name)
  const log = join(folder, `${name}.log`)
  mkdirSync(cwd, { recursive: true })
  const child = startDriver([job, log, ...(workers === undefined ? [] : [String(workers)])], cwd, host)
  const ended = endOf(child)
  await Promise.race([ended, new Promise(resolve => child.stdout!.once('data', resolve))])
  const began = performance.now()
  const room = interruption === null
    ? undefined
    : await interrupt(child, ended, cwd, interruption.how, interruption.wait)
  const { code, signal, output } = await ended
  room?.()
  const milliseconds = performance.now() - began
  const lines = readFileSync(log, 'utf8').split('\n')
  const beforeStop = lines.includes('!') ? lines.slice(0, lines.indexOf('!')) : lines
  return {
    isDone: code === 0,
    failure: signal !== null ? null : output.split('failed ')[1] ?? (code === 0 ? null : output),
    milliseconds,
    flows: beforeStop.filter(line => line.startsWith('+')).map(line => line.slice(1)),
    encoded: lines.filter(line => line.startsWith('.')).reduce((sum, { length }) => sum + length, 0)
  }
}

/** Runs the driver in a separate process, to its end. */
export async function drive (args: readonly string[]): Promise<void> {
  const { code, output } = await endOf(startDriver(args, packageRoot()))
  if (code !== 0) throw new Error(output)
}

/**
 * Without the environment of the test runner, which loads itself into every Node process.
 *
 * @param host the name of a container to start it in; there, locks are refreshed so often that nobody waits for long
 */
function startDriver (args: readonly string[], cwd: string, host?: string): ChildProcess {
  const command = [process.execPath, DRIVER, ...args]
  const [program, rest] = host === undefined ? [command[0]!, command.slice(1)] : inContainer(host, command)
  const env = { PATH: process.env.PATH, ...(host !== undefined && { REFRESH_SECONDS: '0.02' }) }
  return spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

function endOf (child: ChildProcess): Promise<End> {
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => { output += text })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => { resolve({ code, signal, output }) })
  })
}

/** Waits, then interrupts the process unless it has ended. @returns a function that frees disk space again */
async function interrupt (
  child: ChildProcess,
  ended: Promise<End>,
  cwd: string,
  how: Interruption,
  wait: number
): Promise<(() => void) | undefined> {
  await Promise.race([ended, setTimeout(wait)])
  if (child.exitCode !== null) return undefined
  if (how !== 'disk full') {
    child.kill(how === 'container' ? 'SIGKILL' : how)
    return undefined
  }
  const ballast = join(cwd, 'ballast')
  fill(ballast)
  return () => { rmSync(ballast) }
}

function fill (path: string): void {
  const file = openSync(path, 'w')
  try {
    const bytes = Buffer.alloc(256 * 1024)
    for (;;) writeSync(file, bytes)
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

function isExpected (how: Interruption, { failure }: Attempt): boolean {
  if (how === 'SIGKILL' || how === 'container') return failure === null
  return how === 'SIGTERM'
    ? failure === null || failure.startsWith('ERR_ABORTED')
    : /^(ERR_COMPONENT )?ERR_OUTPUT ENOSPC\n/.test(failure ?? '')
}

/** Whether a flow was started and can be resumed. A killed one has left its lock. */
function isUnfinished (cwd: string, { checkpoint, output }: FlowFiles, how: Interruption): boolean {
  const path = join(cwd, checkpoint)
  if ((how === 'SIGKILL' || how === 'container') && !existsSync(`${path}.lock`)) return false
  if (!existsSync(path)) return output === undefined || !existsSync(join(cwd, output))
  return contentOf(path).finished === null
}

function hasFlowState (path: string): boolean {
  return existsSync(path) && contentOf(path).flow !== null
}

function contentOf (checkpoint: string): { readonly flow: unknown, readonly finished: unknown } {
  return (JSON.parse(readFileSync(checkpoint, 'utf8')) as { content: { flow: unknown, finished: unknown } }).content
}
