import { Readable } from 'node:stream'
import { type FileNames, type InputFile, STANDARD_STREAM } from '../bytes.ts'
import { SluiceError } from '../errors.ts'
import { refuseOtherKinds } from '../file-kind.ts'
import { isHubName } from '../hub/address.ts'
import { documentPath, findFiles, isCompressed } from '../input/find.ts'
import type { RemoteOptions } from '../input/hub.ts'
import { ReadAhead } from '../input/read-ahead.ts'
import { openHubFile, readBytes, skipping } from '../input/read.ts'
import type { SourcePosition } from './positions.ts'
import type { RecordFile } from './reader.ts'

/** Files that are already known, or are found when the source is first read, instead of being looked up by name. */
export interface KnownFiles {
  readonly files: readonly InputFile[] | ((signal: AbortSignal) => Promise<readonly InputFile[]>)
}

/** The input of a source: files by name, or an iterable of bytes, such as the body of an HTTP response. */
export type SourceInput = FileNames | KnownFiles | AsyncIterable<Uint8Array>

/** Bytes of the files read so far, as stored on disk, and in total; `total` is null if unknown. */
export interface ReadProgress {
  readonly read: number
  readonly total: number | null
}

/** The files of a source in order: tracks the current file and how far it was read, and reads ahead. */
export class FileQueue {
  readonly #input: FileNames | KnownFiles | null
  readonly #stream: AsyncIterable<Uint8Array> | null
  readonly #hub: RemoteOptions['hub']
  readonly #closed = new AbortController()
  #files: InputFile[] = []
  #index = 0
  #startOffset = 0 // in the current file
  #idPath = '' // of the current file
  #bytesRead = 0 // of the current file
  #bytesReadBefore = 0 // of the files before it
  #ahead: ReadAhead | undefined // of files on the Hub

  /** @param name of the source, for messages @throws SluiceError `ERR_OPTION` for an invalid input */
  constructor (name: string, input: SourceInput, hub: RemoteOptions['hub']) {
    const isStream = isIterable(input)
    if (!isStream && !isNamed(input)) {
      const expected = 'expected a path, a glob, a list of them, or an iterable of bytes, such as a stream'
      throw new SluiceError('ERR_OPTION', `${name}: ${expected}`)
    }
    this.#input = isStream ? null : input
    this.#stream = isStream ? input : null
    this.#hub = hub
  }

  /**
   * Finds the files, and seeks to a position in them.
   *
   * @param start with an empty path for the beginning
   * @returns the position to start at
   * @throws SluiceError `ERR_FILES`, `ERR_STATE` for a position that isn't in these files
   */
  async open (start: SourcePosition): Promise<SourcePosition> {
    const { file, path, offset } = start
    if (![file, offset].every(number => Number.isSafeInteger(number) && number >= 0) || typeof path !== 'string') {
      throw new SluiceError('ERR_STATE', `expected a position { file, path, offset }, got ${JSON.stringify(start)}`)
    }
    this.#files = await this.#find()
    if (path === '') return { file: 0, path: this.#files[0]!.path, offset: 0 }
    if (this.#files[file]?.path !== path) {
      const now = this.#files[file]?.path ?? 'missing'
      throw new SluiceError('ERR_STATE', `the saved position is in input file ${file + 1}, ${path}, ` +
        `but that is now ${now}; start over, or pass the same files in the same order`)
    }
    this.#index = file
    this.#startOffset = offset
    this.#bytesReadBefore = this.#files.slice(0, file).reduce((sum, before) => sum + (before.size ?? 0), 0)
    return start
  }

  async #find (): Promise<InputFile[]> {
    const { signal } = this.#closed
    if (this.#input === null) return [{ path: STANDARD_STREAM, size: null }]
    if (typeof this.#input !== 'object' || !('files' in this.#input)) {
      return await findFiles(this.#input, { hub: this.#hub, signal })
    }
    const { files } = this.#input
    return [...typeof files === 'function' ? await files(signal) : files]
  }

  /** The file that is read now or next; undefined after the last one. */
  get current (): InputFile | undefined {
    return this.#files[this.#index]
  }

  /** Index of the current file. */
  get index (): number {
    return this.#index
  }

  get names (): string[] {
    return this.#files.map(({ path }) => path)
  }

  get progress (): ReadProgress {
    const sizes = this.#files.map(file => file.size)
    const isKnown = sizes.length > 0 && sizes.every(size => size !== null)
    const total = isKnown ? sizes.reduce((sum, size) => sum + size, 0) : null
    return { read: this.#bytesReadBefore + this.#bytesRead, total }
  }

  /** The position of a record in the current file, used as the id of a record that has none. */
  idAt (offset: number): string {
    return `${this.#idPath}#${offset}`
  }

  /**
   * The current file, for a reader of its records; undefined after the last one.
   *
   * @param line of the position, if it isn't at the beginning of the file
   * @param count called with decompressed bytes as their records are taken
   */
  begin (line: number | undefined, count: (bytes: number) => void): RecordFile | undefined {
    const file = this.current
    if (file === undefined) return undefined
    const index = this.#index
    const offset = this.#startOffset
    this.#startOffset = 0
    const idPath = this.#idPath = documentPath(file.path)
    return {
      index,
      fileCount: this.#files.length,
      path: file.path,
      offset,
      line: offset === 0 ? 1 : line,
      isNamed: this.#stream === null && file.path !== STANDARD_STREAM,
      idAt: at => `${idPath}#${at}`,
      bytesFrom: start => this.#bytesFrom(index, start, start < offset),
      onRead: this.#onRead,
      count,
      signal: this.#closed.signal
    }
  }

  /** Moves on to the next file. */
  end (): void {
    this.#bytesReadBefore += this.#bytesRead
    this.#bytesRead = 0
    this.#index++
  }

  /** Closes the file, or destroys the input stream. */
  close (): void {
    this.#closed.abort()
    if (this.#stream instanceof Readable) this.#stream.destroy()
    this.#ahead?.close()
  }

  readonly #onRead = (bytes: number): void => { this.#bytesRead = bytes }

  /** @param isLook whether only the beginning is wanted, before reading from a later offset */
  #bytesFrom (index: number, offset: number, isLook: boolean): AsyncGenerator<Buffer> {
    const { path, size } = this.#files[index]!
    if (this.#stream !== null) return skipping(offset, refuseOtherKinds(this.#stream, path), path)
    if (size !== null && !isCompressed(path) && offset > size) {
      throw new SluiceError('ERR_STATE', `the saved position is at byte ${offset} of ${path}, ` +
        `which has only ${size} bytes; it was changed since`)
    }
    const from = isLook ? { isLook } : { ahead: (start: number) => this.#readAhead().read(index, start) }
    return readBytes(path, { offset, signal: this.#closed.signal, hub: this.#hub, ...from, onRead: this.#onRead })
  }

  #readAhead (): ReadAhead {
    const open: ConstructorParameters<typeof ReadAhead>[1] =
      (path, offset, signal) => openHubFile(path, { offset, signal, hub: this.#hub })
    this.#ahead ??= new ReadAhead(this.#files, open, { reads: ({ path }) => isHubName(path) })
    return this.#ahead
  }
}

function isIterable (input: unknown): input is AsyncIterable<Uint8Array> {
  return typeof input === 'object' && input !== null && Symbol.asyncIterator in input
}

/** Checks the type for callers in JavaScript: a Buffer would be treated as a list. */
function isNamed (input: unknown): boolean {
  if (typeof input === 'string') return true
  if (Array.isArray(input)) return input.every(name => typeof name === 'string')
  return typeof input === 'object' && input !== null && 'files' in input
}
