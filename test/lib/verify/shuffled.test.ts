/** Repeated documents of shuffled sequences, compared with those of the same sequences in order. */
import { join } from 'node:path'
import fc from 'fast-check'
import type { Sequence } from '../../../lib/document.ts'
import { type PackerOptions, packerOf } from '../../../lib/packing/packer.ts'
import { type Dtype, dtypes, npyData } from '../../../lib/shards/npy.ts'
import { shardName } from '../../../lib/shards/names.ts'
import { prepareFolder, removeShards } from '../../../lib/shards/shard-folder.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { type ShardInfo, ShardWriter } from '../../../lib/shards/writer.ts'
import { CutDocuments } from '../../../lib/verify/cut-documents.ts'
import { DuplicateCounter, type Duplicates } from '../../../lib/verify/duplicates.ts'
import { NO_IDS, joined, sumOf } from '../../../lib/verify/id-sum.ts'
import { PartList } from '../../../lib/verify/part-list.ts'
import { verifyShards } from '../../../lib/verify/shards.ts'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { verify } from '../../../recipes/verify.ts'
import { folderInMemory, howMany } from '../../helpers.ts'
import { makeCorpora } from '../../recipes/export/corpora.ts'
import { EOS } from '../../shards.ts'
import { t } from '../../tap.ts'

const PAD = 1

interface Component extends Omit<PackerOptions, 'padId'> {
  readonly name: string
  readonly dtype: Dtype
  readonly sequencesPerShard: number
}

/** Writes sequences and their documents. @param tail the ids that are in no sequence @param order of the sequences */
async function write (
  folder: string, sequences: readonly Sequence[], { tail, padding, ...component }: Component & {
    readonly tail: number, readonly padding: number
  }, order?: 'shuffled'
): Promise<ShardedStats> {
  const { name, seqLen, dtype, sequencesPerShard: rows, packing } = component
  const outputDir = join(folder, name)
  await prepareFolder(outputDir)
  await removeShards(outputDir)
  const files: ShardInfo[] = []
  for (let first = 0; first < sequences.length; first += rows) {
    const path = join(outputDir, shardName(files.length))
    const writer = await ShardWriter.create(path, { columns: seqLen, maxRows: rows, dtype }, { documents: true })
    for (const row of sequences.slice(first, first + rows)) await writer.add(npyData(row, dtype, 100), row.parts)
    files.push(await writer.finish())
  }
  return {
    name,
    sequences: sequences.length,
    tokens: sequences.length * seqLen + tail - padding,
    tail_tokens: tail,
    shards: files.length,
    output_dir: outputDir,
    seq_len: seqLen,
    dtype,
    vocab_size: 100,
    eos_id: EOS,
    tokenizer_sha256: 'ab'.repeat(32),
    shard_files: files,
    ...(packing === 'best_fit' && { packing, packing_window: 3, pad_id: PAD, padding_tokens: padding }),
    ...(order !== undefined && { order })
  }
}

async function counted (components: readonly ShardedStats[]): Promise<Duplicates> {
  const counter = new DuplicateCounter(components)
  try {
    await Promise.all(components.map(async (component, i) => {
      const findings = await verifyShards(component, {
        statsPath: 'stats.json', onDocuments: documents => counter.add(i, documents)
      })
      if (findings.length > 0) throw new Error(JSON.stringify(findings))
    }))
    return await counter.result()
  } finally {
    await counter.close()
  }
}

const anyDocument = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 3, max: 5 }), { maxLength: 6 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 3, max: 4 }), { minLength: 8, maxLength: 30 }) }
)

t.test('documents of shuffled sequences are counted as those of sequences in order', async t => {
  const folder = folderInMemory(t)
  const drawn = fc.record({
    // Each may be drawn several times, as in several epochs, and then it is cut elsewhere.
    documents: fc.array(anyDocument, { minLength: 1, maxLength: 12, size: 'max' }),
    draws: fc.array(fc.nat(), { minLength: 5, maxLength: 40, size: 'max' }),
    order: fc.infiniteStream(fc.nat(2 ** 30)),
    seqLen: fc.integer({ min: 1, max: 9 }),
    sequencesPerShard: fc.integer({ min: 4, max: 20 }),
    dtype: fc.constantFrom(...dtypes),
    packing: fc.constantFrom('concat' as const, 'best_fit' as const)
  })
  let cut = 0
  await fc.assert(fc.asyncProperty(drawn, async ({ documents, draws, order, ...shape }) => {
    const packer = packerOf({ ...shape, packingWindow: 3, padId: PAD })
    const sequences: Sequence[] = []
    const push = (sequence: Sequence): void => { sequences.push(sequence) }
    for (const i of draws.map(i => i % documents.length)) {
      packer.add(Int32Array.from([...documents[i]!, EOS]), push, BigInt(i) * 0x0123_4567_89ab_cdefn)
    }
    packer.finish(push)
    if (sequences.length === 0) return
    const component = { ...shape, packingWindow: 3, tail: packer.rest, padding: packer.padding }
    const shuffled = sequences.map(row => ({ row, key: order.next().value as number }))
      .sort((a, b) => a.key - b.key).map(({ row }) => row)
    const { components: [inOrder, other], shared } = await counted([
      await write(folder, sequences, { ...component, name: 'in order' }),
      await write(folder, shuffled, { ...component, name: 'shuffled' }, 'shuffled')
    ])
    t.strictSame(other, { ...inOrder, name: 'shuffled' })
    const { different } = inOrder!
    t.strictSame(shared.map(({ documents, shares }) => ({ documents, shares })),
      different === 0 ? [] : [{ documents: different, shares: [1, 1] }])
    const whole = draws.map(i => documents[i % documents.length]!).filter(({ length }) => length > 0)
    if (shape.packing === 'best_fit') {
      t.equal(other!.documents, whole.length)
      t.equal(other!.different, new Set(whole.map(ids => ids.join())).size)
    }
    cut += whole.filter(({ length }) => length >= shape.seqLen).length
  }), { numRuns: howMany(8, 200) })
  t.ok(cut > howMany(10, 400), `${cut} documents were cut`)
})

