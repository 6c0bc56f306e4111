/** Documents of shuffled sequences, whose parts are in any order. */
import { join } from 'node:path'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { openShards, readIds } from '../../../lib/shards/reader.ts'
import { shardStatistics } from '../../../lib/shards/statistics.ts'
import { recordedDocuments } from '../../../lib/shards/recorded-documents.ts'
import { loadDecoder } from '../../../lib/tokenizer/tokenizer.ts'
import { fixture } from '../../helpers.ts'
import { makeCorpora } from '../../recipes/export/corpora.ts'
import { t } from '../../tap.ts'

t.test('each id is in one document, and documents are counted once', async t => {
  const { folder, write } = await makeCorpora(t)
  const decoder = await loadDecoder(fixture('tiny.model'))
  for (const shuffle of ['sequences', 'documents', 'none']) {
    const { stats } = await mix(write({ epochs: 2.5, shuffle }))
    const set = await openShards(join(folder, 'mixture/train'))
    const eosId = stats[0]!.eos_id!
    let [ids, ends] = [0, 0]
    for (const shard of set.shards) {
      for await (const block of readIds(shard)) {
        ids += block.ids.length
        ends += block.ids.filter(id => id === eosId).length
      }
    }
    let [tokens, complete, parts] = [0, 0, 0]
    for await (const { meta } of recordedDocuments(set, { decoder, eosId })) {
      tokens += meta['tokens'] as number
      if (meta['complete'] === true) complete++
      if ('offset' in meta) parts++
    }
    t.equal(tokens, ids, `${shuffle}: no token is left out`)
    t.equal(complete, ends, `${shuffle}: every end is that of a document`)
    t.equal(parts > 0, shuffle === 'sequences', `${shuffle}: ${parts} parts whose beginning is in a later row`)
    const counted = await shardStatistics(set, { decoder, eosId })
    t.equal(counted.documents, ends, `${shuffle}: documents`)
    t.ok(counted.open_ids < 3 * 16 * 6, `${shuffle}: ${counted.open_ids} ids of documents without an end`)
    t.equal(counted.padding_ids, 0)
  }
})
