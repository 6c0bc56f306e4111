import { describeMistake, jsonMistake } from '../json/python.ts'
import { type MaxBad, judgeBadRecords } from './bad-records.ts'
import { refuseNoText } from './no-text.ts'
import type { FoundRecord } from './reader.ts'
import type { RecordFault } from './record.ts'
import type { SourceOptions, SourceStats } from './source-options.ts'

/** How much of a bad record is given to `rejects`. */
const REJECTED_BYTES = 4096

/** Records of a source that gave no document: they are counted, handed over, and judged. */
export class DroppedRecords {
  /** What the first bad record is, and where; null where there is none. */
  firstBad: string | null = null
  readonly #stage: string
  readonly #stats: SourceStats
  readonly #rejects: SourceOptions['rejects']
  #firstWithoutText = Buffer.alloc(0)
  #columns: readonly string[] | undefined // of the table that has it

  constructor (stage: string, stats: SourceStats, rejects: SourceOptions['rejects']) {
    this.#stage = stage
    this.#stats = stats
    this.#rejects = rejects
  }

  /** @param position of the record: `<path>#<offset>` @param columns of the table that it is a row of */
  add ({ bytes, size, line }: FoundRecord, fault: RecordFault, position: string, columns?: readonly string[]): void | Promise<void> {
    const { dropped } = this.#stats
    dropped[fault] = (dropped[fault] ?? 0) + 1
    if (fault === 'no_text' && dropped.no_text === 1) {
      this.#firstWithoutText = Buffer.from(bytes)
      this.#columns = columns
    }
    const isTold = this.#rejects !== undefined || (this.firstBad === null && fault !== 'no_text')
    const problem = isTold && fault === 'bad_json' ? problemOf(bytes, line) : undefined
    if (fault !== 'no_text') this.firstBad ??= `${fault} at ${position}${problem === undefined ? '' : ` (${problem})`}`
    return this.#rejects?.({ stage: this.#stage, fault, position, bytes: bytes.subarray(0, REJECTED_BYTES), size, ...problem !== undefined && { problem } })
  }

  /** @throws SluiceError where too many are bad, or none has a text */
  judge ({ maxBad, textIn, names, ended, stopped }: { readonly maxBad: MaxBad, readonly textIn: string, readonly names: readonly string[], readonly ended: boolean, readonly stopped: boolean }): void {
    judgeBadRecords(this.#stats, maxBad, names, this.firstBad ?? undefined)
    if (!stopped) refuseNoText(this.#stats, { names, textIn, first: this.#firstWithoutText, columns: this.#columns, ended })
  }
}

/** What is wrong with a record that is no JSON, and where in it. */
function problemOf (bytes: Buffer, line: number | undefined): string | undefined {
  const json = bytes.toString()
  const mistake = jsonMistake(json)
  return mistake === null ? undefined : `${line === undefined ? '' : `line ${line}, `}${describeMistake(json, mistake)}`
}
