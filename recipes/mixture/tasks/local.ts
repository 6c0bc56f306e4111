import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SluiceError, errorCodes } from '../../../lib/errors.ts'
import type { RunOptions } from '../../flow/flow.ts'
import { MOST_ATTEMPTS } from './attempts.ts'
import type { Phase } from './places.ts'

/** A task that fails or is killed is started this often: once more than a unit may kill it, which is then named. */
const MOST_STARTS = MOST_ATTEMPTS + 1

/** Exit code of a call that fails again if it is repeated. */
const WRONG_CALL = errorCodes.ERR_USAGE.exit

/** How tasks run on this machine. */
export interface LocalOptions extends Pick<RunOptions, 'signal' | 'tell'> {
  /** Processes at a time. */
  readonly tasks: number
  /** Threads of each. */
  readonly workers: number
}

/**
 * Runs the tasks of a phase as processes of this machine, all at the same time. A task that fails is started again.
 *
 * @param plan the plan file
 * @throws SluiceError `ERR_COMPONENT` when a task fails for good, with what it has written; `ERR_ABORTED`
 */
export async function runPhase (plan: string, phase: Phase, options: LocalOptions): Promise<void> {
  const ends = new AbortController()
  const signal = options.signal === undefined ? ends.signal : AbortSignal.any([options.signal, ends.signal])
  const ranks = Array.from({ length: options.tasks }, (_, rank) => rank)
  const outcomes = await Promise.allSettled(ranks.map(async rank => {
    await runTask({ plan, phase, rank }, { ...options, signal }).catch((error: unknown) => {
      ends.abort() // the other tasks stop; what they have committed stays
      throw error
    })
  }))
  if (options.signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${plan}: stopped; run it again to resume`)
  const failures = outcomes.flatMap(outcome => outcome.status === 'rejected' ? [outcome.reason as SluiceError] : [])
  const failure = failures.find(({ code }) => code !== 'ERR_ABORTED') ?? failures[0]
  if (failure !== undefined) throw failure
}

interface LocalTask { readonly plan: string, readonly phase: Phase, readonly rank: number }

async function runTask ({ plan, phase, rank }: LocalTask, options: LocalOptions): Promise<void> {
  const { tasks, workers, tell, signal } = options
  const args = ['task', plan, '--phase', phase, '--rank', `${rank}`, '--world', `${tasks}`, '--workers', `${workers}`]
  for (let start = 1; ; start++) {
    const { exit, written } = await runCommand(args, signal)
    if (exit === 0) return
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${plan}: stopped`)
    const what = `task ${rank} of phase ${phase} ended with ${typeof exit === 'number' ? `exit code ${exit}` : exit}`
    if (exit === WRONG_CALL || start === MOST_STARTS) {
      throw new SluiceError('ERR_COMPONENT', `${what}${written === '' ? '' : `:\n${written}`}`)
    }
    tell?.(`${what}; it is started again`)
  }
}

/** What a process has written to standard error, at most. */
const MOST_WRITTEN = 10_000

/** Runs sluice. Resolves to its exit code, or the signal that ended it, and what it has written to standard error. */
async function runCommand (
  args: readonly string[], signal: AbortSignal | undefined
): Promise<{ readonly exit: number | NodeJS.Signals, readonly written: string }> {
  const main = fileURLToPath(import.meta.resolve('../../cli/main.js'))
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args, '--quiet'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let written = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { written = (written + text).slice(-MOST_WRITTEN) })
    const stop = (): void => { child.kill('SIGTERM') }
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    child.once('error', reject)
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', stop)
      resolve({ exit: code ?? killedBy!, written: written.trim() })
    })
  })
}
