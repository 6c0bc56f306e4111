import type { ByteRanges } from '../bytes.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { type Block, type FileFooter, readFooter } from './footer.ts'
import {
  type IsWanted, type Message, CONTINUATION, FILE_HEAD, FILE_MAGIC, FILE_TAIL_BYTES, MAX_MESSAGE_BYTES,
  MAX_METADATA_BYTES, encapsulated, tooLarge
} from './messages.ts'
import { type MessageHead, readHead } from './metadata.ts'

/** At least this much is fetched at a time. */
const STEP_BYTES = 1024 * 1024

/** Writers pad messages for alignment. The padding is always shorter than this. */
const MAX_PADDING = 64

/**
 * Reads the messages of an Arrow file as its footer lists them: the schema, all dictionaries, and the record batches,
 * wherever they are in the file. Anything else between the head and the footer is ignored.
 *
 * @param ranges is not closed here
 * @throws SluiceError `ERR_SOURCE` with the file and the position, when it is damaged or cut off
 * @see https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
export async function * readFileMessages (ranges: ByteRanges, isWanted: IsWanted): AsyncGenerator<Message> {
  const { name } = ranges
  const { footer, start } = await footerOf(ranges)
  const window = new Window(ranges, start)
  const blocks = [...footer.dictionaries, ...footer.records]
  const sorted = checkedBlocks(name, blocks, start)
  const inOrder = blocks.every((block, i) => block === sorted[i])
  if (inOrder) ranges.expect?.(FILE_HEAD.length, start)
  await checkGaps(window, name, sorted)
  yield { kind: 'schema', bodyBytes: 0, rows: 0, dictionary: null, at: start, bytes: footer.schema }
  const seen = new Set<number>()
  for (const [i, block] of blocks.entries()) {
    const { offset, metadataBytes, bodyBytes } = block
    const kind = i < footer.dictionaries.length ? 'dictionary' : 'records'
    const metadata = metadataIn(await window.read(offset, offset + metadataBytes), name, block)
    const head = headOf(metadata, name, block)
    if (head.kind !== kind) {
      throw damaged(name, offset, `a message of the kind ${head.kind}, where the footer has ${kind}`)
    }
    if (head.bodyBytes > bodyBytes) {
      throw damaged(name, offset, `a body of ${head.bodyBytes} bytes, where the footer has ${bodyBytes}`)
    }
    if (head.dictionary !== null) {
      if (!head.dictionary.isDelta && seen.has(head.dictionary.id)) {
        throw damaged(name, offset, `dictionary ${head.dictionary.id} occurs twice; ` +
          'the file format allows each only once, and additions to it')
      }
      seen.add(head.dictionary.id)
    }
    const body = offset + metadataBytes
    // Bytes that come in the same response are read and dropped: skipping them would take another request.
    const wanted = isWanted(head)
    const bytes = wanted || (inOrder && ranges.expect !== undefined)
      ? await window.read(body, body + head.bodyBytes)
      : null
    yield { ...head, at: offset, bytes: wanted ? encapsulated(metadata, bytes!) : new Uint8Array(0) }
  }
}

async function footerOf (ranges: ByteRanges): Promise<{ readonly footer: FileFooter, readonly start: number }> {
  const { name, size } = ranges
  const tail = size < FILE_HEAD.length + FILE_TAIL_BYTES
    ? Buffer.alloc(0)
    : await ranges.read(size - FILE_TAIL_BYTES, size)
  if (!tail.subarray(4).equals(FILE_MAGIC)) {
    throw new SluiceError('ERR_SOURCE', `${name}: the Arrow file is cut off: ` +
      'it begins with ARROW1 and doesn\'t end with it; get the file again')
  }
  const length = tail.readInt32LE(0)
  const start = size - FILE_TAIL_BYTES - length
  if (length <= 0 || start < FILE_HEAD.length) {
    throw badFooter(name, `its length is ${length} bytes, the file has ${size}`)
  }
  if (length > MAX_METADATA_BYTES) {
    throw new SluiceError('ERR_SOURCE', `${name}: the footer has ${length} bytes, ` +
      `the limit is ${MAX_METADATA_BYTES}; rewrite the file with larger record batches`)
  }
  const bytes = await ranges.read(start, start + length)
  try {
    return { footer: readFooter(bytes), start }
  } catch (error) {
    throw badFooter(name, messageOf(error), error)
  }
}

/** Sorts the blocks by position. Overlapping blocks would be read repeatedly; they only occur in damaged files. */
function checkedBlocks (name: string, blocks: readonly Block[], footerStart: number): Block[] {
  const sorted = [...blocks].sort((a, b) => a.offset - b.offset)
  let end = FILE_HEAD.length
  for (const block of sorted) {
    const { offset, metadataBytes, bodyBytes } = block
    if (offset < end) throw badFooter(name, `a message at byte ${offset}, within another one that ends at ${end}`)
    end = offset + metadataBytes + bodyBytes
    if (!(end <= footerStart)) {
      throw badFooter(name, `a message of ${metadataBytes + bodyBytes} bytes at byte ${offset}, ` +
        `the footer begins at ${footerStart}`)
    }
    if (metadataBytes > MAX_METADATA_BYTES) throw damaged(name, offset, `metadata of ${metadataBytes} bytes`)
    if (metadataBytes + bodyBytes > MAX_MESSAGE_BYTES) throw tooLarge(name, offset, metadataBytes + bodyBytes)
  }
  return sorted
}

