import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Document } from '../../lib/document.ts'
import { documentIds } from '../../lib/packing/document-id.ts'
import { openShards } from '../../lib/shards/reader.ts'
import { recordedDocuments } from '../../lib/shards/recorded-documents.ts'
import { shardStatistics } from '../../lib/shards/statistics.ts'
import { shardDocuments } from '../../lib/shards/text.ts'
import { loadDecoder, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { npySink } from '../../sinks/npy.ts'
import { type PackOptions, pack } from '../../transforms/pack.ts'
import { answers, fixture, temporaryFolder } from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const MODEL = fixture('tiny.model')
const EOS = 2
const PAD = 0

const texts = answers().records
  .flatMap(({ text }) => typeof text === 'string' && text !== '' ? [text] : [])
  .slice(0, 30)

interface Made {
  readonly folder: string
  readonly lengths: readonly number[]
  /** Unknown ids of all documents. Padding has the same id. */
  readonly unknown: number
}

/** Shards of texts; some of the documents have the EOS id in the middle, and some are longer than a sequence. */
async function made (t: Test, options: PackOptions): Promise<Made> {
  const { encode } = await loadTokenizer(MODEL)
  const documents = texts.map((text, i) => {
    const ids = [...encode(text), ...(i % 3 === 0 ? [EOS, ...encode(text)] : []), EOS]
    return { id: `d${i}`, ids: Int32Array.from(ids), meta: {} }
  })
  const folder = temporaryFolder(t)
  await pipeline(Readable.from(documents), pack(options), npySink(folder, { sequencesPerShard: 5 }))
  const unknown = documents.flatMap(({ ids }) => [...ids]).filter(id => id === PAD).length
  return { folder, lengths: documents.map(({ ids }) => ids.length), unknown }
}

async function documentsIn (path: string, maxChars?: number): Promise<Document[]> {
  const decoder = await loadDecoder(MODEL)
  const reading = { decoder, eosId: EOS, ...(maxChars !== undefined && { maxChars }) }
  return await Readable.from(recordedDocuments(await openShards(path), reading)).toArray() as Document[]
}

const fit = { seqLen: 40, packing: 'best_fit', packingWindow: 7, padId: PAD } as const

t.test('documents are cut by their records, even where the EOS id is in their text', async t => {
  const hash = await documentIds()
  for (const options of [{ seqLen: 40 }, fit]) {
    const { folder, lengths } = await made(t, options)
    const found = await documentsIn(folder)
    const numberOf = new Map(texts.map((_, i) => [hash(`d${i}`).toString(16).padStart(16, '0'), i]))
    const whole = found.filter(({ meta }) => meta.complete)
    t.ok(whole.length >= texts.length - 1)
    for (const { text, meta } of whole) {
      const i = numberOf.get(meta.id_hash as string)!
      t.ok(text.startsWith(texts[i]!))
      t.equal(meta.tokens, lengths[i])
      t.notOk('offset' in meta)
    }
    const reading = { decoder: await loadDecoder(MODEL), eosId: EOS }
    const byEos = await Readable.from(shardDocuments(await openShards(folder), reading)).toArray()
    t.ok(byEos.length > found.length)
  }
})

t.test('documents that begin or end in other shards are marked', async t => {
  const { folder } = await made(t, { seqLen: 40 })
  const [first, ...others] = await documentsIn(join(folder, 'shard_00001.npy'))
  t.match(first, { id: /shard_00001\.npy#0:0$/, meta: { offset: Number } })
  t.ok(others.every(({ meta }) => !('offset' in meta)))
  t.equal(others.at(-1)!.meta.complete, false)
})

t.test('a document that is too long is returned in parts', async t => {
  const { folder } = await made(t, fit)
  const whole = await documentsIn(folder)
  const parts = await documentsIn(folder, 20)
  t.ok(parts.length > whole.length)
  const hashes = [...new Set(whole.map(({ meta }) => meta.id_hash))]
  for (const hash of hashes) {
    const textOf = (documents: readonly Document[]): string =>
      documents.filter(({ meta }) => meta.id_hash === hash).map(({ text }) => text).join('')
    t.equal(textOf(parts), textOf(whole))
  }
})

t.test('counts are those of the records: documents, lengths, padding and documents in several rows', async t => {
  const decoder = await loadDecoder(MODEL)
  for (const options of [{ seqLen: 40 }, fit]) {
    const { folder, lengths, unknown } = await made(t, options)
    const stats = await shardStatistics(await openShards(folder), { decoder, eosId: EOS })
    const tail = lengths.reduce((sum, length) => sum + length, 0) - stats.ids + stats.padding_ids!
    const isFit = 'packing' in options
    t.equal(stats.documents, isFit ? lengths.length : lengths.length - 1)
    t.equal(stats.padding_ids! > 0, isFit)
    t.equal(tail, isFit ? 0 : lengths.at(-1)! - stats.open_ids)
    if (isFit) t.equal(stats.cut_documents, lengths.filter(length => length > 40).length)
    else t.ok(stats.cut_documents! > lengths.filter(length => length > 40).length)
    if (isFit) t.equal(stats.document_ids!.max, Math.max(...lengths))
    if (isFit) t.equal(stats.unknown_ids, unknown, 'padding is not unknown, though it has the same id')
    rmSync(join(folder, 'shard_00000.docs'))
    t.equal((await shardStatistics(await openShards(folder), { decoder, eosId: EOS })).padding_ids, null)
  }
})
