import { STANDARD_STREAM } from '../bytes.ts'
import { parseState } from '../options.ts'
import { openOutput } from './open.ts'
import type { Output } from './output.ts'
import { type OutputState, type ResumableOutput, openResumable, outputState } from './resumable.ts'

/** Lines are collected to about this many characters, or bytes: each write is a trip through the thread pool. */
const WRITE_CHARS = 256 * 1024

/**
 * Writes lines to an output, many at a time, from any number of places at once; to standard output, where somebody may
 * be waiting for them, as they come.
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
  #lines = '' // behind #bytes

  /**
   * @param resumable whether `save` will be called, and the file kept from then on; one run at a time may write it then
   */
  constructor (path: string, { resumable = false }: { readonly resumable?: boolean | undefined } = {}) {
    this.#path = path
    this.#resumable = resumable
    this.#writeChars = path === STANDARD_STREAM ? 0 : WRITE_CHARS
  }

  /**
   * Takes lines, their endings included; where that makes a write due, resolves once more can be taken.
   *
   * @param lines as bytes they are not to be changed afterwards
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

  /** Writes what is left and syncs it; a writer that `restore` is given what this returns goes on behind it. */
  async save (): Promise<OutputState> {
    await this.#flush()
    return await (await this.#open() as ResumableOutput).mark()
  }

  /**
   * Resumes what an earlier run has written.
   *
   * @throws SluiceError `ERR_STATE` for anything that `save` didn't return
   */
  restore (state: unknown): void {
    this.#from = parseState(this.#path, outputState, state)
  }

  /** Writes what is left and gives the file its name; a file without a line is empty. */
  async commit (): Promise<void> {
    this.#committing = this.#commit()
    await this.#committing
  }

  /** Deletes what was written, unless it was saved; nothing where it is committed, or was never written to. */
  async abandon (): Promise<void> {
    this.#abandoned = true
    await this.#committing?.catch(() => {}) // either it sees the mark in time, or the file is whole and has its name
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

  /** One write after the other: several may add lines at once, and an output may write in pieces. */
  #flush (): Promise<void> {
    this.#encodeLines()
    const bytes = this.#bytes.length === 1 ? this.#bytes[0]! : Buffer.concat(this.#bytes)
    this.#bytes = []
    this.#byteCount = 0
    this.#writing = this.#writing.then(async () => { await (await this.#open()).write(bytes) })
    this.#writing.catch(() => {}) // whoever is waiting for it is told
    return this.#writing
  }

  #encodeLines (): void {
    if (this.#lines === '') return
    const bytes = Buffer.from(this.#lines)
    this.#lines = ''
    this.#bytes.push(bytes)
    this.#byteCount += bytes.length
  }

  /** With the first lines, not on construction: what is never written to leaves the folder as it is. */
  #open (): Promise<Output> {
    return (this.#output ??= this.#resumable ? openResumable(this.#path, this.#from) : openOutput(this.#path))
  }
}