t.test('a mixture of several epochs has the same counts when its sequences are shuffled', async t => {
  const { folder, write: manifestWith } = await makeCorpora(t, ['web'])
  const counts = []
  for (const shuffle of ['none', 'sequences']) {
    await mix(manifestWith({ epochs: 2.5, shuffle }))
    const { duplicates } = await verify(join(folder, 'mixture/stats.json'), { inventory: join(folder, 'page.md') })
    counts.push(duplicates!.components)
  }
  const { documents, different } = counts[0]![0]!
  t.ok(documents! >= 298 && documents! <= 300 && different === 120, `${documents} documents, ${different} different`)
  t.strictSame(counts[1], counts[0])
})

/** The documents that parts give: component and sum. */
async function joinedFrom (cut: CutDocuments, parts: ReadonlyArray<Parameters<PartList['add']>[0]>): Promise<string[]> {
  const list = new PartList()
  for (const part of parts) list.add(part)
  await cut.add(0, list.take())
  const documents: string[] = []
  for await (const found of cut.documents()) {
    documents.push(...found.map(({ component, sum: { low, high } }) => [component, low, high].join()))
  }
  await cut.close()
  return documents.sort()
}

function partOf (ids: readonly number[], from: number, to: number, id = 7n): Parameters<PartList['add']>[0] {
  return { id, from, to, isEnd: ids[to - 1] === EOS, ...sumOf(Int32Array.from(ids.slice(from, to)), from) }
}

const whole = (ids: readonly number[]): string => {
  const { low, high } = sumOf(Int32Array.from(ids), 0)
  return [0, low, high].join()
}

t.test('parts are joined where one ends and the next begins, whatever else has the same id', async t => {
  const [a, b] = [[3, 4, 5, 6, EOS], [9, 8, 7, EOS]]
  const cases = [
    [[partOf(a, 2, 5), partOf(a, 0, 2)], [a]],
    [[partOf(a, 4, 5), partOf(a, 2, 4), partOf(a, 0, 1), partOf(a, 1, 2)], [a]],
    [[partOf(a, 2, 5), partOf(b, 3, 4), partOf(b, 0, 3), partOf(a, 0, 2)], [a, b]],
    [[partOf(a, 0, 2), partOf(a, 0, 3), partOf(a, 3, 5), partOf(a, 2, 5)], [a, a]],
    [[partOf(a, 0, 2), partOf(b, 0, 4)], [b]], // the end of a is in no shard
    [[partOf(a, 2, 5)], []],
    [[partOf([EOS], 0, 1)], []],
    [[partOf([3, EOS, 4, EOS], 0, 2), partOf([3, EOS, 4, EOS], 2, 4)], [[3, EOS, 4, EOS]]],
    [[partOf(a, 0, 2), partOf(a, 2, 5, 8n)], []]
  ] as const
  for (const [parts, expected] of cases) {
    t.strictSame(await joinedFrom(new CutDocuments(0), parts), expected.map(whole).sort())
  }
})

t.test('more parts than fit into the memory are joined from files, which are deleted', async t => {
  const documents = Array.from({ length: 4000 }, (_, i) => [3 + i % 90, 4 + i % 50, i, EOS])
  const parts = [2, 0, 1].flatMap(k => documents.map((ids, i) =>
    partOf(ids, [0, 1, 3][k]!, [1, 3, 4][k]!, BigInt(i) * 0x9e37_79b9_7f4a_7c15n % 2n ** 64n)))
  const cut = new CutDocuments(2000)
  t.strictSame(await joinedFrom(cut, parts), documents.map(whole).sort())
  t.ok(cut.spilledBytes > 29 * parts.length, `${cut.spilledBytes} bytes`)
})

t.test('a sum of ids is that of its parts, in any type; nearly equal documents have others', t => {
  const ids = Int32Array.from({ length: 300 }, (_, i) => 3 + i * 7919 % 60_000)
  const sum = sumOf(ids, 0)
  t.strictSame(sumOf(Uint16Array.from(ids), 0), sum)
  t.strictSame(sumOf(Uint32Array.from(ids), 0), sum)
  t.strictSame([200, 0, 50].map((from, i) => sumOf(ids.subarray(from, [300, 50, 200][i]), from)).reduce(joined), sum)
  t.strictSame(sumOf(ids.subarray(9, 9), 9), NO_IDS)
  const lows = new Set([sum.low])
  const highs = new Set([sum.high])
  let count = 1
  const add = (): void => {
    const { low, high } = sumOf(ids, 0)
    lows.add(low)
    highs.add(high)
    count++
  }
  for (let i = 0; i < ids.length; i++) {
    for (let j = i + 1; j < i + 40 && j < ids.length; j++) { // two ids are exchanged
      [ids[i], ids[j]] = [ids[j]!, ids[i]!]
      add()
      ;[ids[i], ids[j]] = [ids[j]!, ids[i]!]
    }
    ids[i]! ^= 1
    add()
    ids[i]! ^= 1
  }
  t.ok(count - lows.size < 3 && count - highs.size < 3, 'each half is as rarely the same as random numbers')
  t.end()
})
