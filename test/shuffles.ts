/** Records to shuffle in tests. */
import { Shuffle, type ShuffleOptions } from '../lib/shuffle/shuffle.ts'

export interface KeyedRecord {
  readonly key: number
  readonly record: Buffer
}

/** The least memory of a shuffle: it holds 688,128 bytes of records. */
export const LEAST_MEMORY = 2 ** 20

/** Adds records to a shuffle. */
export async function addAll (shuffle: Shuffle, records: Iterable<KeyedRecord>): Promise<void> {
  for (const { key, record } of records) if (!shuffle.add(key, record)) await shuffle.drain()
}

/** Copies of the records that weren't taken yet, at most `count`. */
export async function takeAll (shuffle: Shuffle, count = Infinity): Promise<Buffer[]> {
  const taken: Buffer[] = []
  if (count === 0) return taken
  for await (const record of shuffle.records()) {
    taken.push(Buffer.from(record))
    if (taken.length === count) break
  }
  return taken
}

/** Shuffles records, and deletes the files. */
export async function shuffled (
  folder: string, records: Iterable<KeyedRecord>, options: ShuffleOptions = {}
): Promise<Buffer[]> {
  const shuffle = await Shuffle.create(folder, options)
  await addAll(shuffle, records)
  const taken = await takeAll(shuffle)
  await shuffle.remove()
  return taken
}

/** The same records in the order of their keys, sorted by JavaScript, whose sort is stable. */
export function sorted (records: readonly KeyedRecord[]): Buffer[] {
  return [...records].sort((a, b) => a.key - b.key).map(({ record }) => record)
}

/** Random numbers below 2 ** 32 (Marsaglia's xorshift32, 2003). */
export function randomNumbers (seed: number): (below: number) => number {
  let state = seed
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Records of random bytes. @param lengthOf the length of each */
export function randomRecords (
  count: number, lengthOf: (random: (below: number) => number) => number, keys = 2 ** 32, seed = 1
): KeyedRecord[] {
  const random = randomNumbers(seed)
  return Array.from({ length: count }, (_, i) => {
    const record = Buffer.alloc(lengthOf(random), i)
    if (record.length >= 4) record.writeUInt32LE(i)
    return { key: random(keys) * 2 ** 16 + random(2 ** 16), record }
  })
}
