import { join } from 'node:path'
import { contentIn, docs, fixture, folderInMemory, ndjsonOf, put } from '../helpers.ts'
import { t } from '../tap.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { verify } from '../../recipes/verify.ts'

t.test('best_fit packs to the same bytes with 1, 2 and 4 workers', async t => {
  const folder = folderInMemory(t)
  const words = 'the water of a river runs to the sea and the sea takes it all '.split(' ')
  const documents = docs(700).map((document, i) => ({
    ...document, text: Array.from({ length: 1 + i * 37 % 90 }, (_, j) => words[(i * 7 + j) % words.length]).join(' ')
  }))
  const dataFiles = put(folder, 'in.ndjson', ndjsonOf(documents))
  const written = []
  for (const workers of [1, 2, 4]) {
    const outputDir = join(folder, String(workers))
    const stats = join(folder, `${workers}.json`)
    const packing = { packing: 'best_fit', packingWindow: 50, padId: 0, seqLen: 64, sequencesPerShard: 20 } as const
    const made = await shardCorpus({
      dataFiles, tokenizerPath: fixture('quickstart.model'), outputDir, stats, workers, ...packing
    })
    t.match(made, { packing: 'best_fit', padding_tokens: 1032, tokens: 42_552 })
    t.ok((await verify(stats, { inventory: join(folder, 'page.md'), workers: 1 })).totals.shards > 2)
    const files = Object.entries(contentIn(outputDir)).filter(([name]) => /\.(npy|docs)$/.test(name))
    written.push(Object.fromEntries(files))
  }
  t.ok(Object.keys(written[0]!).length > 4)
  t.strictSame(written[1], written[0])
  t.strictSame(written[2], written[0])
})
