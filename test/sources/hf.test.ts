import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import type { ResolvedDataset } from '../../lib/hub/resolve.ts'
import { hf } from '../../sources/hf.ts'
import { collect, failure, fixture } from '../helpers.ts'
import { startForAll } from '../lib/hub/hosts.ts'
import { writeParquet } from '../parquet-writer.ts'

const NONE = { hub: { retryDelay: 1 }, maxRetries: 1 }

const parquet = await writeParquet([
  { name: 'text', data: ['one', 'two'], type: 'STRING' },
  { name: 'license', data: ['mit', 'apache-2.0'], type: 'STRING' },
  { name: 'other', data: ['x', 'y'], type: 'STRING' }
], { codec: 'SNAPPY', pageSize: 1000, rowGroupSize: [1] })

const REPOS = [
  { name: 'o/json', files: { 'train.jsonl.gz': gzipSync('{"text":"a","n":1}\n{"text":"b"}\n') } },
  {
    name: 'o/csv',
    files: {
      'README.md': '---\nconfigs:\n- config_name: x\n  data_files: a.csv\n  sep: ";"\n---\n',
      'a.csv': 'n;body\n1;"a;b"\n'
    }
  },
  {
    name: 'o/separators',
    files: {
      'README.md': '---\nconfigs:\n- config_name: x\n  data_files: a.csv\n  sep: "||"\n---\n',
      'a.csv': 'n||text\n1||a\n'
    }
  },
  { name: 'o/text', files: { 'test.txt': 'a\nb\n' } },
  { name: 'o/table', files: { 'data/train-00000-of-00001.parquet': parquet } },
  { name: 'o/arrow', files: { 'train.arrow': 'ARROW1' } },
  {
    name: 'o/table-arrow',
    files: { 'data/train-00000-of-00001.arrow': readFileSync(fixture('arrow/codec-none-v2.stream.arrow')) }
  },
  {
    name: 'o/table-parquet',
    files: { 'data/train-00000-of-00001.parquet': readFileSync(fixture('parquet/codec-none-v2.parquet')) }
  },
  { name: 'o/bad', files: { 'train.parquet': 'no parquet file at all', 'x.jsonl.gz': 'no gzip' } },
  { name: 'o/gated', gated: 'auto' as const, files: { 'train.txt': 'a\n' } }
]

t.test('documents of every format are read', async t => {
  const standIn = await startForAll(t, { repos: REPOS })
  const found: ResolvedDataset[] = []
  const told: string[] = []
  const options = {
    ...NONE,
    onResolved: (dataset: ResolvedDataset) => { found.push(dataset) },
    tell: (message: string) => { told.push(message) }
  }
  t.same(await collect(hf('o/json', options)), [
    { id: 'hf://datasets/o/json/train.jsonl.gz#0', text: 'a', meta: { n: 1 } }, {
      id: 'hf://datasets/o/json/train.jsonl.gz#19', text: 'b', meta: {}
    }
  ])
  t.match(await collect(hf('o/csv', { ...options, subset: 'x', textColumn: 'body' })), [{
    text: 'a;b', meta: { n: '1' }
  }])
  t.same(told, [])
  t.match(await collect(hf('o/text', options)), [{ text: 'a' }, { text: 'b' }])
  t.match(told, [/^o\/text: .*test/])
  t.match(await collect(hf('o/table', options)), [
    { text: 'one', meta: { license: 'mit' } }, { text: 'two', meta: { license: 'apache-2.0' } }
  ])
  t.match(
    await collect(hf('o/table', { ...options, columns: 'other' })), [{ meta: { other: 'x', license: 'mit' } }, {}]
  )
  t.match(
    await collect(hf('o/table', { ...options, dataFiles: 'data/*', revision: standIn.commitOf('o/table') })),
    [{ text: 'one' }, { text: 'two' }]
  )
  const [fromArrow, fromParquet] = await Promise.all(['o/table-arrow', 'o/table-parquet'].map(name =>
    collect(hf(name, { ...NONE, columns: '*' }))))
  t.same(fromArrow, fromParquet)
  t.equal(fromArrow!.length, 60)
  t.same(found.map(({ format, split }) => [format, split]), [
    ['json', 'train'], ['csv', 'train'], ['text', 'test'], ['parquet', 'train'], ['parquet', 'train'],
    ['parquet', 'train']
  ])
})

