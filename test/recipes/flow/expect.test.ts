import { join } from 'node:path'
import { t } from '../../tap.ts'
import { checkKept } from '../../../recipes/flow/expect.ts'
import { filterCorpus } from '../../../recipes/filter-corpus.ts'
import { MixtureError, processMixture } from '../../../recipes/process-mixture.ts'
import { docs, failure, filesIn, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'

const kept = (out: number, of: number, expected?: number): (() => void) => () => {
  checkKept({ name: 'length', in: of, out, dropped: { too_short: of - out } }, expected === undefined
    ? undefined
    : { kept: expected })
}

t.test('a filter fails if it drops everything, or five times more or less than expected', async t => {
  t.throws(kept(0, 12), {
    code: 'ERR_EXPECTED', exitCode: 1, message: /length dropped all 12 documents that it received \(too_short: 12\)/
  })
  t.throws(kept(0, 1), { message: /the only document/ })
  t.throws(kept(0, 12, 0.5), { code: 'ERR_EXPECTED' })
  t.throws(kept(11, 100, 0.6), {
    code: 'ERR_EXPECTED', message: /length kept 11 % of 100 documents \(too_short: 89\), expected 60 %/
  })
  t.throws(kept(93, 100, 0.6), { code: 'ERR_EXPECTED' }, '7 % dropped, 40 % expected')
  t.throws(kept(74, 100, 0.95), { code: 'ERR_EXPECTED' }, '26 % dropped, 5 % expected')
  t.throws(kept(51, 100, 0.1), { code: 'ERR_EXPECTED' })
  t.throws(kept(99, 100, 1), { code: 'ERR_EXPECTED' })
  for (const fine of [
    kept(12, 100, 0.6), kept(92, 100, 0.6), kept(75, 100, 0.95), kept(99, 100, 0.95), kept(50, 100, 0.1),
    kept(100, 100, 1), kept(0, 100, 0), kept(0, 0), kept(0, 0, 0.5), kept(1, 1000)
  ]) {
    t.doesNotThrow(fine)
  }
})

t.test('in a mixture, the component fails, by one filter or by all, and the other components are finished', async t => {
  const folder = temporaryFolder(t)
  const documents = [...docs(20, 'a text that is long enough'), ...docs(20, 'x')]
  const path = put(folder, 'in.ndjson', ndjsonOf(documents.map((document, i) => ({ ...document, id: `${i}` }))))
  const component = (name: string, length: unknown, more: Record<string, unknown> = {}): unknown => ({
    name,
    dataset: 'json',
    data_files: path,
    seq_len: 4,
    output_dir: join(folder, name),
    filters: ['normalize', { length }],
    ...more
  })
  const manifest = put(folder, 'm.yaml', JSON.stringify([
    component('nothing', { min_chars: 10_000, max_chars: 20_000 }),
    component('filter', { min_chars: 10, expect: { kept: 0.96 } }),
    component('whole', { min_chars: 10 }, { expect: { kept: 0.05 } }),
    component('fine', { min_chars: 10, expect: { kept: 0.5 } }, { expect: { kept: 0.5 } })
  ]))
  const error = await failure(processMixture(manifest, {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs')
  })) as MixtureError
  t.match(error, { code: 'ERR_COMPONENT', exitCode: 1 })
  t.match(error.stats.failed, [
    { name: 'nothing', code: 'ERR_EXPECTED', error: /^length dropped all 40 documents/ },
    { name: 'filter', code: 'ERR_EXPECTED', error: /^length kept 50 % of 40 documents/ },
    {
      name: 'whole',
      code: 'ERR_EXPECTED',
      error: /^all filters kept 50 % of 40 documents \(length.too_short: 20\), expected 5 %/
    }
  ])
  t.match(error.stats.stats, [{
    name: 'fine',
    kept: 20,
    stages: [
      { stage: 'ndjson' }, { stage: 'normalize' }, { stage: 'length' }, { stage: 'encode' }, { stage: 'pack' },
      { stage: 'npy' }
    ]
  }])
  t.strictSame(filesIn(folder), [
    'fine/checkpoint.json', 'fine/shard_00000.docs', 'fine/shard_00000.npy', 'in.ndjson', 'm.yaml', 'stats.json'
  ])
})

t.test('two filters with the same name are added up', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'in.ndjson', ndjsonOf([
    ...docs(10, 'x'), ...docs(10, 'a longer text'), ...docs(10, 'a text that is kept')
  ].map((document, i) => ({ ...document, id: `${i}` }))))
  const manifest = put(folder, 'm.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: path,
    output_dir: join(folder, 'a'),
    expect: { kept: 0.01 },
    filters: [{ length: { min_chars: 10 } }, { length: { min_chars: 18 } }]
  }]))
  const error = await failure(processMixture(manifest, {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs')
  })) as MixtureError
  t.match(error.stats.failed, [{ error: /all filters kept 33.3 % of 30 documents \(length\.too_short: 20\)/ }])
})

t.test('filter-corpus then leaves no output', async t => {
  const folder = temporaryFolder(t)
  const options = {
    dataFiles: put(folder, 'in.ndjson', ndjsonOf(docs(20))), targetLang: 'any', outputPath: join(folder, 'out.ndjson')
  }
  t.match(await failure(filterCorpus(options)), { code: 'ERR_EXPECTED', message: /^length dropped all 20/ })
  t.match(await failure(filterCorpus({ ...options, minChars: 1, expectKept: 0.1 })), {
    code: 'ERR_EXPECTED', message: /all filters kept 100 % of 20 documents/
  })
  t.strictSame(filesIn(folder), ['in.ndjson'])
  t.match(await filterCorpus({ ...options, minChars: 1, expectKept: 1 }), { kept: 20 })
  const none = { ...options, outputPath: join(folder, 'none.ndjson'), expectKept: 0 }
  t.match(await filterCorpus(none), { kept: 0 }, 'nothing is expected')
})
