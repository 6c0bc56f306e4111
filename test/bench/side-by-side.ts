import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import split2 from 'split2'
import type { Document } from '../../lib/document.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { table } from '../../lib/text/table.ts'
import type { PlainFile } from './corpus.ts'
import { take } from './feed.ts'
import { type Run, type Times, alternate, cellsOf, jsonOfTimes } from './measure.ts'

/** The required speed of our source relative to split2. */
const WANTED_RATIO = 1.8

/** Our NDJSON source next to the obvious alternative, on one file. */
export interface SideBySide {
  /** Bytes of the file. */
  readonly bytes: number
  readonly ours: Times
  readonly split2: Times
  /** The speed of ours relative to the alternative. */
  readonly ratio: number
}

/**
 * Reads the file with our NDJSON source and with `createReadStream
 * split2(JSON.parse)`, in turn.
 */
export async function sideBySide ({ path, bytes }: PlainFile, count: number): Promise<SideBySide> {
  const chars = new Set<number>() // as counted by each run
  const counted = (read: (sink: NodeJS.WritableStream) => Promise<void>): Run => async () => {
    let seen = 0
    await read(take((document: Pick<Document, 'text'>) => { seen += document.text.length }))
    chars.add(seen)
  }
  const [ours, theirs] = await alternate([
    counted(sink => pipeline(ndjson(path), sink)),
    counted(sink => pipeline(createReadStream(path), split2(JSON.parse), sink))
  ], count)
  if (chars.size !== 1) {
    const counts = [...chars].join(' and ')
    throw new Error(`${path}: both sides should read the same texts, but the characters read are ${counts}`)
  }
  return { bytes, ours: ours!, split2: theirs!, ratio: theirs!.best / ours!.best }
}

export function isFaster ({ ratio }: SideBySide): boolean {
  return ratio >= WANTED_RATIO
}

/** The result as text. */
export function reportSides ({ bytes, ours, split2, ratio }: SideBySide): string {
  const sides = table([
    ['side by side', 'MB/s of NDJSON', 'seconds', 'slowest'],
    ['sluice: ndjson()', ...cellsOf(bytes, ours)],
    ['createReadStream | split2(JSON.parse)', ...cellsOf(bytes, split2)]
  ])
  return `${sides}\nratio ${ratio.toFixed(2)}, wanted ${WANTED_RATIO}: ${ratio < WANTED_RATIO ? 'too slow' : 'reached'}`
}

/** The result as JSON. */
export function jsonOfSides ({ bytes, ours, split2, ratio }: SideBySide): object {
  const [sluice, other] = [jsonOfTimes(bytes, ours), jsonOfTimes(bytes, split2)]
  return { mb_of: 'NDJSON', bytes, ours: sluice, split2: other, ratio, wanted_ratio: WANTED_RATIO }
}
