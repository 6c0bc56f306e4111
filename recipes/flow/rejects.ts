import type { Document } from '../../lib/document.ts'
import { codeOf } from '../../lib/errors.ts'
import { toJson } from '../../lib/json/json.ts'
import { LineWriter } from '../../lib/output/line-writer.ts'
import { checkWritable } from '../../lib/output/open.ts'
import { refuseForeign, textKind } from '../../lib/output/own-file.ts'
import type { OutputState } from '../../lib/output/resumable.ts'
import type { BadRecord } from '../../lib/records/bad-records.ts'
import type { SourceOptions } from '../../lib/records/source-options.ts'

/** A record or document that a flow has dropped, as a line of a rejects file. */
export type Reject = { readonly reason: string, readonly position: string | null } & (Document | {
  /** The beginning of a bad record, at most 4 kB, as base64. */
  readonly raw: string
  /** The size of the whole record. */
  readonly raw_bytes: number
  /** What is wrong with a record that is not JSON, and where: line, column, and an excerpt. */
  readonly problem?: string
})

/**
 * Writes what a flow drops to a file: bad records, and documents that filters drop. Each is a line of NDJSON with the
 * reason (`length.too_short`, as in stats) and the position in the input (`<path>#<offset>`). It can be read like any
 * other NDJSON.
 */
export class Rejects {
  readonly #writer: LineWriter
  /**
   * The positions of documents by their `meta`, which stages pass on even when they make a new document. A position is
   * missing if a custom stage made a new `meta` and `follows` was not called.
   */
  readonly #positions = new WeakMap<object, string>()

  /** @param resumable whether `save` will be called */
  constructor (path: string, { resumable = false } = {}) {
    this.#writer = new LineWriter(path, { resumable })
  }

  save (): Promise<OutputState> {
    return this.#writer.save()
  }

  restore (state: unknown): void {
    this.#writer.restore(state)
  }

  /** Options for a source: it reports its bad records, and the position of each document in case a filter drops it. */
  forSource (): Required<Pick<SourceOptions, 'rejects' | 'located'>> {
    return {
      rejects: record => this.#add(badRecord(record)),
      located: ({ meta }, position) => { this.#positions.set(meta, position) }
    }
  }

  /**
   * Call this when a custom stage creates a document with a new `meta`. It gets the position of the original
   * document.
   */
  readonly follows = ({ meta: from }: Document, { meta: to }: Document): void => {
    const position = this.#positions.get(from)
    if (position !== undefined) this.#positions.set(to, position)
  }

  /** Returns a function that takes the documents that a filter of this name drops. */
  readonly ofFilter = (name: string) => ({ id, text, meta }: Document, reason: string): Promise<void> | undefined =>
    this.#add({ reason: `${name}.${reason}`, position: this.#positions.get(meta) ?? null, id, text, meta })

  commit (): Promise<void> {
    return this.#writer.commit()
  }

  abandon (): Promise<void> {
    return this.#writer.abandon()
  }

  #add (reject: Reject): Promise<void> | undefined {
    return this.#writer.add(toJson(reject) + '\n')
  }
}

function badRecord ({ stage, fault, position, bytes, size, problem }: BadRecord): Reject {
  return {
    reason: `${stage}.${fault}`,
    position,
    ...problem !== undefined && { problem },
    raw: bytes.toString('base64'),
    raw_bytes: size
  }
}

/** Recognizes an existing rejects file by its first line. */
const REJECTS = textKind('a file of rejects', /^\{"reason":"(?:[^"\\]|\\.)*","position":/)

/**
 * @param path of the rejects file; null for none
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when rejects would replace a file of another kind
 */
export async function refuseForeignRejects (path: string | null): Promise<void> {
  if (path !== null) await refuseForeign(path, REJECTS)
}

/**
 * Runs work with a rejects file. When the work fails, the file is kept, as it shows why. When the work is stopped, the
 * file is deleted, unless a checkpoint covers it.
 *
 * @param path of the file; null for none
 * @throws SluiceError `ERR_OUTPUT` when it can't be written, `ERR_OUTPUT_EXISTS` when it is a file of another kind,
 *   before any work is done; else what the work throws
 */
export async function keepingRejects<T> (
  path: string | null, work: (rejects: Rejects | null) => Promise<T>, { resumable = false } = {}
): Promise<T> {
  if (path === null) return await work(null)
  await refuseForeignRejects(path)
  await checkWritable(path) // before the work, not after it
  const rejects = new Rejects(path, { resumable })
  let result: T
  try {
    result = await work(rejects)
  } catch (error) {
    if (codeOf(error) === 'ERR_ABORTED') await rejects.abandon()
    else await rejects.commit().catch(() => rejects.abandon())
    throw error
  }
  try {
    await rejects.commit()
  } catch (error) {
    await rejects.abandon()
    throw error
  }
  return result
}
