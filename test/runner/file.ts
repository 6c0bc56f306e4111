import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Report } from './report.ts'
import type { FileResult } from './report.ts'

export interface FileOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Seconds without a report after which a test fails, and its process is killed. */
  readonly limit: number
  /** Kills the process. */
  readonly signal?: AbortSignal
}

/** The number of bytes kept of a process's stderr. */
const STDERR_KEPT = 10_000

const GROUP = fileURLToPath(new URL('./group.js', import.meta.url))

/**
 * Most code of a test runs a few times or never, so that compiling it takes longer than it saves, and garbage is
 * collected in less time where more of it is collected at once. This saves a quarter of the CPU time.
 */
const V8_OPTIONS = [
  '--max-semi-space-size=32',
  '--initial-old-space-size=512',
  '--single-threaded-gc',
  '--max-lazy',
  '--wasm-lazy-compilation',
  ...(process.version.startsWith('v20.') ? ['--interrupt-budget=600000'] : []) // later versions don't have it
]

/**
 * Runs test files in one process, and checks their report more strictly than TAP: a file without tests, a test without
 * an assertion, and a process that fails after its last test have failed.
 */
export async function runFiles (
  paths: readonly string[],
  { cwd, env, limit, signal }: FileOptions
): Promise<FileResult[]> {
  const report = new Report(paths)
  const program = paths.length === 1 ? paths : [GROUP, ...paths]
  // The process leads a group, so that its children end with it.
  const child = spawn(process.execPath, [...V8_OPTIONS, ...program], {
    cwd, env: { ...env, TAP_TIMEOUT: '0' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true
  })
  const kill = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {} // it has ended
  }
  const isLate = setTimeout(() => {
    report.fail(report.running, `nothing was reported for ${limit} s, and the process was killed`)
    kill()
  }, limit * 1000)
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    isLate.refresh()
    report.write(text)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-STDERR_KEPT) })
  signal?.addEventListener('abort', kill)
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject).on('exit', kill).on('close', () => { resolve() })
  }).finally(() => {
    clearTimeout(isLate)
    signal?.removeEventListener('abort', kill)
  })
  return report.end(child.exitCode ?? child.signalCode!, stderr)
}
