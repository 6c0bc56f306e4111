import type { ByteRanges } from '../bytes.ts'
import type { TableFile } from '../columns/selection.ts'
import { Bytes } from './bytes.ts'
import { readFileMessages } from './file-messages.ts'
import { type Message, type MessagesOf, FILE_HEAD, readMessages } from './messages.ts'

/** A file and functions that read it. */
export interface ArrowFile extends TableFile {
  /** The number of the first row to read. */
  readonly offset: number
  /** Streams the content from an offset on. */
  readonly bytesFrom: (offset: number) => AsyncGenerator<Buffer>
  /** Called with the number of bytes that have been read so far. */
  readonly onRead: (bytes: number) => void
}

/** Opens a file for random access; null where that isn't possible, as for pipes and compressed files. */
export type OpenRanges = () => Promise<ByteRanges | null>

/** Without random access, a file up to this size is held in memory. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/**
 * The messages of a file. The stream format is read in order, the file format by its footer. A larger file without
 * random access is read in order too, which works for the files of most writers.
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

/** Reads all bytes into memory and returns them as ranges; null if there are too many. */
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
