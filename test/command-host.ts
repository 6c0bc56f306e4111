/** Runs the commands that `commandProcess` sends. Each has separate streams in place of the process's. */
import { Readable } from 'node:stream'
import { cli } from '../recipes/cli/cli.ts'

interface Call {
  readonly args: readonly string[]
  readonly cwd: string
  readonly input: string | Uint8Array
}

const printed = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (text: unknown, ...more: readonly unknown[]): boolean => {
    printed[name] += String(text)
    const done = more.findLast(argument => typeof argument === 'function') as (() => void) | undefined
    done?.()
    return true
  }
}

process.on('message', ({ args, cwd, input }: Call) => {
  printed.stdout = printed.stderr = ''
  const stdin = Readable.from([Buffer.from(input as string)], { objectMode: false })
  Object.defineProperty(process, 'stdin', { configurable: true, value: stdin })
  process.chdir(cwd)
  cli(args).then(code => { process.send!({ code, signal: null, ...printed }) }, (error: unknown) => { throw error })
})
