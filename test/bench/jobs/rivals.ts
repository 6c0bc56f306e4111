import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { take } from '../feed.ts'
import type { Job, PathGiven } from './job.ts'

/**
 * `createReadStream
 * split2(JSON.parse)`, decompressed before if the name ends in `.gz`.
 */
export const split2: Job<PathGiven> = async ({ path }) => {
  const { default: split2 } = await import('split2')
  return async () => {
    let documents = 0
    const sink = take(() => { documents++ })
    if (path.endsWith('.gz')) await pipeline(createReadStream(path), createGunzip(), split2(JSON.parse), sink)
    else await pipeline(createReadStream(path), split2(JSON.parse), sink)
    return documents
  }
}

export const papaparse: Job<PathGiven> = async ({ path }) => {
  const { default: papa } = await import('papaparse')
  return async () => {
    let rows = 0
    await pipeline(createReadStream(path), papa.parse(papa.NODE_STREAM_INPUT, { header: true }), take(() => { rows++ }))
    return rows
  }
}

export const hyparquet: Job<PathGiven> = async ({ path }) => {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  return async () => {
    const file = await asyncBufferFromFile(path)
    return (await parquetReadObjects({ file, columns: ['id', 'text'], compressors })).length
  }
}

/** Reads the whole file into memory, then both columns. */
export const flechette: Job<PathGiven> = async ({ path }) => {
  const { tableFromIPC } = await import('@uwdata/flechette')
  return async () => {
    const table = tableFromIPC(await readFile(path))
    const [ids, texts] = [table.getChild('id').toArray(), table.getChild('text').toArray()] as [string[], string[]]
    return Math.min(ids.length, texts.length)
  }
}
