import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type SharedTokenizer, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { bpeEncodings } from '../../bpe-encodings.ts'
import { howMany, put, strictSame, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

const models = bpeEncodings()

function memoryBytes (shared: SharedTokenizer | undefined): number | undefined {
  return shared?.kind === 'bpe' ? shared.tables.memory.buffer.byteLength : undefined
}

t.test('threads encode with the same tables at the same time, each with its own table of words', async t => {
  const { bytes, cases } = models.find(({ name }) => name === 'gemma')!
  const path = put(temporaryFolder(t), 'gemma.model', bytes)
  const tokenizer = await loadTokenizer(path)
  const { shared } = tokenizer
  const texts = cases.map(({ text }) => text)
  const expected = texts.map(text => [...tokenizer.encode(text)])
  const threads = Array.from({ length: howMany(2, 4) }, () => new Worker(
    new URL('./bpe-thread.js', import.meta.url), { workerData: { path, options: { shared }, texts } }
  ))
  for (const message of await Promise.all(threads.map(thread => once(thread, 'message')))) {
    const [sent] = message as [{ ids: number[][], shared: SharedTokenizer }]
    strictSame(t, sent.ids, expected)
    t.equal(memoryBytes(sent.shared), memoryBytes(shared), 'one memory')
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
