import { skipping } from '../input/read.ts'
import type { RecordFile } from './reader.ts'

/** What the beginning of a file has told, and the content of the file. */
export interface Seen<T> {
  readonly seen: T
  /** The content from an offset on, what was looked at included. Can be asked for once. */
  readonly from: (offset: number) => AsyncGenerator<Buffer>
}

/**
 * Looks at the beginning of a file before it is read: of a file by name, by reading it twice where it is not read from
 * its beginning; of a stream, by keeping what was looked at.
 *
 * @param look is given more and more of the beginning until it returns something; at the end of the file it must
 */
export async function lookAhead<T> (file: RecordFile, look: (head: Buffer, ended: boolean) => T | undefined): Promise<Seen<T>> {
  const chunks = file.bytesFrom(0)
  const pieces: Buffer[] = []
  let length = 0
  let due = 1 // looked at each time it has doubled, so that a long beginning costs its length and not the square of it
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