t.test('a source reads the commit that is current at its first read', async t => {
  const standIn = await startForAll(t, { repos: REPOS })
  t.match(await collect(hf('o/text', NONE)), [{ text: 'a' }, { text: 'b' }])
  await standIn.commit('o/text', { 'test.txt': 'c\n' })
  t.match(await collect(hf('o/text', NONE)), [{ text: 'c' }])
})

t.test('a source that is never read makes no request', async t => {
  const standIn = await startForAll(t, { repos: REPOS })
  hf('o/json', NONE).destroy()
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(standIn.requests.length, 0)
})

t.test('errors name the cause', async t => {
  await startForAll(t, { repos: REPOS, token: 'hf_good' })
  for (const name of ['', 'https://huggingface.co/datasets/o/n', 'o/n/m']) {
    t.throws(
      () => hf(name), { code: 'ERR_OPTION', message: /is not the name of a dataset on the Hub, expected OWNER\/NAME/ }
    )
  }
  t.throws(() => hf('o/n', { split: '' }), { code: 'ERR_OPTION' })
  t.throws(() => hf('o/n', { timeout: 0 }), { code: 'ERR_OPTION' })
  t.match(await failure(collect(hf('o/none', NONE))), { code: 'ERR_DATASET' })
  t.match(
    await failure(collect(hf('o/arrow', NONE))), { code: 'ERR_SOURCE', message: /is not an Arrow file or stream/ }
  )
  t.match(await failure(collect(hf('o/bad', { ...NONE, dataFiles: 'train.parquet' }))), {
    code: 'ERR_SOURCE', message: /not a parquet file/
  })
  t.match(await failure(collect(hf('o/bad', { ...NONE, dataFiles: 'x.jsonl.gz' }))), { code: 'ERR_SOURCE' })
  t.match(await failure(collect(hf('o/json', { ...NONE, textColumn: 'body' }))), {
    code: 'ERR_SOURCE', message: /none of 2 records has a text in its column body/
  })
  t.match(
    await failure(collect(hf('o/table', { ...NONE, textColumn: 'body' }))),
    { message: /has no column body; it has text, license, other/ }
  )
  t.match(await failure(collect(hf('o/separators', NONE))), {
    code: 'ERR_OPTION', message: /^the card of o\/separators\.delimiter: expected one ASCII character.*, got "\|\|"$/
  })
  t.match(await failure(collect(hf('o/gated', NONE))), {
    code: 'ERR_HUB', message: /\/datasets\/o\/gated; then set HF_TOKEN/
  })
})

t.test('offline mode is an error that names HF_HUB_OFFLINE', async t => {
  await startForAll(t, { repos: REPOS }, { HF_HUB_OFFLINE: '1' })
  t.match(await failure(collect(hf('o/json', NONE))), { code: 'ERR_HUB', message: /HF_HUB_OFFLINE is set/ })
})

t.test('a private dataset is read with a token from the environment', async t => {
  await startForAll(t, { repos: REPOS, token: 'hf_good' }, { HF_TOKEN: 'hf_good' })
  t.match(await collect(hf('o/gated', NONE)), [{ text: 'a' }])
})

t.test('a source that is stopped while its files are looked up ends without documents', async t => {
  const standIn = await startForAll(t, { repos: REPOS })
  standIn.misbehave({ fault: { kind: 'delay', ms: null } })
  const source = hf('o/json', NONE)
  const all = collect(source)
  while (standIn.requests.length === 0) await new Promise(resolve => { setTimeout(resolve, 5) })
  source.stop()
  t.same(await all, [])
})
