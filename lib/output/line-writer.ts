import { STANDARD_STREAM } from '../bytes.ts'
import { parseState } from '../options.ts'
import { openOutput } from './open.ts'
import type { Output } from './output.ts'
import { type OutputState, type ResumableOutput, openResumable, outputState } from './resumable.ts'

/** Lines are buffered up to about this many characters or bytes, as each write goes through the thread pool. */
const WRITE_CHARS = 256 * 1024

/**
 * Writes lines to an output, many at a time; any number of callers may add lines concurrently. Lines to standard output
 * are written at once, as a reader may be waiting.
 */
export class LineWriter {
  readonly #path: string
  readonly #writeChars: number
  readonly #resumable: boolean
  #from: OutputState | null = null
  #output: Promise<Output | ResumableOutput> | undefined
  #committing: Promise<void> | undefined
  #abandoned = false
  #writing: Promise<void> = Promise.resolve()
  #bytes: Buffer[] = []
  #byteCount = 0
  #lines = '' // after #bytes

  /**
   * @param resumable whether `save` will be called, after which an incomplete file is kept; then only one run at a time
   *   may write it
   */
  constructor (path: string, { resumable = false }: { readonly resumable?: boolean | undefined } = {}) {
    this.#path = path
    this.#resumable = resumable
    this.#writeChars = path === STANDARD_STREAM ? 0 : WRITE_CHARS
  }

  /**
   * Adds lines, including their endings. If a write is due, returns a promise that resolves once more can be added.
   *
   * @param lines bytes must not change afterwards
   */
  add (lines: string | Buffer): Promise<void> | undefined {
    if (typeof lines === 'string') this.#lines += lines
    else {
      this.#encodeLines()
      this.#bytes.push(lines)
      this.#byteCount += lines.length
    }
    return this.#byteCount + this.#lines.length > this.#writeChars ? this.#flush() : undefined
  }

  /** Writes and syncs all lines so far. Returns the state for `restore` to resume from. */
  async save (): Promise<OutputState> {
    await this.#flush()
    return await (await this.#open() as ResumableOutput).mark()
  }

  /**
   * Resumes the file of an earlier run.
   *
   * @throws SluiceError `ERR_STATE` for an invalid state
   */
  restore (state: unknown): void {
    this.#from = parseState(this.#path, outputState, state)
  }

  /** Writes the remaining lines and gives the file its name; without lines, it is empty. */
  async commit (): Promise<void> {
    this.#committing = this.#commit()
    await this.#committing
  }

  /** Deletes what was written, unless it was saved. Does nothing after `commit`, or if nothing was written. */
  async abandon (): Promise<void> {
    this.#abandoned = true
    await this.#committing?.catch(() => {}) // it either sees #abandoned in time, or completes the file
    const output = await this.#output?.catch(() => undefined)
    await output?.abandon()
  }

  async #commit (): Promise<void> {
    await this.#flush()
    const output = await this.#open()
    if (this.#abandoned) return
    await output.commit()
    this.#output = undefined
  }

  /** Serializes writes: several callers may add lines concurrently, and an output may write in pieces. */
  #flush (): Promise<void> {
    this.#encodeLines()
    const bytes = this.#bytes.length === 1 ? this.#bytes[0]! : Buffer.concat(this.#bytes)
    this.#bytes = []
    this.#byteCount = 0
    this.#writing = this.#writing.then(async () => { await (await this.#open()).write(bytes) })
    this.#writing.catch(() => {}) // thrown to the caller that awaits it
    return this.#writing
  }

  #encodeLines (): void {
    if (this.#lines === '') return
    const bytes = Buffer.from(this.#lines)
    this.#lines = ''
    this.#bytes.push(bytes)
    this.#byteCount += bytes.length
  }

  /** Not in the constructor: a writer that is never used must not touch the folder. */
  #open (): Promise<Output> {
    return (this.#output ??= this.#resumable ? openResumable(this.#path, this.#from) : openOutput(this.#path))
  }
}
