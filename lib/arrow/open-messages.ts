import type { ByteRanges } from '../bytes.ts'
import type { TableFile } from '../columns/selection.ts'
import { Bytes } from './bytes.ts'
import { readFileMessages } from './file-messages.ts'
import { type Message, type MessagesOf, FILE_HEAD, readMessages } from './messages.ts'

/** A file, and how its bytes are had. */
export interface ArrowFile extends TableFile {
  /** The number of the first row to read. */
  readonly offset: number
  /** The content from an offset on, chunk by chunk. */
  readonly bytesFrom: (offset: number) => AsyncGenerator<Buffer>
  /** Called with how much of the file has been read. */
  readonly onRead: (bytes: number) => void
}

/** Opens a file to be read at any place; null where that can't be done: of a pipe, and through a compression. */
export type OpenRanges = () => Promise<ByteRanges | null>

/** A file that can't be read at any place is held in memory up to so many bytes. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/**
 * The messages of a file: of the stream format one after the other, of the file format by its footer. A larger file
 * that can't be read at any place is read one after the other too, which most writers make possible.
 *
 * @throws SluiceError as `readMessages` and `readFileMessages`
 */
export async function openMessages (file: ArrowFile, open: OpenRanges): Promise<MessagesOf> {
  const bytes = new Bytes(file.bytesFrom(0))
  try {
    const isFile = (await bytes.peek(FILE_HEAD.length)).equals(FILE_HEAD)
    const ranges = isFile ? await open() ?? await held(bytes, file.path) : null
    if (ranges === null) return isWanted => readMessages(bytes, file.path, isWanted)
    bytes.close()
    return isWanted => closing(ranges, readFileMessages(ranges, isWanted), file)
  } catch (error) {
    bytes.close()
    throw error
  }
}

/** All bytes as ranges, unless there are too many. */
async function held (bytes: Bytes, name: string): Promise<ByteRanges | null> {
  const all = await bytes.peek(MAX_HELD_BYTES + 1)
  if (all.length > MAX_HELD_BYTES) return null
  return {
    name,
    size: all.length,
    read: (start, end) => Promise.resolve(all.subarray(start, end)),
    close: () => Promise.resolve()
  }
}

type Messages = AsyncGenerator<Message>

async function * closing (ranges: ByteRanges, messages: Messages, file: ArrowFile): Messages {
  try {
    for await (const message of messages) {
      yield message
      if (message.kind === 'records') file.onRead(message.at + message.bodyBytes)
    }
    file.onRead(ranges.size)
  } finally {
    await ranges.close()
  }
}
