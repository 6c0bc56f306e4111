import { type FileHandle, open } from 'node:fs/promises'
import { SluiceError, allInOrder } from '../../../lib/errors.ts'
import { isHubName } from '../../../lib/hub/address.ts'
import { isCompressed } from '../../../lib/input/find.ts'
import { openRanges } from '../../../lib/input/ranges.ts'
import { isBlank } from '../../../lib/json/structure.ts'
import type { FoundComponent } from '../../manifest/found.ts'
import { formatOf, sourceOptionsOf } from '../../stages.ts'
import type { PlannedFile, Unit } from './plan-schema.ts'

const [NEWLINE, CARRIAGE_RETURN, OPEN_LIST] = Buffer.from('\n\r[') as unknown as readonly [number, number, number]
/** The last character of a record of JSON, and the first one of the record after it, for units to end there. */
const RECORD_ENDS: ReadonlyArray<readonly [last: number, first: number]> =
  ['}{', '""'].map(pair => [pair.charCodeAt(0), pair.charCodeAt(1)])
const STEP_BYTES = 2 ** 16
/** The beginning of a file that shows whether it is one JSON array. */
const HEAD_BYTES = 2 ** 16

/**
 * Divides the files of a component into units. They depend on the files and the size alone. Text is divided after line
 * breaks, NDJSON after those between two objects or two strings, parquet between row groups, and Arrow files between
 * record batches. A file in any other format, a compressed file, and a damaged one are one unit.
 *
 * @param size of a unit in bytes; the last record of a unit may end later
 */
export async function unitsOf (
  component: FoundComponent, files: readonly PlannedFile[], size: number
): Promise<Unit[]> {
  const units = await allInOrder(files.map(async (file, index): Promise<Unit[]> => {
    const starts = await startsIn(component, file, size)
    return starts.map(([from, byte], i) => {
      const next = starts[i + 1]
      return [index, from, next?.[0] ?? null, (next?.[1] ?? file.size) - byte]
    })
  }))
  return units.flat()
}

/** Where units begin: the offset of the first record, and about the byte. */
type Start = readonly [from: number, byte: number]

async function startsIn (component: FoundComponent, { path, size }: PlannedFile, unitBytes: number): Promise<Start[]> {
  const format = formatOf(component)
  if (size <= unitBytes || isCompressed(path) || isHubName(path)) return [[0, 0]]
  if (format === 'parquet' || format === 'arrow') {
    const rows = await (format === 'parquet' ? groupsIn(path) : batchesIn(path)).catch(oneUnit)
    return tableStarts(rows, size, unitBytes)
  }
  const isLines = format === 'text' || (format === 'json' && sourceOptionsOf(component).field === undefined)
  return isLines ? await lineStarts(path, { size, unitBytes, format }) : [[0, 0]]
}

interface Lines {
  readonly size: number
  readonly unitBytes: number
  readonly format: string
}

async function lineStarts (path: string, { size, unitBytes, format }: Lines): Promise<Start[]> {
  const file = await open(path)
  try {
    const isJson = format === 'json'
    if (isJson && await mayBeArray(file)) return [[0, 0]]
    const starts: Start[] = [[0, 0]]
    for (;;) {
      const next = await afterNewline(file, starts.at(-1)![1] + unitBytes, isJson)
      if (next === -1 || next >= size) return starts
      starts.push([next, next])
    }
  } finally {
    await file.close()
  }
}

/** Whether the first character of a file opens a list, or comes after so much white space that it is not looked for. */
async function mayBeArray (file: FileHandle): Promise<boolean> {
  const head = Buffer.alloc(HEAD_BYTES)
  const { bytesRead } = await file.read(head, 0, head.length, 0)
  const text = head.subarray(head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0, bytesRead)
  const first = text.find(byte => !isBlank(byte))
  return first === undefined || first === OPEN_LIST
}

/**
 * The offset after the first line break at or after a byte before `from`; -1 if there is none.
 *
 * @param betweenRecords whether the lines before and after it must be records of JSON: a value of several lines, which
 *   is an error, is then found within a unit
 */
async function afterNewline (file: FileHandle, from: number, betweenRecords: boolean): Promise<number> {
  const chunk = Buffer.alloc(STEP_BYTES)
  // Neighbouring chunks have three bytes in common: the end of a line, its break, and the byte after it.
  for (let at = Math.max(0, from - 3); ;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    const read = chunk.subarray(0, bytesRead)
    const first = Math.max(0, from - 1 - at)
    for (let index = read.indexOf(NEWLINE, first); index !== -1; index = read.indexOf(NEWLINE, index + 1)) {
      if (!betweenRecords || isBetweenRecords(read, index)) return at + index + 1
    }
    if (bytesRead <= 3) return -1
    at += bytesRead - 3
  }
}

function isBetweenRecords (bytes: Buffer, newline: number): boolean {
  const before = bytes[newline - 1] === CARRIAGE_RETURN ? bytes[newline - 2] : bytes[newline - 1]
  return RECORD_ENDS.some(([last, first]) => before === last && bytes[newline + 1] === first)
}

/** The number of rows of each row group. */
async function groupsIn (path: string): Promise<readonly number[]> {
  const { ParquetFile } = await import('../../../lib/parquet/file.ts')
  const ranges = await openRanges(path)
  try {
    return (await ParquetFile.open(ranges)).groupRows
  } finally {
    await ranges.close()
  }
}

/** The number of rows of each record batch; none for the stream format, whose batches aren't listed anywhere. */
async function batchesIn (path: string): Promise<readonly number[]> {
  const [{ readFileMessages }, { FILE_HEAD }] =
    await Promise.all([import('../../../lib/arrow/file-messages.ts'), import('../../../lib/arrow/messages.ts')])
  const ranges = await openRanges(path)
  try {
    const head = await ranges.read(0, FILE_HEAD.length)
    const batches: number[] = []
    if (!FILE_HEAD.equals(head)) return batches
    for await (const { kind, rows } of readFileMessages(ranges, () => false)) if (kind === 'records') batches.push(rows)
    return batches
  } finally {
    await ranges.close()
  }
}

/** A damaged file is one unit: the map task reports the damage, as the component would on one machine. */
function oneUnit (error: unknown): readonly number[] {
  if (error instanceof SluiceError && error.code === 'ERR_SOURCE') return []
  throw error
}

/** Where units of a table begin. @param groups the rows that are read together */
function tableStarts (groups: readonly number[], size: number, unitBytes: number): Start[] {
  const rows = groups.reduce((sum, count) => sum + count, 0)
  const starts: Start[] = [[0, 0]]
  let row = 0
  for (const count of groups) {
    const byte = Math.round(size * row / Math.max(1, rows)) // about: groups may have other sizes
    const [from, before] = starts.at(-1)!
    if (row > from && byte - before >= unitBytes) starts.push([row, byte])
    row += count
  }
  return starts
}
