import { SluiceError, messageOf } from '../errors.ts'
import { Bytes } from './bytes.ts'
import { readFooter } from './footer.ts'
import { type MessageHead, readHead } from './metadata.ts'

/** A message of a stream, whole. */
export interface Message extends MessageHead {
  /** In bytes of the decompressed file. */
  readonly at: number
  /**
   * As the stream format has it today, whatever the form in the file, and aligned for typed arrays; empty where it was
   * passed over.
   */
  readonly bytes: Uint8Array
}

/** Asked for each message; of those that aren't wanted the body may be left out. */
export type IsWanted = (head: MessageHead) => boolean

/** The messages of a file, read once. */
export type MessagesOf = (isWanted: IsWanted) => AsyncGenerator<Message>

export const CONTINUATION = 0xffffffff
export const FILE_MAGIC = Buffer.from('ARROW1')
export const FILE_HEAD = Buffer.from('ARROW1\0\0')
/** Behind the footer: its length, and the magic. */
export const FILE_TAIL_BYTES = 10

/** Bytes of one message that are held at once. */
export const MAX_MESSAGE_BYTES = 512 * 1024 * 1024

/** Metadata with more is damage. */
export const MAX_METADATA_BYTES = 64 * 1024 * 1024

/**
 * Cuts Arrow's stream format into its messages, and likewise the file format where it can't be read by its footer: most
 * writers make it a stream between a head and a footer. Both end with a mark: without one, a file that is cut off
 * between two messages would pass for a shorter one.
 *
 * @param bytes closed at the end
 * @throws SluiceError `ERR_SOURCE` with the file and the place, when it is damaged, cut off or no Arrow
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
export async function * readMessages (bytes: Bytes, file: string, isWanted: IsWanted): AsyncGenerator<Message> {
  let at = 0 // where the message begins
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
      // Before Arrow 0.15 there was the length alone.
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
 * Whether it is in the file format, whose head is passed over.
 *
 * @throws SluiceError `ERR_SOURCE` for what isn't Arrow
 */
async function passHead (bytes: Bytes, file: string): Promise<boolean> {
  const head = await bytes.peek(8)
  if (head.equals(FILE_HEAD)) {
    await bytes.take(8)
    return true
  }
  const first = head.length < 8 ? -1 : head.readUInt32LE()
  const length = first === CONTINUATION ? head.readUInt32LE(4) : first
  // metadata is padded to eight bytes, in the old form together with its length
  const isPadded = first === CONTINUATION ? length % 8 === 0 : length % 8 === 4
  if (length > 0 && length < MAX_METADATA_BYTES && isPadded) return false
  const found = head.length === 0 ? 'is empty' : `begins with ${JSON.stringify(head.toString('latin1'))}`
  throw new SluiceError('ERR_SOURCE', `${file}: is not an Arrow file or stream: it ${found}; ` +
    'name the format that it has (--dataset, dataset)')
}

/** With the form of today, whose metadata ends such that what follows is aligned. */
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

/** Of a file that is larger than what is held to be read by its footer. */
function withoutSchema (file: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_SOURCE', `${file}: is an Arrow file that doesn't begin with a schema, ` +
    'as Polars and apache-arrow for JavaScript write it: it is read from its end, ' +
    'which a pipe or compressed data doesn\'t have; write it to a file, decompressed, and name that', { cause })
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
    const told = footer[kind].map(({ offset }) => offset)
    if (told.length !== found[kind].length) {
      throw fail(`the footer tells of ${told.length} batches of ${kind}, there are ${found[kind].length}`)
    }
    if (told.some((offset, i) => offset !== found[kind][i])) {
      throw fail(`the batches of ${kind} don't lie in the order of the footer; ` +
        'decompress the file, which is then read by its footer')
    }
  }
}

/** Zeros may fill up the last block; all else was data. */
async function checkNothing (bytes: Bytes, _found: unknown, fail: Fail): Promise<void> {
  for (let rest = await bytes.some(); rest.length > 0; rest = await bytes.some()) {
    if (rest.some(byte => byte !== 0)) throw fail('more follows the mark of the end')
  }
}
