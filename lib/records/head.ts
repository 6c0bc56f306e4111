import { skipping } from '../input/read.ts'
import type { RecordFile } from './reader.ts'

/** What was found at the beginning of a file, and the content of the file. */
export interface Seen<T> {
  readonly seen: T
  /** The content from an offset, including the bytes that were examined. Can be called once. */
  readonly from: (offset: number) => AsyncGenerator<Buffer>
}

/**
 * Examines the beginning of a file before its content is read. A stream can't be read again, so the examined bytes
 * are kept. A file by name may be opened again at the offset to read from.
 *
 * @param look called with a growing part of the beginning, until it returns something or the file ends
 */
export async function lookAhead<T> (
  file: RecordFile,
  look: (head: Buffer, ended: boolean) => T | undefined
): Promise<Seen<T>> {
  const chunks = file.bytesFrom(0)
  const pieces: Buffer[] = []
  let length = 0
  let due = 1 // `look` is called each time the length has doubled, so that it takes linear time
  for (;;) {
    const next = await chunks.next()
    const ended = next.done === true
    if (!ended) {
      pieces.push(next.value)
      length += next.value.length
      if (length < due) continue
    }
    due = 2 * length
    const head = Buffer.concat(pieces)
    const seen = look(head, ended)
    if (seen === undefined) continue
    return {
      seen,
      from (offset) {
        if (file.offset === 0) file.count(offset)
        if (offset === 0 || !file.isNamed || offset <= length) return skipping(offset, joined(head, chunks), file.path)
        chunks.return(undefined).catch(() => {})
        return file.bytesFrom(offset)
      }
    }
  }
}

async function * joined (head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    yield * rest
  } finally {
    await rest.return(undefined)
  }
}
