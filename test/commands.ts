/** Runs commands in a single process, for tests that don't check the process itself: it starts only once. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import { type Ended, ROOT, isThorough, runProgram, sluice } from './helpers.ts'

export interface CommandProcess {
  /** Runs a command; one at a time. */
  readonly run: (
    args: readonly string[],
    options?: { readonly cwd?: string, readonly input?: string | Uint8Array }
  ) => Promise<Ended>
  /** Resolves once the process has ended by itself, so no command keeps it running. */
  readonly end: () => Promise<Pick<Ended, 'code' | 'signal'>>
}

/** Starts the process. While no command runs, it doesn't keep the test process running. */
export function commandProcess (): CommandProcess {
  const child = spawn(process.execPath, [join(ROOT, 'dist/test/command-host.js')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced'
  })
  const ended = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject).on('exit', (code, signal) => { resolve({ code, signal }) })
  })
  const rest = (): void => {
    child.unref()
    child.channel!.unref()
  }
  rest()
  return {
    run: async (args, { cwd = ROOT, input = '' } = {}) => {
      child.ref()
      child.channel!.ref()
      const answer = new Promise<Ended>(resolve => { child.once('message', message => { resolve(message as Ended) }) })
      child.send({ args, cwd, input })
      const died = ended.then(({ code, signal }): never => {
        throw new Error('the process ended in the middle: ' +
        `exit code ${code}, signal ${signal}`)
      })
      const result = await Promise.race([answer, died])
      rest()
      return result
    },
    end: async () => {
      child.ref()
      child.disconnect()
      return await ended
    }
  }
}

/** Runs commands in one process. It starts at the first command, and ends at the end of the test or the file. */
export function commandsIn (t: Test): CommandProcess['run'] {
  let commands: CommandProcess | undefined
  t.teardown(async () => { await commands?.end() })
  return async (args, options) => {
    commands ??= commandProcess()
    return await commands.run(args, options)
  }
}

interface Printed { stdout: string, stderr: string }

/** The output of a command that runs in the test process. tap prints to the same streams. */
const printed = new AsyncLocalStorage<Printed>()

function catchPrinted (name: keyof Printed): void {
  const stream = process[name]
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean
  stream.write = (...given: unknown[]) => {
    const own = printed.getStore()
    if (own === undefined) return write(...given)
    own[name] += String(given[0])
    ;(given.findLast(argument => typeof argument === 'function') as (() => void) | undefined)?.()
    return true
  }
}

/** Does work in the test process in a given working directory, and returns the output. */
async function printedBy<Result> (cwd: string, work: () => Promise<Result>): Promise<{ result: Result } & Printed> {
  if (!isCaught) for (const name of ['stdout', 'stderr'] as const) catchPrinted(name)
  isCaught = true
  const before = process.cwd()
  const own: Printed = { stdout: '', stderr: '' }
  process.chdir(cwd)
  try {
    return { result: await printed.run(own, work), ...own }
  } finally {
    process.chdir(before)
  }
}

/**
 * Runs a command in the test process, which is faster: one at a time, and not for tests of signals, of what is left
 * running, or of a working directory that threads need.
 */
export const commandHere: CommandProcess['run'] = async (args, { cwd = ROOT, input = '' } = {}) => {
  const { cli } = await import('../recipes/cli/cli.ts')
  const { stdin } = process
  Object.defineProperty(process, 'stdin', {
    configurable: true, value: Readable.from([Buffer.from(input)], { objectMode: false })
  })
  try {
    const { result: code, stdout, stderr } = await printedBy(cwd, () => cli(args))
    return { code, signal: null, stdout, stderr }
  } finally {
    Object.defineProperty(process, 'stdin', { configurable: true, value: stdin })
  }
}

let isCaught = false

/**
 * Runs a command: in `npm run thorough` in a separate process, as a user would; otherwise in the test process, see
 * `commandHere`.
 */
export const command: CommandProcess['run'] = (args, options) =>
  isThorough() ? sluice(args, { input: '', ...options }) : commandHere(args, options)

/**
 * The output of a program that imports this package: in `npm run thorough` it runs in a separate process; otherwise it
 * is imported here.
 *
 * @param path of a module below `cwd`, which is like a checkout
 */
export async function programPrints (path: string, args: readonly string[], cwd: string): Promise<string> {
  if (isThorough()) return runProgram(process.execPath, [path, ...args], cwd)
  const { argv } = process
  process.argv = [process.execPath, path, ...args]
  try {
    return (await printedBy(cwd, () => import(pathToFileURL(join(cwd, path)).href) as Promise<unknown>)).stdout
  } finally {
    process.argv = argv
  }
}

/**
 * Runs the commands of a test file: in `npm run thorough` in one process that they share; otherwise in the test
 * process, see `commandHere`.
 */
export function commandsHereIn (t: Test): CommandProcess['run'] {
  return isThorough() ? commandsIn(t) : commandHere
}
