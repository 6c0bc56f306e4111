/** Texts that are encoded, written into shards and read back. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Test, t } from '../../tap.ts'
import type { Dtype } from '../../../lib/shards/npy.ts'
import { type Tokenizer, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { ROOT, fixture, folderInMemory, howMany } from '../../helpers.ts'
import { documentsIn, putShards, rowsIn } from './helpers.ts'

/** The texts that are read after encoding, concatenating and splitting into rows. */
async function backOf (
  folder: string,
  texts: readonly string[],
  tokenizer: Tokenizer,
  model: string,
  { seqLen, rowsPerShard, dtype }: { seqLen: number, rowsPerShard: number, dtype: Dtype }
): Promise<{ documents: string[], rows: string[] }> {
  const ids = texts.flatMap(text => [...tokenizer.encode(text), tokenizer.eosId])
  ids.push(...new Array<number>(seqLen).fill(tokenizer.eosId)) // so that the last text isn't in the tail
  rmSync(folder, { recursive: true })
  putShards(folder, ids, { columns: seqLen, rowsPerShard, dtype })
  const documents = (await documentsIn(folder, model)).map(({ text }) => text)
  const shown = (await rowsIn(folder, model)).map(({ text }) => text).join('')
  const joined = shown.replace(/(?:<0x[0-9A-F]{2}>)+/g, names =>
    Buffer.from(names.replace(/<0x|>/g, ''), 'hex').toString())
  return { documents: documents.slice(0, texts.length), rows: joined.split('</s>\n').slice(0, texts.length) }
}

const layout = fc.record({
  seqLen: fc.integer({ min: 1, max: 9 }),
  rowsPerShard: fc.integer({ min: 2, max: 60 }),
  dtype: fc.constantFrom<Dtype>('int32', 'uint16', 'uint32')
})
/** SentencePiece reads U+2581 as a space, drops spaces at the ends, and collapses runs of them. */
const spaced = (words: string[]): string =>
  words.map(word => word.replace(/[ \u2581]/g, '')).filter(word => word !== '').join(' ')

const isNormal = (text: string): boolean => text.normalize('NFKC') === text

async function checkRoundTrip (t: Test, model: string, text: fc.Arbitrary<string>): Promise<void> {
  const tokenizer = await loadTokenizer(model)
  const folder = folderInMemory(t)
  const runs = howMany(8, 100)
  let texts = 0
  await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 6 }), layout, async (list, how) => {
    const back = await backOf(folder, list, tokenizer, model, how)
    assert.deepEqual(back, { documents: list, rows: list })
    texts += list.length
  }), { numRuns: runs })
  t.ok(texts > runs, `${texts} texts`)
}

t.test('property: shards give back the texts they were made from, by documents and by rows (nmt_nfkc)', async t => {
  const model = join(ROOT, 'test/fixtures/quickstart.model')
  const { model: { pieces, normalizer } } = await loadTokenizer(model)
  t.equal(normalizer.name, 'nmt_nfkc')
  const isKnown = (text: string): boolean => Array.from(text).length === 1 && isNormal(text) && text !== '▁'
  const known = pieces.filter(({ piece, type }) => type === 'normal' && isKnown(piece)).map(({ piece }) => piece)
  t.ok(known.length > 100, `${known.length} letters`)
  const word = fc.oneof(
    fc.string({ unit: fc.constantFrom(...known), maxLength: 8 }),
    fc.constantFrom('the', 'function', 'return', 'package')
  )
  await checkRoundTrip(t, model, fc.array(word, { maxLength: 12 }).map(spaced).filter(isNormal))
})

t.test('property: with byte fallback and no normalization, any text is given back', async t => {
  // A fast-check string of any code points first makes a map of all of them, which takes a second.
  const any = fc.integer({ min: 0, max: 0x10_ffff }).map(code => String.fromCodePoint(code))
  const unit = fc.oneof(fc.constantFrom('the ', '漢', '🌊', 'é', '\n', '\ufffd'), any)
  const word = fc.string({ unit, maxLength: 6 }).map(word => word.toWellFormed())
  await checkRoundTrip(t, fixture('bytes.model'), fc.array(word, { maxLength: 6 }).map(words =>
    words.flatMap(word => word.split(/[ \u2581]+/))).map(spaced))
})
