/** Shared documents of components, compared with decoding all rows, splitting them, and comparing sets. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { HASH_LIMIT, HashSample, countShared } from '../../../lib/sampling/hash-sample.ts'
import { dtypes, readNpy } from '../../../lib/shards/npy.ts'
import { DuplicateCounter, type Duplicates } from '../../../lib/verify/duplicates.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { verifyShards } from '../../../lib/verify/shards.ts'
import { howMany, temporaryFolder } from '../../helpers.ts'
import { EOS, writeShards } from '../../shards.ts'

async function counted (components: readonly ShardedStats[]): Promise<Duplicates> {
  const counter = new DuplicateCounter(components)
  for (const [i, component] of components.entries()) {
    const findings = await verifyShards(component, {
      statsPath: 'stats.json', onDocuments: documents => counter.add(i, documents)
    })
    if (findings.length > 0) throw new Error(JSON.stringify(findings))
  }
  return await counter.result().finally(() => counter.close())
}

/** The documents in shards, as text. */
function documentsIn ({ output_dir: folder, shard_files: infos }: ShardedStats): string[] {
  const ids = infos.flatMap(({ file }) => [...readNpy(readFileSync(join(folder, file))).data])
  const documents: string[] = []
  for (let begin = 0, end; (end = ids.indexOf(EOS, begin)) !== -1; begin = end + 1) {
    if (end > begin) documents.push(ids.slice(begin, end).join())
  }
  return documents
}

function slowly (components: readonly ShardedStats[]): Duplicates {
  const all = components.map(documentsIn)
  const sets = all.map(documents => new Set(documents))
  return {
    sampled: 1,
    components: components.map(({ name }, i) => ({ name, documents: all[i]!.length, different: sets[i]!.size })),
    shared: components.flatMap((a, i) => components.slice(i + 1).flatMap((b, k) => {
      const [ours, theirs] = [sets[i]!, sets[i + 1 + k]!]
      const documents = [...ours].filter(document => theirs.has(document)).length
      return documents === 0
        ? []
        : [{
            components: [a.name, b.name] as const,
            documents,
            shares: [documents / ours.size, documents / theirs.size] as const
          }]
    }))
  }
}

t.test('shared documents of random sets are counted, however they are packed', async t => {
  const folder = temporaryFolder(t)
  // Few different ids, so that documents coincide; an end of sentence among them gives empty ones, and a long run spans
  // shards.
  const document = fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.integer({ min: 3, max: 5 }), { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 3, max: 4 }), { minLength: 12, maxLength: 30 }) }
  )
  const component = fc.record({
    documents: fc.array(document, { maxLength: 15, size: 'max' }),
    open: fc.array(fc.constant(3), { maxLength: 9 }),
    seqLen: fc.integer({ min: 1, max: 7 }),
    sequencesPerShard: fc.integer({ min: 1, max: 5 }),
    dtype: fc.constantFrom(...dtypes)
  })
  let shared = 0
  await fc.assert(fc.asyncProperty(fc.array(component, { minLength: 2, maxLength: 3 }), async drawn => {
    const components = drawn.map(({ documents, open, ...shape }, i) => {
      rmSync(join(folder, `c${i}`), { recursive: true, force: true })
      return writeShards(folder, `c${i}`, [...documents.flatMap(ids => [...ids, EOS]), ...open], shape)
    })
    const found = await counted(components)
    shared += found.shared.length
    t.strictSame(found, slowly(components))
  }), { numRuns: howMany(8, 40) })
  t.ok(shared > howMany(3, 20), `${shared} pairs had documents in common`)
})

t.test('a document across many shards, and one that is larger than a read', async t => {
  const folder = temporaryFolder(t)
  const long = Int32Array.from({ length: 700_000 }, (_, i) => 3 + i % 20_000)
  const ids = Int32Array.from([...long, EOS, 7, 8, EOS, ...Array.from({ length: 2000 }, () => 9)])
  const components = [
    writeShards(folder, 'many', ids, { seqLen: 1001, sequencesPerShard: 50 }),
    writeShards(folder, 'one', ids, { seqLen: 1, sequencesPerShard: 2 ** 30, dtype: 'uint16' })
  ]
  t.strictSame(await counted(components), {
    sampled: 1,
    components: [{ name: 'many', documents: 2, different: 2 }, { name: 'one', documents: 2, different: 2 }],
    shared: [{ components: ['many', 'one'], documents: 2, shares: [1, 1] }]
  })
})

