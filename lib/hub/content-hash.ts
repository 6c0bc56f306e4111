import { createHash } from 'node:crypto'
import { WorkerThread } from '../threads/thread.ts'

/** Hashes content that is given in pieces. */
export interface ContentHash {
  /** Adds bytes; the buffer can be reused when it returns. Await the promise, if any, before the next call. */
  readonly update: (bytes: Buffer) => Promise<void> | undefined
  /** The hash, in hexadecimal. */
  readonly digest: () => Promise<string>
  /** Releases the thread, if there is one. */
  readonly close: () => void
}

/** For less content, a thread takes longer to start than it saves. */
const MIN_THREAD_BYTES = 128 * 1024 * 1024

/** Bytes sent to the thread at a time, and how many such pieces may be queued there. */
const PIECE_BYTES = 1024 * 1024
const MAX_PIECES = 8

/** Git's hash of a file: SHA-1 of a header with its size, and its bytes. */
export function gitBlobHash (size: number): ContentHash {
  return hashing('sha1', `blob ${size}\0`)
}

/**
 * SHA-256. Large content is hashed in a separate thread: in this one, hashing would take a fifth of the time of reading
 * JSON lines.
 */
export function sha256Hash (size: number): ContentHash {
  return size < MIN_THREAD_BYTES ? hashing('sha256', '') : threadHashing()
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

/** Bytes are copied into memory that is shared with the thread, and reused. */
function threadHashing (): ContentHash {
  const thread = new WorkerThread<Uint8Array | null, string>(import.meta.resolve('./hash-thread.js'))
  const free: Buffer[] = []
  const sent: Array<Promise<void>> = []
  let piece = sharedPiece()
  let used = 0

  function send (): void {
    const gone = piece
    const done = thread.run(gone.subarray(0, used)).then(() => { free.push(gone) })
    done.catch(() => {}) // the caller that awaits it gets the error
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
      return sent.length >= MAX_PIECES ? sent.shift() : undefined
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
