/** Counts of the ids in shards. */
import { t } from '../../tap.ts'
import { answers, howMany, temporaryFolder } from '../../helpers.ts'
import { EOS, MODEL, UNK, documentsIn, pieces, putShards, statisticsOf } from './helpers.ts'

t.test('counts: documents, their lengths, ends in a sequence, unknown ids and bytes', async t => {
  const id = await pieces('bytes.model')
  const [a, byte] = id('a', '<0xE6>') as [number, number]
  const folder = putShards(temporaryFolder(t), [a, EOS, EOS, a, UNK, byte, byte, a, a, a, EOS, a, EOS, a, a, UNK])
  t.strictSame(await statisticsOf(folder, 'bytes.model'), {
    shards: 2,
    sequences: 4,
    seq_len: 4,
    ids: 16,
    documents: 4,
    open_ids: 3,
    padding_ids: null,
    cut_documents: null,
    document_ids: { mean: 13 / 4, min: 1, max: 8 },
    document_lengths: [
      { from: 1, to: 1, documents: 1 }, { from: 2, to: 3, documents: 2 }, { from: 4, to: 7, documents: 0 },
      { from: 8, to: 15, documents: 1 }
    ],
    unknown_ids: 2,
    byte_ids: 2,
    ends_per_sequence: { mean: 1, min: 0, max: 2 },
    outside_ids: 0,
    first_outside: null
  })
  t.match(await statisticsOf(folder, 'bytes.model', a), { documents: 8, open_ids: 1 })
})

t.test('counts are the same for any block size: many rows, or one row of several blocks', async t => {
  const ids = Array.from({ length: 700_000 }, (_, i) => i % 7 === 6 ? EOS : 3)
  const expected = { ids: 700_000, documents: 100_000, open_ids: 0, document_ids: { mean: 7, min: 7, max: 7 } }
  const shapes = [[7, 'int32', 1], [350_000, 'uint16', 50_000], [700_000, 'int32', 100_000]] as const
  for (const [columns, dtype, ends] of shapes.slice(0, howMany(2, 3))) {
    const folder = putShards(temporaryFolder(t), ids, { columns, rowsPerShard: 60_000, dtype })
    t.match(await statisticsOf(folder, 'tiny.model'), {
      ...expected, ends_per_sequence: { mean: ends, min: ends, max: ends }
    })
  }
})

t.test('the reference shards have as many ends as documents', async t => {
  const { packed } = answers()
  const folder = putShards(temporaryFolder(t), packed.rows.flat(), { columns: packed.seq_len, rowsPerShard: 10 })
  const ends = packed.rows.flat().filter(id => id === EOS).length
  t.match(await statisticsOf(folder, 'tiny.model'), { shards: 4, sequences: packed.rows.length, documents: ends })
  const texts = answers().records.flatMap(({ text }) => typeof text === 'string' ? [text] : [])
  t.strictSame(
    (await documentsIn(folder, MODEL)).filter(({ meta }) => meta.complete === true).map(({ text }) => text),
    texts.slice(0, ends)
  )
})