t.test('components with another tokenizer or EOS token are not compared', async t => {
  const folder = temporaryFolder(t)
  const make = (name: string): ShardedStats =>
    writeShards(folder, name, [5, 6, EOS, 7, 3, EOS], { seqLen: 3, sequencesPerShard: 1 })
  const { eos_id: _, ...without } = make('d')
  const found = await counted([
    make('a'), { ...make('b'), tokenizer_sha256: 'cd'.repeat(32) }, { ...make('c'), eos_id: 3 }, without, make('e')
  ])
  t.strictSame(found.shared, [{ components: ['a', 'e'], documents: 2, shares: [1, 1] }])
  t.match(found.components, [
    { documents: 2 }, {}, { documents: 1 }, { name: 'd', documents: null, different: null }, {}
  ])
})

t.test('samples are independent of the order, and their estimate is close', async t => {
  let state = 7
  const random = (): number => {
    state = state * 48_271 % 2_147_483_647
    return Math.floor(state / 2_147_483_647 * 2 ** 31) * 2 ** 22 + state % 2 ** 22
  }
  const hashes = Float64Array.from({ length: 30_000 }, random)
  t.ok(hashes.every(hash => hash < HASH_LIMIT))
  const parts = (from: number, to: number): Float64Array[] =>
    Array.from({ length: 20 }, (_, i) => hashes.slice(from, to).filter((_, at) => at % 20 === i))
  const [a, b] = [parts(0, 20_000), parts(10_000, 30_000)] // 10,000 in both
  const forwards = new HashSample(2, 1000)
  for (let i = 0; i < 20; i++) {
    for (const times of [1, 2]) { forwards.add(0, a[i]!); if (times === 1) forwards.add(1, b[i]!) }
  }
  const backwards = new HashSample(2, 1000)
  for (let i = 19; i >= 0; i--) backwards.add(1, b[i]!)
  const other = new HashSample(1, 400)
  for (const part of a) other.add(0, part)
  backwards.add(0, Float64Array.from(a.flatMap(part => [...part])))
  t.strictSame(forwards.sets, backwards.sets)
  t.equal(forwards.level, backwards.level)
  t.ok(forwards.sets.reduce((sum, { length }) => sum + length, 0) <= 1000)
  const estimate = countShared(forwards.sets[0]!, forwards.sets[1]!) * 2 ** forwards.level
  t.ok(Math.abs(estimate - 10_000) < 3000, `${estimate} of 10,000`)

  backwards.add(0, other.sets[0]!, other.level)
  t.ok(backwards.level >= other.level, 'of two samples, the smaller limit counts')
  t.ok(backwards.sets[0]!.every(hash => hash < HASH_LIMIT / 2 ** backwards.level))

  const copies = new HashSample(1, 1000)
  for (let i = 0; i < 50; i++) copies.add(0, new Float64Array(500).fill(5))
  t.strictSame([...copies.sets[0]!], [5])
  t.equal(copies.level, 0, 'copies use no space')
})

t.test('an estimate is at most the number of documents', async t => {
  const components = ['a', 'b'].map(name => ({ name, eos_id: EOS, tokenizer_sha256: 'x' }) as ShardedStats)
  const counter = new DuplicateCounter(components, { maxHashes: 4 })
  const hashes = Float64Array.from({ length: 9 }, (_, i) => i)
  for (const i of [0, 1]) await counter.add(i, { documents: 9, hashes, level: 0 })
  const { sampled, components: [first], shared } = await counter.result()
  t.ok(sampled > 1)
  t.match({ first, shared }, { first: { documents: 9, different: 9 }, shared: [{ documents: 9, shares: [1, 1] }] })
})
