import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { t } from '../../tap.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { type SentencePieceModel, readModel } from '../../../lib/sentencepiece/model.ts'
import { UnigramEncoder, type UnigramOptions } from '../../../lib/sentencepiece/unigram-encoder.ts'
import { WordTable } from '../../../lib/sentencepiece/word-table.ts'
import { ROOT as PROJECT, howMany, strictSame } from '../../helpers.ts'

const prose = readFileSync(join(PROJECT, 'test/fixtures/prose.md'), 'utf8').slice(0, howMany(15_000, Infinity))
const quickstart = readModel(readFileSync(join(PROJECT, 'test/fixtures/quickstart.model')), 'quickstart.model')

function ids (encoder: UnigramEncoder, text: string, how: 'append' | 'appendPlainly' = 'append'): Int32Array {
  const out = new IdBuffer()
  encoder[how](text, out)
  return out.copy()
}

/** How many times threads encode a text at the same time. */
const ROUNDS = howMany(1, 30)

/** The model with other scores: those of the named pieces, and for all others a score that is hardly ever chosen. */
function scored (scores: Readonly<Record<string, number>>): SentencePieceModel {
  const pieces = quickstart.pieces.map(piece =>
    piece.type === 'normal' ? { ...piece, score: Math.fround(scores[piece.piece] ?? -60) } : piece)
  return { ...quickstart, pieces }
}

t.test('a word table doesn\'t change the ids, whatever its size and the order of the texts', async t => {
  const paragraphs = prose.slice(0, howMany(2000, 20_000)).split('\n\n')
  const plain = paragraphs.map(text => ids(new UnigramEncoder(quickstart), text, 'appendPlainly'))
  for (const options of [
    {}, { tableBytes: 0 }, { tableBytes: 30_000 }, { tableBytes: 100_000 }
  ] satisfies UnigramOptions[]) {
    const encoder = new UnigramEncoder(quickstart, options)
    strictSame(t, paragraphs.map(text => ids(encoder, text)), plain, JSON.stringify(options))
    strictSame(t, paragraphs.toReversed().map(text => ids(encoder, text)), plain.toReversed())
  }
  strictSame(
    t,
    ids(new UnigramEncoder(quickstart), prose),
    ids(new UnigramEncoder(quickstart), prose, 'appendPlainly')
  )
})

t.test('threads that share a table which is often emptied encode like a single thread', async t => {
  const paragraphs = prose.slice(0, howMany(15_000, 40_000)).split('\n\n')
  const encoder = new UnigramEncoder(quickstart, { tableBytes: 30_000 })
  const plain = paragraphs.map(text => [...ids(encoder, text, 'appendPlainly')])
  const threads = Array.from(
    { length: howMany(1, 2) },
    () => new Worker(
      new URL('./shared-words-thread.js', import.meta.url),
      { workerData: { words: encoder.words, paragraphs, rounds: ROUNDS } }
    )
  )
  const encoded = threads.map(async thread => (await once(thread, 'message') as [number[][]])[0])
  await Promise.all(threads.map(thread => once(thread, 'online')))
  for (let round = 0; round < ROUNDS; round++) strictSame(t, paragraphs.map(text => [...ids(encoder, text)]), plain)
  for (const ofThread of encoded) strictSame(t, await ofThread, plain)
  t.ok(new Int32Array(encoder.words)[0]! > 10, 'the table was emptied')
})

t.test('an entry is ignored if another thread emptied the table while it was read', async t => {
  const encoder = new UnigramEncoder(quickstart, { tableBytes: 30_000 })
  const plain = ids(encoder, prose, 'appendPlainly')
  const other = new WordTable(encoder.words)
  const others = new IdBuffer()
  for (let i = 0; i < 7; i++) others.push(0x7f00_0000) // which is a limit of 1.7e38, too
  const addOther = (): void => { other.add(Buffer.from('x'), 0, 1, 1, 1, others, others) }
  type Find = (this: WordTable, ...word: Parameters<WordTable['find']>) => number
  const { value: find } = Object.getOwnPropertyDescriptor(WordTable.prototype, 'find') as { value: Find }
  let found = 0
  const interrupted: Find = function (...word) {
    const entry = find.apply(this, word)
    if (entry === 0 || ++found % 100 !== 0) return entry
    for (const turn = new Int32Array(encoder.words)[0]; new Int32Array(encoder.words)[0] === turn;) addOther()
    for (let i = 0; i < 200; i++) addOther()
    return entry
  }
  t.intercept(WordTable.prototype, 'find', { value: interrupted })
  for (let at = 0; at < prose.length; at += 2000) {
    const text = prose.slice(at, at + 2000)
    strictSame(t, ids(encoder, text), ids(encoder, text, 'appendPlainly'))
  }
  strictSame(t, ids(encoder, prose), plain)
  t.ok(found > howMany(200, 1000), `${found} words were found`)
})

