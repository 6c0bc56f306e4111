/** Commands one after the other in a single process, for tests that aren't about the process: it starts once. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Ended, ROOT } from './helpers.ts'

export interface CommandProcess {
  /** Runs a command; only one at a time. */
  readonly run: (args: readonly string[], options?: { readonly cwd?: string, readonly input?: string | Uint8Array }) => Promise<Ended>
  /** Resolves once the process has ended by itself: nothing of what ran holds it any more. */
  readonly end: () => Promise<Pick<Ended, 'code' | 'signal'>>
}

/** Starts the process. While no command runs, it doesn't keep the test's own process from ending. */
export function commandProcess (): CommandProcess {
  const child = spawn(process.execPath, [join(ROOT, 'dist/test/command-host.js')], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' })
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
      const died = ended.then(({ code, signal }): never => { throw new Error(`the process ended in the middle: exit code ${code}, signal ${signal}`) })
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

/** Runs commands in a process that starts with the first of them, and ends with the test, or the file. */
export function commandsIn (t: Test): CommandProcess['run'] {
  let commands: CommandProcess | undefined
  t.teardown(async () => { await commands?.end() })
  return async (args, options) => {
    commands ??= commandProcess()
    return await commands.run(args, options)
  }
}
