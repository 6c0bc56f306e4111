import { type Hash, createHash } from 'node:crypto'
import { serveTasks } from '../threads/thread.ts'

let hash: Hash | undefined

/** A thread that hashes one content: takes it piece by piece, and for null gives its SHA-256. */
serveTasks((piece: Uint8Array | null) => {
  hash ??= createHash('sha256')
  if (piece === null) return Promise.resolve(hash.digest('hex'))
  hash.update(piece)
  return Promise.resolve('')
})