/**
 * Messages that the footer doesn't list aren't part of the table. But a record batch there means that the footer is
 * damaged.
 */
async function checkGaps (window: Window, name: string, sorted: readonly Block[]): Promise<void> {
  let from = FILE_HEAD.length
  const end: Block = { offset: window.end, bodyBytes: 0, metadataBytes: 0 }
  for (const { offset, bodyBytes, metadataBytes } of [...sorted, end]) {
    for (let isFirst = true; offset - from >= MAX_PADDING; isFirst = false) {
      const found = await messageIn(window, from, offset)
      if (found === null || (!isFirst && found.head.kind === 'schema')) break
      if (found.head.kind !== 'schema') {
        throw badFooter(name, `a message of the kind ${found.head.kind} at byte ${from} is not listed`)
      }
      from = found.end // the schema of a stream
    }
    from = offset + metadataBytes + bodyBytes
  }
}

interface FoundMessage {
  readonly head: MessageHead
  readonly end: number
}

/** The message that begins at `start`; null if there is none. */
async function messageIn (window: Window, start: number, end: number): Promise<FoundMessage | null> {
  const first = await window.read(start, start + 8)
  const prefix = first.readUInt32LE(0) === CONTINUATION ? 8 : 4
  const length = first.readUInt32LE(prefix - 4)
  if (length === 0 || length > MAX_METADATA_BYTES || start + prefix + length > end) return null
  const metadata = await window.read(start + prefix, start + prefix + length)
  try {
    const head = readHead(metadata)
    return { head, end: start + prefix + length + head.bodyBytes }
  } catch {
    return null
  }
}

/** The metadata without the length before it and the padding after it. */
function metadataIn (bytes: Buffer, name: string, { offset }: Block): Buffer {
  // Before Arrow 0.15, only the length came before the metadata.
  const prefix = bytes.length >= 8 && bytes.readUInt32LE(0) === CONTINUATION ? 8 : 4
  const length = bytes.length < prefix ? -1 : bytes.readInt32LE(prefix - 4)
  if (length <= 0 || prefix + length > bytes.length) {
    throw damaged(name, offset, `metadata of ${length} bytes, the footer has ${bytes.length}`)
  }
  return bytes.subarray(prefix, prefix + length)
}

function headOf (metadata: Buffer, name: string, { offset }: Block): MessageHead {
  try {
    return readHead(metadata)
  } catch (error) {
    throw damaged(name, offset, messageOf(error), error)
  }
}

function damaged (name: string, at: number, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE',
    `${name}: damaged Arrow data in the message at byte ${at} (${reason}); get the file again`, { cause })
}

function badFooter (name: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${name}: damaged Arrow footer (${reason}); get the file again`, { cause })
}

/** Reads ranges that are mostly in order; small ones are fetched together. */
class Window {
  readonly #ranges: ByteRanges
  /** Nothing is fetched past this offset. */
  readonly end: number
  #start = 0 // of #bytes
  #bytes: Buffer = Buffer.alloc(0)

  constructor (ranges: ByteRanges, end: number) {
    this.#ranges = ranges
    this.end = end
  }

  async read (start: number, end: number): Promise<Buffer> {
    const held = this.#start + this.#bytes.length
    if (start < this.#start || end > held) {
      const isNext = start >= this.#start && start <= held + STEP_BYTES
      const from = isNext ? held : start
      const fetched = await this.#ranges.read(from, Math.max(end, Math.min(this.end, from + STEP_BYTES)))
      const kept = isNext && start < held ? this.#bytes.subarray(start - this.#start) : Buffer.alloc(0)
      this.#bytes = kept.length === 0 ? fetched : Buffer.concat([kept, fetched])
      this.#start = from - kept.length
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start)
  }
}
