import { join } from 'node:path'
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import type { FoundRecord } from '../../../lib/records/reader.ts'
import { type Dtype, npyData } from '../../../lib/shards/npy.ts'
import { type HashedBytes, HashedFile } from '../../../lib/shards/hashed-file.ts'
import { SluiceError } from '../../../lib/errors.ts'
import type { FlowItem } from '../../flow/workers/batch-entry.ts'
import { commitMarker, readMarker } from './commit.ts'
import { FrameBuilder, frameBytes } from './frame.ts'

/** A frame is written when it has this many records or bytes. */
const FRAME_RECORDS = 4096
const FRAME_BYTES = 2 ** 20

/** An error that ends the records of a unit, as it would end the component on one machine. */
export interface StoredFailure {
  readonly code: string
  readonly message: string
  /** For a value of several lines: where it starts, with lines counted from the start of the unit. */
  readonly continued?: { readonly path: string, readonly offset: number, readonly line: number }
}

/** A file of a unit. */
export type UnitFile = HashedBytes & { readonly file: string }

/** The marker of a unit that a map task has completed. */
export interface UnitMarker {
  readonly attempt: string
  readonly seconds: number
  readonly records: UnitFile
  readonly ids: UnitFile
  /** Documents, whether or not a filter dropped them. */
  readonly documents: number
  /** Line breaks in the unit, if lines are counted. */
  readonly lines: number | null
  /** The columns of a table. */
  readonly columns: readonly string[] | null
  /** Whether it has only white space; null for formats that don't say. */
  readonly isBlank: boolean | null
  /** Bytes that are counted as read after its last record. */
  readonly rest: number
  readonly failure: StoredFailure | null
}

/** What a marker says besides its files. */
export type UnitEnd = Pick<UnitMarker, 'seconds' | 'columns' | 'isBlank' | 'rest' | 'failure'>

/** Where a unit is stored. */
export interface UnitPlace {
  readonly folder: string
  readonly marker: string
  readonly attempt: string
  /** The unit in messages. */
  readonly name: string
}

/** Writes the records of a unit and the ids of its documents, each to a file. */
export class UnitWriter {
  readonly #place: UnitPlace
  readonly #dtype: Dtype
  readonly #keysEach: number
  readonly #hasher: XXHashAPI
  readonly #records: HashedFile
  readonly #ids: HashedFile
  #frame: FrameBuilder
  #idBytes = 0
  #documents = 0
  #lines: number | null = null

  /** @throws SluiceError `ERR_OUTPUT` */
  static async create (place: UnitPlace, dtype: Dtype, keysEach: number): Promise<UnitWriter> {
    const records = await HashedFile.create(join(place.folder, recordsName(place.attempt)))
    try {
      const ids = await HashedFile.create(join(place.folder, idsName(place.attempt)))
      return new UnitWriter({ place, dtype, keysEach, hasher: await xxhash(), records, ids })
    } catch (error) {
      await records.abandon()
      throw error
    }
  }

  private constructor ({ place, dtype, keysEach, hasher, records, ids }: Parts) {
    this.#place = place
    this.#dtype = dtype
    this.#keysEach = keysEach
    this.#hasher = hasher
    this.#records = records
    this.#ids = ids
    this.#frame = new FrameBuilder(keysEach)
  }

  /** @param counted bytes that are counted as read with the record */
  add (found: FoundRecord<FlowItem>, counted: number): Promise<void> | undefined {
    this.#frame.add(found, counted)
    if (found.nextLine !== undefined) this.#lines = found.nextLine - 1
    const { records, bytes } = this.#frame
    return records >= FRAME_RECORDS || bytes >= FRAME_BYTES ? this.#flush() : undefined
  }

  /**
   * Completes the files and commits the unit.
   *
   * @throws SluiceError `ERR_PLAN` when another attempt has committed something else, `ERR_OUTPUT`
   */
  async commit (end: UnitEnd): Promise<void> {
    const { marker: path, attempt, name } = this.#place
    await this.#flush()
    const records = await this.#records.finish()
    const ids = await this.#ids.finish()
    const marker: UnitMarker = { attempt, records, ids, documents: this.#documents, lines: this.#lines, ...end }
    const other = await commitMarker(path, marker, attempt)
    if (other === null) return
    await this.abandon()
    if (other.records.sha256 === records.sha256 && other.ids.sha256 === ids.sha256) return
    const mistake = `${name}: the attempts ${other.attempt} and ${attempt} differ, so a filter depends on more than ` +
      'its document'
    throw new SluiceError('ERR_PLAN', `${mistake}; run a manifest with such a stage on one machine (sluice run)`)
  }

  /** Deletes the files, unless this attempt has committed them before it failed. */
  async abandon (): Promise<void> {
    const { marker, attempt } = this.#place
    if ((await readMarker<UnitMarker>(marker).catch(() => null))?.attempt === attempt) return
    await this.#records.abandon()
    await this.#ids.abandon()
  }

  async #flush (): Promise<void> {
    const frame = this.#frame
    if (frame.records === 0) return
    this.#frame = new FrameBuilder(this.#keysEach)
    const { ids } = frame
    const bytes = npyData(ids, this.#dtype, Infinity)
    const range = { from: this.#idBytes, count: ids.length, hash: this.#hasher.h64Raw(bytes) }
    this.#idBytes += bytes.length
    this.#documents += frame.documents
    await this.#ids.add(bytes)
    const stored = frameBytes(frame.frame(range))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(stored.length)
    await this.#records.add(length)
    await this.#records.add(stored)
  }
}

interface Parts {
  readonly place: UnitPlace
  readonly dtype: Dtype
  readonly keysEach: number
  readonly hasher: XXHashAPI
  readonly records: HashedFile
  readonly ids: HashedFile
}

function recordsName (attempt: string): string {
  return `${attempt}.records`
}

function idsName (attempt: string): string {
  return `${attempt}.ids`
}
