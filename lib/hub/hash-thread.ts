import { type Hash, createHash } from 'node:crypto'
import { serveTasks } from '../threads/thread.ts'

let hash: Hash | undefined

/** Hashes one file: receives its content in pieces, and for null returns its SHA-256. */
serveTasks((piece: Uint8Array | null) => {
  hash ??= createHash('sha256')
  if (piece === null) return Promise.resolve(hash.digest('hex'))
  hash.update(piece)
  return Promise.resolve('')
})
