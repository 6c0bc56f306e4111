import { spawn } from 'node:child_process'
import { Parser } from 'tap-parser'
import { stringify } from 'yaml'

export interface Failure {
  /** The titles of the test and of those around it; empty where the file itself has failed. */
  readonly test: string
  readonly details: string
}

export interface FileResult {
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
  /** The end of what was written to stderr. */
  readonly stderr: string
  readonly seconds: number
}

export interface FileOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** A test that reports nothing for so many seconds has failed, and its process is killed. */
  readonly limit: number
  /** Kills the process. */
  readonly signal?: AbortSignal
}

/** How much of what a file writes to stderr is kept. */
const STDERR_KEPT = 10_000

/**
 * Runs a file of tests in a process, and checks what it reports more strictly than TAP does: a file without tests, a test
 * without an assertion, and a process that fails after its last test have failed.
 */
export async function runFile (path: string, { cwd, env, limit, signal }: FileOptions): Promise<FileResult> {
  const began = performance.now()
  const report = new Report()
  // The process leads a group, so that nothing which it starts outlives it.
  const child = spawn(process.execPath, [path], { cwd, env: { ...env, TAP_TIMEOUT: '0' }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
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
  return { ...report.end(child.exitCode ?? child.signalCode!, stderr), seconds: (performance.now() - began) / 1000 }
}

/** What a file of tests reports in TAP. */
class Report {
  readonly #parser = new Parser()
  readonly #failures: Failure[] = []
  #passed = 0
  #skipped = 0
  #innermost = this.#parser

  constructor () {
    this.#follow(this.#parser)
    this.#parser
      .on('pass', () => { this.#passed++ })
      .on('skip', () => { this.#skipped++ })
      .on('todo', () => { this.#skipped++ })
      .on('fail', ({ fullname, diag }: { fullname: string, diag: unknown }) => { this.fail(fullname, detailsOf(diag)) })
  }

  /** The titles of the test that is at work. */
  get running (): string {
    return this.#innermost.fullname
  }

  write (text: string): void {
    this.#parser.write(text)
  }

  fail (test: string, details: string): void {
    this.#failures.push({ test: test.split('\n', 1)[0]!, details })
  }

  /** What was reported, once the process has ended with an exit code or a signal. */
  end (ended: number | string, stderr: string): Omit<FileResult, 'seconds'> {
    this.#parser.end()
    if (this.#failures.length === 0 && ended !== 0) this.fail('', `the process ended with ${typeof ended === 'number' ? 'exit code' : 'signal'} ${ended}`)
    if (this.#failures.length === 0 && !this.#parser.ok) this.fail('', 'the report is not that of tests that have passed')
    return { passed: this.#passed, skipped: this.#skipped, failures: this.#failures, stderr }
  }

  /** Notes what is wrong with the report of a test, or of a file, as a whole. */
  #follow (parser: Parser): void {
    this.#innermost = parser
    parser.on('child', (child: Parser) => { this.#follow(child) }).on('complete', ({ count, plan, failures }: Parser['results'] & {}) => {
      this.#innermost = parser.parent ?? parser
      const isSkipped = plan.skipReason !== '' && !parser.syntheticPlan
      if (count === 0 && !isSkipped) this.fail(parser.fullname, parser.parent === null ? 'the file has no test' : 'the test has no assertion')
      for (const failure of failures) if (!('ok' in failure) && count > 0) this.fail(parser.fullname, detailsOf(failure))
    })
  }
}

function detailsOf (diagnostics: unknown): string {
  return diagnostics === null || diagnostics === undefined ? '' : stringify(diagnostics, { lineWidth: 0 }).trimEnd()
}
