import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { take } from '../feed.ts'
import type { Job, PathGiven, Run } from './job.ts'

/** Reads a whole file with one of our sources. */
export const read: Job<PathGiven & { readonly source: 'ndjson' | 'csv' | 'parquet' | 'arrow' }> = async given => {
  const source = await sourceOf(given.source)
  return reading(() => source(given.path))
}

async function sourceOf (name: string): Promise<(path: string) => Readable> {
  switch (name) {
    case 'csv': return (await import('../../../sources/csv.ts')).csv
    case 'parquet': return (await import('../../../sources/parquet.ts')).parquet
    case 'arrow': return (await import('../../../sources/arrow.ts')).arrow
    default: return (await import('../../../sources/ndjson.ts')).ndjson
  }
}

function reading (open: () => Readable): Run {
  return async () => {
    let documents = 0
    await pipeline(open(), take(() => { documents++ }))
    return documents
  }
}
