import { SluiceError, messageOf } from '../errors.ts'
import { Bytes } from './bytes.ts'
import { readFooter } from './footer.ts'
import { type MessageHead, readHead } from './metadata.ts'

/** A complete message. */
export interface Message extends MessageHead {
  /** The offset in the decompressed file. */
  readonly at: number
  /**
   * The message in the current stream format, whatever the format of the file, and aligned for typed arrays. Empty if
   * it was skipped.
   */
  readonly bytes: Uint8Array
}

/** Called for each message. If it returns false, the message's body may be left out. */
export type IsWanted = (head: MessageHead) => boolean

/** Reads the messages of a file. It can be called once. */
export type MessagesOf = (isWanted: IsWanted) => AsyncGenerator<Message>

export const CONTINUATION = 0xffffffff
export const FILE_MAGIC = Buffer.from('ARROW1')
export const FILE_HEAD = Buffer.from('ARROW1\0\0')
/** The footer's length and the magic, which follow the footer. */
export const FILE_TAIL_BYTES = 10

/** The limit for one message, which is in memory as a whole. */
export const MAX_MESSAGE_BYTES = 512 * 1024 * 1024

/** Longer metadata is regarded as damaged. */
export const MAX_METADATA_BYTES = 64 * 1024 * 1024

/**
 * Reads the messages of Arrow's stream format. Also reads the file format if its footer can't be read first, because
 * most writers put a stream between the head and the footer. Both formats must end with their end marker. Without
 * this check, a file that is cut off between two messages would look complete.
 *
 * @param bytes is closed at the end
 * @throws SluiceError `ERR_SOURCE` with the file and the position, when it is damaged, cut off or not Arrow
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
export async function * readMessages (bytes: Bytes, file: string, isWanted: IsWanted): AsyncGenerator<Message> {
  let at = 0 // offset of the message
  const fail = (reason: string, cause?: unknown): SluiceError => new SluiceError('ERR_SOURCE',
    `${file}: damaged Arrow data in the message at byte ${at} (${reason}); get the file again`, { cause })
  const take = async (size: number): Promise<Buffer> => {
    const taken = await bytes.take(size)
    if (taken.length === size) return taken
    throw new SluiceError('ERR_SOURCE', `${file}: the Arrow data is cut off at byte ${bytes.at}, ` +
      `in the message at byte ${at}, without a mark of its end; get the file again`)
  }
  try {
    const isFile = await passHead(bytes, file)
    const places = { dictionaries: [] as number[], records: [] as number[] }
    for (;;) {
      at = bytes.at
      let length = (await take(4)).readUInt32LE()
      // Before Arrow 0.15, only the length came before the metadata.
      if (length === CONTINUATION) length = (await take(4)).readUInt32LE()
      if (length === 0) break
      if (length > MAX_METADATA_BYTES) throw fail(`metadata of ${length} bytes`)
      const metadata = await take(length)
      let head: MessageHead
      try {
        head = readHead(metadata)
      } catch (error) {
        throw isFile && at === FILE_HEAD.length ? withoutSchema(file, error) : fail(messageOf(error), error)
      }
      const { kind, bodyBytes } = head
      if (isFile && at === FILE_HEAD.length && kind !== 'schema') throw withoutSchema(file)
      if (length + bodyBytes > MAX_MESSAGE_BYTES) throw tooLarge(file, at, length + bodyBytes)
      if (kind === 'records') places.records.push(at)
      if (kind === 'dictionary') places.dictionaries.push(at)
      if (isWanted(head)) yield { ...head, at, bytes: encapsulated(metadata, await take(bodyBytes)) }
      else if (await bytes.skip(bodyBytes) < bodyBytes) await take(1)
      else yield { ...head, at, bytes: new Uint8Array(0) }
    }
    at = bytes.at
    await (isFile ? checkFooter : checkNothing)(bytes, places, fail)
  } finally {
    bytes.close()
  }
}

/**
 * Skips the head of the file format.
 *
 * @returns whether there is one
 * @throws SluiceError `ERR_SOURCE` when the data isn't Arrow
 */
async function passHead (bytes: Bytes, file: string): Promise<boolean> {
  const head = await bytes.peek(8)
  if (head.equals(FILE_HEAD)) {
    await bytes.take(8)
    return true
  }
  const first = head.length < 8 ? -1 : head.readUInt32LE()
  const length = first === CONTINUATION ? head.readUInt32LE(4) : first
  // Metadata is padded to eight bytes; in the old format, together with its length.
  const isPadded = first === CONTINUATION ? length % 8 === 0 : length % 8 === 4
  if (length > 0 && length < MAX_METADATA_BYTES && isPadded) return false
  const found = head.length === 0 ? 'is empty' : `begins with ${JSON.stringify(head.toString('latin1'))}`
  throw new SluiceError('ERR_SOURCE', `${file}: is not an Arrow file or stream: it ${found}; ` +
    'set the right format (--dataset, dataset)')
}

/** Writes a message in the current format, with its metadata padded so that the body is aligned. */
export function encapsulated (metadata: Buffer, body: Buffer): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, CONTINUATION, true)
  view.setUint32(4, padded, true)
  bytes.set(metadata, 8)
  bytes.set(body, 8 + padded)
  return bytes
}

export function tooLarge (file: string, at: number, size: number): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: has a message of ${size} bytes at byte ${at}, ` +
    `more than ${MAX_MESSAGE_BYTES} are not read; ` +
    'rewrite the file with smaller record batches (pyarrow: max_chunksize)')
}

/** For a file that is too large to be held in memory and read by its footer. */
function withoutSchema (file: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: is an Arrow file that doesn't begin with a schema, ` +
    'as written by Polars and apache-arrow for JavaScript. It must be read from its end, ' +
    'which isn\'t possible in a pipe or in compressed data; decompress it to a file, and pass that', { cause })
}

type Fail = (reason: string, cause?: unknown) => SluiceError

interface Places {
  readonly dictionaries: readonly number[]
  readonly records: readonly number[]
}

async function checkFooter (bytes: Bytes, found: Places, fail: Fail): Promise<void> {
  const rest = await bytes.take(MAX_MESSAGE_BYTES)
  const length = rest.length < FILE_TAIL_BYTES ? -1 : rest.readInt32LE(rest.length - FILE_TAIL_BYTES)
  if (!rest.subarray(-FILE_MAGIC.length).equals(FILE_MAGIC) || length < 0 || length > rest.length - FILE_TAIL_BYTES) {
    throw fail('the footer is cut off, or more follows it')
  }
  let footer: ReturnType<typeof readFooter>
  try {
    footer = readFooter(rest.subarray(rest.length - FILE_TAIL_BYTES - length, rest.length - FILE_TAIL_BYTES))
  } catch (error) {
    throw fail(messageOf(error), error)
  }
  for (const kind of ['dictionaries', 'records'] as const) {
    const listed = footer[kind].map(({ offset }) => offset)
    if (listed.length !== found[kind].length) {
      throw fail(`the footer lists ${listed.length} batches of ${kind}, there are ${found[kind].length}`)
    }
    if (listed.some((offset, i) => offset !== found[kind][i])) {
      throw fail(`the batches of ${kind} are not in the order of the footer; ` +
        'decompress the file, so that it can be read by its footer')
    }
  }
}

/** Zeros may pad the last block. Anything else is an error. */
async function checkNothing (bytes: Bytes, _found: unknown, fail: Fail): Promise<void> {
  for (let rest = await bytes.some(); rest.length > 0; rest = await bytes.some()) {
    if (rest.some(byte => byte !== 0)) throw fail('more data follows the end mark')
  }
}
