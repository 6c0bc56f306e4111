import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { ForecastError, checkManifest } from '../../recipes/check.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { command } from '../commands.ts'
import { docs, failure, filesIn, fixture, ndjsonOf, pattern, put, temporaryFolder } from '../helpers.ts'

const TOKENIZER = { tokenizerPath: fixture('tiny.model') }

t.test('the forecast agrees with the run, and no file is written', async t => {
  const folder = temporaryFolder(t)
  const records = docs(600).map(({ id }, i) => ({
    id, text: i % 3 === 0 ? 'short' : `a text of some words, ${'again and '.repeat(1 + i * 7919 % 13)}${i}`
  }))
  const [first, second] = [
    put(folder, 'a.ndjson', ndjsonOf(records.slice(0, 400))),
    put(folder, 'b.ndjson.gz', gzipSync(ndjsonOf(records.slice(400))))
  ]
  const manifest = put(folder, 'm.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: [first, second],
    filters: [{ length: { min_chars: 10 } }],
    seq_len: 16,
    output_dir: join(folder, 'out', 'a')
  }]))
  const before = filesIn(folder)
  const forecast = await checkManifest(manifest, TOKENIZER)
  t.strictSame(filesIn(folder), before)
  t.strictSame((await checkManifest(manifest, TOKENIZER)).components, forecast.components, 'the same each time')
  const { stats: [stats] } = await processMixture(manifest, {
    ...TOKENIZER, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs')
  })
  const [component] = forecast.components
  t.match(component, {
    name: 'a', files: 2, read: 600, sampled: 100, documents: { guess: 600, low: 600, high: 600 }, warnings: []
  })
  for (const [estimate, truth] of [
    [component!.kept, stats!.records], [component!.tokens, stats!.tokens], [component!.output_bytes, stats!.tokens * 4]
  ] as const) {
    t.ok(estimate.low <= truth && truth <= estimate.high, `${estimate.low} <= ${truth} <= ${estimate.high}`)
    t.ok(estimate.high < 2 * truth, 'the range is not trivial')
  }
  t.ok(forecast.memory_bytes > 100e6 && forecast.free_bytes > 0)
  t.match(
    (await checkManifest(manifest, TOKENIZER)).components[0]!.warnings,
    [/holds 2 shards; a run skips what is up to date/]
  )
  rmSync(join(folder, 'out', 'a', 'checkpoint.json'))
  t.match(
    (await checkManifest(manifest, TOKENIZER)).components[0]!.warnings,
    [/holds 2 shards; the run will need --overwrite/]
  )
})

t.test('problems are reported before the run', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(300)) + 'bad\n')
  const component = (name: string, more: Record<string, unknown>): unknown => ({
    name, dataset: 'json', data_files: path, output_dir: join(folder, name), ...more
  })
  const manifest = put(folder, 'm.yaml', JSON.stringify([
    component('all', { filters: [{ length: { min_chars: 9000 } }] }),
    component('share', {
      expect: { kept: 0.1 },
      filters: [{ length: { min_chars: 1, expect: { kept: 0.1 } } }, { dedup: { window: 1_000_000 } }]
    }),
    component('none', { data_files: put(folder, 'empty.ndjson', '') }),
    component('most', { max_records: 7, raw_dir: join(folder, 'raw') }),
    component('bad', { data_files: put(folder, 'bad.ndjson', 'id,text\n1,x\n') })
  ]))
  const { components, memory_bytes: memory, warnings, tokenizer } = await checkManifest(manifest)
  t.match(components.map(({ warnings }) => warnings), [
    [/^in this sample, length dropped all 100 documents/],
    [
      /^in this sample, length kept 100 % of 100 documents/, /^in this sample, all filters together kept 100 %/,
      /^dedup drops a larger share of the whole/
    ],
    [/^no document was found in 1 file$/],
    [],
    [/^no document/, /^the run would fail: 2 of 2 records are bad \(bad_json: 2\).*--dataset csv/]
  ])
  t.match(components[3], { bad_records: { bad_json: 1 }, kept: { guess: 7, high: 7 } })
  t.ok(memory > 330e6, 'a million hashes')
  t.equal(tokenizer, null)
  t.match(warnings, [/no tokenizer is named .* tokens are guessed at 2.5 to 6 bytes each/])
  t.ok(components[3]!.tokens.low < components[3]!.tokens.guess &&
    components[3]!.tokens.guess < components[3]!.tokens.high)
})

