import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { BpeTables } from '../../../lib/bpe/kernel-tables.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { bpeEncodings } from '../../bpe-encodings.ts'
import { howMany, put, strictSame, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

const models = bpeEncodings()

t.test('threads encode with the same tables at the same time, each with its own table of words', async t => {
  const { bytes, cases } = models.find(({ name }) => name === 'gemma')!
  const path = put(temporaryFolder(t), 'gemma.model', bytes)
  const tokenizer = await loadTokenizer(path)
  const { words } = tokenizer
  const texts = cases.map(({ text }) => text)
  const expected = texts.map(text => [...tokenizer.encode(text)])
  const threads = Array.from({ length: howMany(2, 4) }, () => new Worker(
    new URL('./bpe-thread.js', import.meta.url), { workerData: { path, options: { words }, texts } }
  ))
  for (const message of await Promise.all(threads.map(thread => once(thread, 'message')))) {
    const [sent] = message as [{ ids: number[][], words: BpeTables }]
    strictSame(t, sent.ids, expected)
    t.equal(sent.words.memory.buffer.byteLength, (words as BpeTables).memory.buffer.byteLength, 'one memory')
  }
})

t.test('a model whose table of normalization is damaged is refused, whatever encodes', async t => {
  const { bytes, model } = models.find(({ name }) => name === 'nmt')!
  const damaged = Buffer.from(bytes)
  const table = damaged.indexOf(Buffer.from(model.normalizer.precompiledCharsmap.subarray(0, 64)))
  damaged.fill(0xff, table, table + 4)
  const path = put(temporaryFolder(t), 'damaged.model', damaged)
  await t.rejects(loadTokenizer(path), { code: 'ERR_TOKENIZER', message: /precompiled_charsmap is damaged/ })
})
