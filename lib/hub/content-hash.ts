import { createHash } from 'node:crypto'
import { WorkerThread } from '../threads/thread.ts'

/** Content that is given piece by piece, and then its hash, in hexadecimal. */
export interface ContentHash {
  /** Has a copy of the bytes, or is done with them, when it returns; wait for what it gives before the next. */
  readonly update: (bytes: Buffer) => Promise<void> | undefined
  readonly digest: () => Promise<string>
  /** Lets go of what it has. */
  readonly close: () => void
}

/** For smaller content a thread takes longer to start than it saves. */
const LEAST_THREAD_BYTES = 128 * 1024 * 1024

/** Bytes that go over to the thread at a time, and how many times as many may wait there. */
const PIECE_BYTES = 1024 * 1024
const MOST_PIECES = 8

/** Git's hash of a file: SHA-1 of its bytes behind their count. */
export function gitBlobHash (size: number): ContentHash {
  return hashing('sha1', `blob ${size}\0`)
}

/**
 * SHA-256. That of large content is made in a thread of its own: here it would take a fifth of the time in which lines
 * of JSON are read.
 */
export function sha256Hash (size: number): ContentHash {
  return size < LEAST_THREAD_BYTES ? hashing('sha256', '') : threadHashing()
}

function hashing (algorithm: string, begin: string): ContentHash {
  const hash = createHash(algorithm).update(begin)
  return {
    update (bytes) {
      hash.update(bytes)
      return undefined
    },
    digest: () => Promise.resolve(hash.digest('hex')),
    close () {}
  }
}

/** What is to be hashed is copied into memory that is shared with the thread, and used again. */
function threadHashing (): ContentHash {
  const thread = new WorkerThread<Uint8Array | null, string>(import.meta.resolve('./hash-thread.js'))
  const free: Buffer[] = []
  const sent: Array<Promise<void>> = []
  let piece = sharedPiece()
  let used = 0

  function send (): void {
    const gone = piece
    const done = thread.run(gone.subarray(0, used)).then(() => { free.push(gone) })
    done.catch(() => {}) // whoever waits for it is told
    sent.push(done)
    piece = free.pop() ?? sharedPiece()
    used = 0
  }

  return {
    update (bytes) {
      for (let at = 0; at < bytes.length;) {
        const copied = bytes.copy(piece, used, at)
        at += copied
        used += copied
        if (used === PIECE_BYTES) send()
      }
      return sent.length >= MOST_PIECES ? sent.shift() : undefined
    },
    async digest () {
      send()
      await Promise.all(sent)
      return await thread.run(null)
    },
    close () { thread.close().catch(() => {}) }
  }
}

function sharedPiece (): Buffer {
  return Buffer.from(new SharedArrayBuffer(PIECE_BYTES))
}
