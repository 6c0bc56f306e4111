import { SluiceError } from '../../../lib/errors.ts'
import { ContinuedValue } from '../../../lib/records/json.ts'
import type { RecordSource } from '../../../lib/records/source.ts'
import { type Dtype, maxId } from '../../../lib/shards/npy.ts'
import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import { secondsSince } from '../../../lib/text/numbers.ts'
import { type ReadOptions, documentsOf } from '../../flow/documents.ts'
import { type ThreadedFlow, threadedFlow } from '../../flow/workers/threaded-flow.ts'
import type { Threads } from '../../flow/workers/threads.ts'
import type { FoundComponent } from '../../manifest/found.ts'
import { mapFolder, unitMarker } from './places.ts'
import type { Unit } from './plan-schema.ts'
import { type StoredFailure, UnitWriter } from './unit-writer.ts'
import { flowPartOf } from './flow-part.ts'

/** The work of map tasks on one component. Its threads are started once for all units. */
export class ComponentMap {
  readonly #component: FoundComponent
  readonly #options: ReadOptions
  readonly #dtype: Dtype
  readonly #flow: ThreadedFlow

  /** @throws SluiceError as the filters of the component, when they are loaded */
  static async open (
    component: FoundComponent, tokenizer: Encoder, threads: Threads, options: ReadOptions
  ): Promise<ComponentMap> {
    const flow = await threadedFlow(flowPartOf(component, tokenizer), threads)
    return new ComponentMap(component, options, storedDtype(tokenizer), flow)
  }

  private constructor (component: FoundComponent, options: ReadOptions, dtype: Dtype, flow: ThreadedFlow) {
    this.#component = component
    this.#options = options
    this.#dtype = dtype
    this.#flow = flow
  }

  async close (): Promise<void> {
    await this.#flow.close()
  }

  /**
   * Reads, filters and encodes the documents of a unit, and commits it.
   *
   * @throws SluiceError as `UnitWriter.commit`; as the source and the filters, but for a damaged input file: that is
   *   stored, and ends the component where it would end on one machine
   */
  async run (place: UnitTarget, [file, from, to]: Unit, signal?: AbortSignal): Promise<void> {
    const started = performance.now()
    const { folder, index, unit, attempt } = place
    const { name, files } = this.#component
    const { path } = files[file]!
    const unitName = `${name}, unit ${unit} (${path} from ${from}${to === null ? '' : ` to ${to}`})`
    const at = { folder: mapFolder(folder, index), marker: unitMarker(folder, index, unit), attempt, name: unitName }
    const { source } = documentsOf({ ...this.#component, filters: [], maxRecords: null, expect: null }, this.#options)
    let uncounted = 0
    const count = (bytes: number): void => { uncounted += bytes }
    const part = { file: { file, path }, from, to }
    const reader = await (source as RecordSource).openPart(part, this.#flow, count)
    const writer = await UnitWriter.create(at, this.#dtype, this.#flow.keysEach)
    try {
      let failure: StoredFailure | null = null
      for (;;) {
        refuseAborted(name, signal)
        const found = reader.next()
        if (found !== undefined) {
          await writer.add(found, uncounted)
          uncounted = 0
          continue
        }
        const more = await reader.read().catch((error: unknown) => {
          failure = storable(error)
          return false
        })
        if (!more) break
      }
      await writer.commit({
        seconds: secondsSince(started),
        columns: reader.columns ?? null,
        isBlank: reader.isBlank ?? null,
        rest: to === null ? uncounted : 0,
        failure
      })
    } catch (error) {
      await writer.abandon()
      throw error
    } finally {
      reader.close()
      source.destroy()
    }
  }
}

/** Which unit is stored where, and by whom. */
export interface UnitTarget {
  /** The folder of the plan. */
  readonly folder: string
  /** Of the component in the manifest. */
  readonly index: number
  readonly unit: number
  readonly attempt: string
}

/** The type in which units store ids: the smallest that holds every id of the vocabulary. */
export function storedDtype ({ vocabSize }: Pick<Encoder, 'vocabSize'>): Dtype {
  return vocabSize - 1 <= maxId('uint16') ? 'uint16' : 'int32'
}

/** An error of the input itself, which every attempt meets at the same record. @throws any other error */
function storable (error: unknown): StoredFailure {
  if (!(error instanceof SluiceError) || error.code !== 'ERR_SOURCE') throw error
  const { code, message } = error
  if (!(error instanceof ContinuedValue) || error.line === undefined) return { code, message }
  const { path, offset, line } = error
  return { code, message, continued: { path, offset, line } }
}

/** @throws SluiceError `ERR_ABORTED` when the signal has fired */
export function refuseAborted (name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${name}: stopped; run the task again to resume`)
}