t.test('a text is encoded without the table while other threads block it', async t => {
  const encoder = new UnigramEncoder(quickstart, { tableBytes: 30_000 })
  const plain = ids(encoder, prose, 'appendPlainly')
  const control = new Int32Array(encoder.words, 0, 2)
  control[0] = 1 // is being emptied
  strictSame(t, ids(encoder, prose), plain)
  control.set([0, 1]) // a thread adds to it
  strictSame(t, ids(encoder, prose), plain)
})

t.test('ids are appended to those in the buffer', async t => {
  const encoder = new UnigramEncoder(quickstart)
  const out = new IdBuffer()
  out.push(7)
  for (const text of ['the river', '', 'ꙮꙮ ꙮ', 'the river']) encoder.append(text, out)
  const river = ids(encoder, 'the river')
  strictSame(t, [...out.copy()], [7, ...river, ...ids(encoder, 'ꙮꙮ ꙮ'), ...river])
})

t.test('if two segmentations of a word score almost the same, the total before the word decides', async t => {
  // "e" and "r" score better than "er" by a millionth: some steps of 32-bit floats at 0, and less than one at -16.
  const model = scored({ '▁': -1, e: -1, r: -1.5, er: -2.500001, c: -20 })
  const er = model.pieces.findIndex(({ piece }) => piece === 'er')
  for (const version of ['0.1.97', '0.2.2'] as const) {
    const encoder = new UnigramEncoder(model, { version })
    for (const [text, together] of [['er', 0], ['er er c er', 1], ['er', 0], ['er c '.repeat(40), 39]] as const) {
      const encoded = ids(encoder, text)
      t.equal(encoded.filter(id => id === er).length, together, `${version}: ${text.slice(0, 10)}`)
      strictSame(t, encoded, ids(encoder, text, 'appendPlainly'))
    }
  }
})

t.test('a table entry is used up to the total at which rounding can exceed the difference', async t => {
  for (const [difference, count] of [[1e-5, 100], [1e-4, 500], [1e-3, 4000]] as const) {
    const model = scored({ '▁': -1, e: -1, r: -1.5, er: -2.5 - difference, c: -20 })
    const er = model.pieces.findIndex(({ piece }) => piece === 'er')
    const text = 'er c '.repeat(count)
    const encoded = ids(new UnigramEncoder(model), text)
    const together = encoded.filter(id => id === er).length
    t.ok(together > 0 && together < count, `${difference}: ${together} of ${count}`)
    strictSame(t, encoded, ids(new UnigramEncoder(model), text, 'appendPlainly'))
  }
})

t.test('a text that fails doesn\'t affect the next one', async t => {
  const encoder = new UnigramEncoder(quickstart)
  const out = new IdBuffer()
  encoder.append('the river', out)
  const before = out.copy()
  const failing = Object.assign(Object('x') as object, { includes: () => false }) as unknown as string
  t.throws(() => { encoder.append(failing, out) })
  strictSame(t, out.copy(), before)
  strictSame(t, ids(encoder, 'a word not seen: ꙮ'), ids(new UnigramEncoder(quickstart), 'a word not seen: ꙮ'))
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

t.test('long texts use no more memory than short ones', async t => {
  const long = howMany(500_000, 1_000_000)
  const encoder = new UnigramEncoder(quickstart, { tableBytes: 0 })
  ids(encoder, 'the river '.repeat(howMany(100_000, 400_000)))
  ids(encoder, 'x'.repeat(long))
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const others = Array.from({ length: howMany(2, 4) }, () => {
    const other = new UnigramEncoder(quickstart, { tableBytes: 0 })
    ids(other, 'x'.repeat(long))
    return other
  })
  const each = (): number => (process.memoryUsage().arrayBuffers - before) / others.length
  // Memory of buffers is freed in the background.
  for (let tries = 0; tries < 100 && each() >= 8e6; tries++) {
    collectGarbage()
    await setTimeout(20)
  }
  t.ok(each() < 8e6, `${each()} bytes`)
})
