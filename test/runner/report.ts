import { Parser } from 'tap-parser'
import { stringify } from 'yaml'
import { sourceOf } from './groups.ts'

export interface Failure {
  /** The titles of the test and its parents; empty if the file itself has failed. */
  readonly test: string
  readonly details: string
}

export interface FileResult {
  /** The source, relative to the checkout. */
  readonly file: string
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly Failure[]
  /** The end of the process's stderr, if there is a failure. */
  readonly stderr: string
  readonly seconds: number
}

/** The separator that tap puts between the titles of a test and its parents. */
const SEPARATOR = ' > '

class FileReport {
  readonly failures: Failure[] = []
  passed = 0
  skipped = 0
  isDone = false
  seconds = 0
}

/** The TAP report of a process for one test file, or for several: then each file is a test with the file's name. */
export class Report {
  readonly #parser = new Parser()
  readonly #files: ReadonlyMap<string, FileReport>
  #innermost = this.#parser
  /** The current file, or the last one. */
  #file: string
  #began = performance.now()

  constructor (paths: readonly string[]) {
    this.#files = new Map(paths.map(path => [sourceOf(path), new FileReport()]))
    this.#file = sourceOf(paths[0]!)
    this.#follow(this.#parser)
    this.#parser
      .on('pass', () => { this.#current.passed++ })
      .on('skip', () => { this.#current.skipped++ })
      .on('todo', () => { this.#current.skipped++ })
      .on('fail', ({ fullname, diag }: { fullname: string, diag: unknown }) => { this.fail(fullname, detailsOf(diag)) })
  }

  /** The titles of the current test. */
  get running (): string {
    return this.#innermost.fullname
  }

  write (text: string): void {
    this.#parser.write(text)
  }

  /** @param test its titles, as tap joins them */
  fail (test: string, details: string): void {
    const titles = test.split('\n', 1)[0]!
    const title = titles === this.#file
      ? ''
      : titles.startsWith(this.#file + SEPARATOR) ? titles.slice(this.#file.length + SEPARATOR.length) : titles
    this.#current.failures.push({ test: title, details })
  }

  /** The results of each file, once the process has ended with an exit code or a signal. */
  end (ended: number | string, stderr: string): FileResult[] {
    this.#parser.end()
    const hasFailed = (): boolean => [...this.#files.values()].some(({ failures }) => failures.length > 0)
    if (!hasFailed() && ended !== 0) {
      this.fail('', `the process ended with ${typeof ended === 'number' ? 'exit code' : 'signal'} ${ended}`)
    }
    if (!hasFailed() && !this.#parser.ok) this.fail('', 'the report is not a pass')
    if (this.#files.size === 1) this.#done()
    return [...this.#files].map(([file, { passed, skipped, failures, isDone, seconds }]) => {
      const notRun = isDone || failures.length > 0
        ? []
        : [{ test: '', details: 'it has not ended: another file in its process failed first' }]
      const all = [...failures, ...notRun]
      return { file, passed, skipped, failures: all, stderr: failures.length > 0 ? stderr : '', seconds }
    })
  }

  get #current (): FileReport {
    return this.#files.get(this.#file)!
  }

  #done (): void {
    const now = performance.now()
    this.#current.isDone = true
    this.#current.seconds = (now - this.#began) / 1000
    this.#began = now
  }

  /** Records what is wrong with the report of a test, or of a file, as a whole. */
  #follow (parser: Parser): void {
    this.#innermost = parser
    const isFile = this.#files.size > 1 && parser.parent !== null && parser.parent.parent === null
    if (isFile) this.#file = parser.name
    parser.on('child', (child: Parser) => { this.#follow(child) }).on('complete', ({
      count,
      plan,
      failures
    }: Parser['results'] & {}) => {
      this.#innermost = parser.parent ?? parser
      const isSkipped = plan.skipReason !== '' && !parser.syntheticPlan
      if (count === 0 && !isSkipped) {
        this.fail(parser.fullname, parser.parent === null || isFile
          ? 'the file has no test'
          : 'the test has no assertion')
      }
      for (const failure of failures) {
        if (!('ok' in failure) && count > 0) this.fail(parser.fullname, detailsOf(failure))
      }
      if (isFile) this.#done()
    })
  }
}

function detailsOf (diagnostics: unknown): string {
  return diagnostics === null || diagnostics === undefined ? '' : stringify(diagnostics, { lineWidth: 0 }).trimEnd()
}
