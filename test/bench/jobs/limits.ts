import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Job, PathGiven } from './job.ts'

const NEWLINE = 0x0a

/** Reads a file, finds each newline, and checks that the bytes between are UTF-8. */
export const utf8Lines: Job<PathGiven> = async ({ path }) => {
  return await Promise.resolve(async () => {
    let lines = 0
    await pipeline(createReadStream(path), sink(chunk => {
      let from = 0
      for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
        if (isUtf8(chunk.subarray(from, to))) lines++
        from = to + 1
      }
    }))
    return lines
  })
}

/** Decompresses a file. */
export const gunzip: Job<PathGiven> = async ({ path }) => {
  return await Promise.resolve(async () => {
    let bytes = 0
    await pipeline(createReadStream(path), createGunzip(), sink(chunk => { bytes += chunk.length }))
    return bytes
  })
}

/** Hashes as many bytes as shards have. */
export const sha256: Job<{ readonly bytes: number }> = async ({ bytes }) => {
  const content = Buffer.alloc(bytes, 'ids')
  return await Promise.resolve(() => createHash('sha256').update(content).digest().length)
}

function sink (see: (chunk: Buffer) => void): Writable {
  return new Writable({
    write (chunk: Buffer, _encoding, done) {
      see(chunk)
      done()
    }
  })
}
