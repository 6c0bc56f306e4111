import { SluiceError, type ErrorCode } from '../../../lib/errors.ts'
import { ContinuedValue } from '../../../lib/records/json.ts'
import type { FoundRecord, RecordFile, RecordReader } from '../../../lib/records/reader.ts'
import { type BatchOutput, type FlowItem, BatchEntry } from '../../flow/workers/batch-entry.ts'
import type { Frame } from './frame.ts'
import { type StoredUnit, framesOf } from './unit-reader.ts'
import type { StoredFailure } from './unit-writer.ts'

/** A document of a stored unit. */
export class StoredEntry extends BatchEntry {
  readonly place: StoredPlace
  /** Number of its ids. */
  readonly size: number

  constructor (output: BatchOutput, index: number, reason: string | undefined, place: StoredPlace) {
    super(output, index, reason, 0)
    this.place = place
    this.size = output.sizes[index]!
  }
}

/** The entry of a flow that reads stored units: it has no other ones. */
export function storedEntry (entry: BatchEntry): StoredEntry {
  if (entry instanceof StoredEntry) return entry
  throw new TypeError('expected an entry of a stored unit')
}

/** Where a document is: the number of its unit in the component, and its own in the unit. */
export interface StoredPlace {
  readonly unit: number
  readonly document: number
}

const NO_BYTES = Buffer.alloc(0)

/**
 * Reads the records of a file from the units that map tasks have stored: the same records, positions and counts as a
 * reader of the file, without the ids of documents.
 */
export class StoredRecords implements RecordReader<FlowItem> {
  readonly #file: RecordFile
  readonly #units: readonly StoredUnit[]
  readonly #itemOf: (entry: BatchEntry) => FlowItem
  readonly #frames: AsyncGenerator<UnitFrame>
  #found: ReadonlyArray<FoundRecord<FlowItem> & { readonly counted: number }> = []
  #next = 0

  /** @param units of the file, in order @param itemOf the item of a flow that begins with an entry */
  constructor (file: RecordFile, units: readonly StoredUnit[], itemOf: (entry: BatchEntry) => FlowItem) {
    this.#file = file
    this.#units = units
    this.#itemOf = itemOf
    this.#frames = framesIn(units, file.count)
  }

  next (): FoundRecord<FlowItem> | undefined {
    const found = this.#found[this.#next]
    if (found === undefined) return undefined
    this.#next++
    this.#file.count(found.counted)
    return found
  }

  async read (): Promise<boolean> {
    const next = await this.#frames.next()
    if (next.done === true) return false
    this.#found = recordsOf(next.value, this.#itemOf)
    this.#next = 0
    return true
  }

  close (): void {
    this.#frames.return(undefined).catch(() => {})
  }

  get columns (): readonly string[] | undefined {
    return this.#units[0]?.marker.columns ?? undefined
  }

  get isBlank (): boolean | undefined {
    const blanks = this.#units.map(({ marker }) => marker.isBlank)
    return blanks.includes(null) ? undefined : blanks.every(Boolean)
  }
}

/** A frame, the number of documents in its unit before it, and of lines in the file before the unit. */
interface UnitFrame {
  readonly frame: Frame
  readonly unit: number
  readonly documents: number
  readonly lines: number
}

async function * framesIn (
  units: readonly StoredUnit[], count: (bytes: number) => void
): AsyncGenerator<UnitFrame> {
  let lines = 0
  for (const unit of units) {
    let documents = 0
    for await (const frame of framesOf(unit)) {
      yield { frame, unit: unit.number, documents, lines }
      documents += frame.documents.sizes.length
    }
    const { failure, rest, lines: own } = unit.marker
    count(rest)
    if (failure !== null) throw errorOf(failure, lines)
    lines += own ?? 0
  }
}

/** @param lines in the file before the unit */
function errorOf ({ code, message, continued }: StoredFailure, lines: number): SluiceError {
  if (continued === undefined) return new SluiceError(code as ErrorCode, message)
  return new ContinuedValue(continued.path, continued.offset, lines + continued.line)
}

function recordsOf (
  { frame, unit, documents, lines }: UnitFrame, itemOf: (entry: BatchEntry) => FlowItem
): Array<FoundRecord<FlowItem> & { readonly counted: number }> {
  const made = new Int32Array(0)
  const output: BatchOutput = { ...frame.documents, faults: [], made, done: () => {} }
  let document = 0
  let reason = 0
  let bad = 0
  const outcomeOf = (fault: Frame['faults'][number]): FoundRecord<FlowItem>['outcome'] => {
    if (fault !== 0) return fault
    const index = document++
    const why = output.droppedBy[index] === -1 ? undefined : output.reasons[reason++]
    return itemOf(new StoredEntry(output, index, why, { unit, document: documents + index }))
  }
  return frame.faults.map((fault, i) => ({
    offset: frame.offsets[i]!,
    end: frame.ends[i]!,
    size: frame.sizes[i]!,
    counted: frame.counted[i]!,
    bytes: typeof fault === 'string' ? Buffer.from(frame.bad[bad++]!) : NO_BYTES,
    outcome: outcomeOf(fault),
    line: frame.lines === null ? undefined : lines + frame.lines[i]!,
    nextLine: frame.nextLines === null ? undefined : lines + frame.nextLines[i]!
  }))
}