t.test('an untrained tokenizer is no error; a named tokenizer that is missing is one', async t => {
  const folder = temporaryFolder(t)
  const datasets = [{ name: 'a', dataset: 'text', data_files: put(folder, 'a.txt', 'a line\n') }]
  const manifest = put(folder, 'm.yaml', JSON.stringify({ tokenizer_output_dir: join(folder, 'none'), datasets }))
  t.match((await checkManifest(manifest)).warnings, [/spm_32000_unigram\.model: no such file.*tokens are guessed/])
  t.match(
    await failure(checkManifest(manifest, { tokenizerPath: join(folder, 'none.model') })), { code: 'ERR_TOKENIZER' }
  )
  t.match(await failure(checkManifest(join(folder, 'none.yaml'))), { code: 'ERR_MANIFEST' })
})

t.test('components that can\'t be read are reported together, with the forecasts of the others', async t => {
  const folder = temporaryFolder(t)
  const manifest = put(folder, 'm.yaml', JSON.stringify([
    { name: 'a', dataset: 'csv', data_files: put(folder, 'a.csv', 'id,body\n1,x\n') },
    { name: 'b', dataset: 'json', data_files: put(folder, 'b.ndjson', ndjsonOf(docs(3))) },
    { name: 'c', dataset: 'parquet', data_files: put(folder, 'c.parquet', 'x') }
  ]))
  const error = await failure(checkManifest(manifest, TOKENIZER)) as ForecastError
  t.match(error, {
    code: 'ERR_COMPONENT',
    exitCode: 1,
    message: /2 of 3 components would fail\na: .*has no column text.*\nc: .*is not a parquet file/
  })
  t.match(error.forecast, {
    components: [{ name: 'b', documents: { guess: 3 } }], failed: [{ name: 'a', code: 'ERR_SOURCE' }, { name: 'c' }]
  })
  const shown = await command(['check', manifest, '--tokenizer-path', TOKENIZER.tokenizerPath])
  t.match(shown, { code: 1, stdout: /^b: 1 file/, stderr: /2 of 3 components would fail/ })
})

t.test('a file without any text is handled as in a run', async t => {
  const folder = temporaryFolder(t)
  const files = [put(folder, 'a.ndjson', '{"title":"x"}\n'), put(folder, 'b.ndjson', ndjsonOf(docs(2)))]
  const { components } = await checkManifest(put(folder, 'm.yaml', JSON.stringify([{
    name: 'a', dataset: 'json', data_files: files
  }])), TOKENIZER)
  t.match(
    components, [{ read: 2, bad_records: { no_text: 1 }, documents: { guess: 2, low: 2, high: 2 }, warnings: [] }]
  )
})

t.test('of files that are too large, a part is read, compressed or not', async t => {
  const folder = temporaryFolder(t)
  const records = (from: number, count: number): string =>
    ndjsonOf(docs(count).map(({ id, text }, i) => ({ id, text: `${text} ${'x'.repeat(2000)} ${from + i}` })))
  const [plain, packed] = [records(0, 900), gzipSync(records(1, 900))]
  const files = Array.from({ length: 12 }, (_, i) =>
    put(folder, `${i}.ndjson${i % 2 === 0 ? '' : '.gz'}`, i % 2 === 0 ? plain : packed))
  const manifest = put(folder, 'm.yaml', JSON.stringify([{ name: 'a', dataset: 'json', data_files: files }]))
  const { components: [component] } = await checkManifest(manifest, TOKENIZER)
  t.match(component, { files: 12, read: 9000, warnings: [/^about 8.% of it was read/] })
  t.ok(component!.documents.low <= 10_800 && component!.documents.high >= 10_800, JSON.stringify(component!.documents))
})

t.test('the command prints a table, or JSON', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'a.ndjson', ndjsonOf(docs(30_000)))
  put(cwd, 'm.yaml', '- { name: a, dataset: json, data_files: a.ndjson }\n')
  const text = await command(['check', 'm.yaml', '--tokenizer-path', fixture('tiny.model')], { cwd })
  t.match(text, { code: 0, stderr: '' })
  t.match(
    text.stdout,
    pattern(
      /^a: 1 file, 1\.51 MB; sampled 100 of 30 k documents\n {2}documents {2}30 k\n {2}kept {7}30 k \(28\.9 k to 30 /,
      /k\)\n {2}tokens {5}\d.* \(.* to .*\)\n {2}on disk {4}.*B\)\n\nIn parentheses: .*\nDisk space needed: .*, free: /,
      /.*B\. Memory: about 250 MB\.\n$/
    )
  )
  t.match(
    JSON.parse((await command(['check', 'm.yaml', '--json'], { cwd })).stdout),
    { components: [{ name: 'a', bytes: Number, documents: { guess: 30_000 } }] }
  )
  t.strictSame(filesIn(cwd), ['a.ndjson', 'm.yaml'])
})
