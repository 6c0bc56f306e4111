/** A set of 128-bit keys within a memory bound, compared with a `Set` of JavaScript. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../../tap.ts'
import { KeySet } from '../../../lib/dedup/key-set.ts'
import { wordsOf } from '../../../lib/dedup/text-key.ts'
import { folderInMemory, howMany, put } from '../../helpers.ts'

/** SplitMix64, which gives the same keys in each run. */
function * words64 (seed: bigint): Generator<bigint> {
  for (let state = seed; ;) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let z = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    yield z ^ (z >> 31n)
  }
}

function keysOf (count: number, distinct: number, seed = 1n): bigint[] {
  const words = words64(seed)
  const next = (): bigint => words.next().value as bigint
  const pool = Array.from({ length: distinct }, () => (next() << 64n) | next())
  return Array.from({ length: count }, () => pool[Number(next() % BigInt(distinct))]!)
}

async function verdicts (set: KeySet, keys: readonly bigint[]): Promise<boolean[]> {
  const found: boolean[] = []
  for (const key of keys) {
    if (set.isFull) await set.makeRoom()
    found.push(set.add(wordsOf(key, new Uint32Array(4))))
  }
  return found
}

function expected (keys: readonly bigint[]): boolean[] {
  const seen = new Set<bigint>()
  return keys.map(key => seen.size < seen.add(key).size)
}

function setIn (t: Test, memory: number): KeySet {
  const set = new KeySet({ memory, path: join(folderInMemory(t), 'a/keys') })
  t.teardown(() => set.close())
  return set
}

t.test('a key is new once, with all keys in memory or most of them in files', async t => {
  const keys = keysOf(howMany(20_000, 600_000), howMany(12_000, 300_000))
  for (const memory of [2 ** 17, 2 ** 19, 2 ** 26]) {
    const set = setIn(t, memory)
    t.strictSame(await verdicts(set, keys), expected(keys), `${memory} bytes`)
    t.equal(set.size, new Set(keys).size)
  }
})

t.test('keys that share their highest words differ, in memory and in files', async t => {
  const near = Array.from({ length: 1500 }, (_, i) => (0xffff_ffff_ffff_ffffn << 64n) | BigInt(i + 2))
  const keys = [...near, ...keysOf(6000, 6000), ...near, 2n ** 128n - 1n, 5n, 2n ** 128n - 1n, 5n]
  const set = setIn(t, 2 ** 17)
  t.strictSame(await verdicts(set, keys), expected(keys))
})

t.test('the files have no name, so that nothing is left of a killed run', async t => {
  const folder = folderInMemory(t)
  put(folder, `keys.0.${process.pid}.tmp`, 'of a process that was killed while it made the file')
  const set = new KeySet({ memory: 2 ** 17, path: join(folder, 'keys') })
  t.teardown(() => set.close())
  await verdicts(set, keysOf(6000, 6000))
  t.strictSame(readdirSync(folder), [])
})
