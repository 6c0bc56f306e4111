import { copyFileSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Test, t } from '../../tap.ts'
import { sha256 } from '../../../lib/hash.ts'
import { packageVersion } from '../../../lib/package.ts'
import type { ComponentStats } from '../../../recipes/components/component-stats.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { type FinishedRun, runName, sourcesOf, writeRunRecord } from '../../../recipes/history/write.ts'
import { type RunRecord, findRun, runHash, readRuns } from '../../../recipes/history/read.ts'
import { answers, failure, filesIn, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'

const HASH = 'ab'.repeat(32)

/** Stats of a successful component. */
function component (name: string, more: Partial<ComponentStats> = {}): ComponentStats {
  return {
    name,
    records: 3,
    kept: 3,
    tokens: 30,
    sequences: 1,
    output_dir: `out/${name}`,
    seconds: Math.random(),
    shard_files: [{ file: 'shard_00000.npy', sequences: 1, bytes: 384, sha256: HASH }],
    ...more
  } as ComponentStats
}

/** A finished run, identified by the text of its manifest. */
function finished (runsDir: string, text: string, more: Partial<FinishedRun> = {}): FinishedRun {
  const tokenizer = { path: 'tok.model', sha256: HASH, vocab_size: 85 }
  return {
    runsDir,
    name: 'mix',
    manifest: { path: 'mix.yaml', text, sha256: sha256(text) },
    stats: {
      manifest: 'mix.yaml',
      stats: [component('web')],
      failed: [],
      licenses: [],
      manifest_sha256: sha256(text),
      tokenizer
    },
    statsPath: 'stats.json',
    inputs: [{
      component: 'web',
      dataset: 'json',
      subset: null,
      split: 'train',
      revision: 'main',
      files: [{ path: 'a.ndjson', bytes: 10, modified_at_utc: new Date(Math.random() * 1e12).toISOString() }]
    }],
    ...more
  }
}

/** Sets the clock while something is done. */
async function at<T> (t: Test, time: string, work: () => Promise<T>): Promise<T> {
  const now = new Date(time)
  const frozen = t.intercept(
    globalThis, 'Date',
    { value: class extends Date { constructor (...given: [number?]) { super(given[0] ?? now.getTime()) } } }
  )
  try {
    return await work()
  } finally {
    frozen.restore()
  }
}

const record = (path: string): RunRecord => JSON.parse(readFileSync(path, 'utf8')) as RunRecord

t.test('a run writes a record of its shards; an identical run writes none', async t => {
  const folder = temporaryFolder(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(answers().records))
  utimesSync(data, 1_700_000_000, 1_700_000_000)
  const manifest = put(folder, 'mail.v2.yaml', JSON.stringify([{
    name: 'a', dataset: 'json', data_files: [data], seq_len: 64, output_dir: join(folder, 'a')
  }]))
  const options = {
    tokenizerPath: fixture('tiny.model'),
    logFile: join(folder, 'stats.json'),
    runsDir: join(folder, 'runs'),
    overwrite: true
  }
  const { run_record: path, stats_path: _, ...stats } = await processMixture(manifest, options)
  t.match(path, /runs\/mail\.v2\/\d{8}T\d{6}Z-[0-9a-f]{12}\.json$/)
  const text = readFileSync(manifest, 'utf8')
  t.strictSame(record(path), JSON.parse(JSON.stringify({
    format: 1,
    name: 'mail.v2',
    run: 1,
    finished_at_utc: record(path).finished_at_utc,
    sluice: packageVersion(),
    node: process.version,
    manifest: { path: manifest, sha256: sha256(text), text },
    masked: 0,
    stats_path: options.logFile,
    tokenizer: stats.tokenizer,
    sources: [{
      component: 'a',
      dataset: 'json',
      subset: null,
      split: 'train',
      revision: 'main',
      files: [{ path: data, bytes: readFileSync(data).length, modified_at_utc: '2023-11-14T22:13:20.000Z' }]
    }],
    stats
  })))
  t.ok(Math.abs(Date.parse(record(path).finished_at_utc) - Date.now()) < 60_000)
  utimesSync(data, 1_600_000_000, 1_600_000_000)
  t.equal((await processMixture(manifest, options)).run_record, path, 'seconds and dates don\'t count')
  const other = (await processMixture(put(folder, 'mail.v2.yaml', text + '\n'), options)).run_record
  t.not(other, path)
  t.equal(record(other).run, 2)
  put(folder, 'a.ndjson', 'bad\n')
  t.match(await failure(processMixture(manifest, options)), { code: 'ERR_COMPONENT' })
  t.strictSame(
    filesIn(join(folder, 'runs')), [path, other].map(path => path.slice(folder.length + 6)).sort(),
    'none for a failed run'
  )
})

t.test('a folder that can\'t hold records is reported before any output is made', async t => {
  const folder = temporaryFolder(t)
  const manifest = put(folder, 'm.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: put(folder, 'a.ndjson', ndjsonOf(answers().records)),
    output_dir: join(folder, 'a')
  }]))
  const options = {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir: put(folder, 'taken', '')
  }
  t.match(await failure(processMixture(manifest, options)), { code: 'ERR_OUTPUT', message: /taken/ })
  t.strictSame(filesIn(folder), ['a.ndjson', 'm.yaml', 'taken'])
})

t.test('no record is lost, whatever the clock is', async t => {
  const folder = temporaryFolder(t)
  const write = (time: string, text: string): Promise<string> =>
    at(t, time, () => writeRunRecord(finished(folder, text)))
  const [a, b] = [await write('2026-11-22T22:37:33.100Z', 'a'), await write('2026-11-22T22:37:33.100Z', 'b')]
  t.match(basename(a), /^20261122T223733Z-/)
  const again = await write('2026-11-22T22:37:33.100Z', 'a')
  t.equal(again, a.replace('.json', '-2.json'), 'three in one second, the last one like the first')
  const back = await write('2020-01-01T00:00:00Z', 'b')
  t.equal(await write('2020-01-02T00:00:00Z', 'b'), back, 'the last one by its number')
  t.strictSame([a, b, again, back].map(path => record(path).run), [1, 2, 3, 4])
  const { runs, damaged } = await readRuns(folder)
  t.strictSame(damaged, [])
  t.strictSame(
    runs.map(({ path }) => path), [...(a > b ? [again, a, b] : [b, again, a]), back], 'by date, then by name'
  )
})

t.test('the hash depends on everything except time and machine', async t => {
  const folder = temporaryFolder(t)
  const given = record(await writeRunRecord(finished(folder, 'a')))
  const same = {
    ...given,
    run: 7,
    finished_at_utc: 'x',
    stats: {
      ...given.stats,
      host: 'h',
      stats: given.stats.stats.map(component => ({ ...component, seconds: 9, tokens_per_second: 8, workers: 3 }))
    }
  }
  t.equal(runHash(same), runHash(given))
  for (const change of [{ node: 'v0' }, { sluice: '0' }, { name: 'x' }, { stats: {} }, { masked: 1 }]) {
    t.not(runHash({ ...given, ...change }), runHash(given))
  }
})

t.test('secrets are masked; the hash of the manifest is that of the file', async t => {
  const folder = temporaryFolder(t)
  const text = '- { name: web, data_files: "https://user:pa55@host/a", revision: hf_Abcdef1234567890 }'
  const [input] = finished(folder, text).inputs
  const run = finished(folder, text, { inputs: [{ ...input!, revision: 'hf_Abcdef1234567890' }] })
  const path = await writeRunRecord(run)
  t.notMatch(readFileSync(path, 'utf8'), /pa55|Abcdef/)
  t.match(record(path), {
    masked: 3,
    manifest: { sha256: sha256(text), text: text.replace('user:pa55', 'MASKED').replace('Abcdef1234567890', 'MASKED') },
    sources: [{ revision: 'hf_MASKED' }]
  })
  t.equal((await findRun(folder, path)).hash, runHash(record(path)))
  t.equal(await writeRunRecord(run), path)
})

t.test('names that are no valid folder names are replaced', async t => {
  const folder = temporaryFolder(t)
  t.equal(runName({ name: null, path: 'a/b/mix.v2.yaml' }), 'mix.v2')
  t.equal(runName({ name: 'own', path: 'mix.yaml' }), 'own')
  for (const [name, expected] of [
    ['../../etc', '_._.._etc'], ['..', '_.'], ['a/b\\c\nd', 'a_b_c_d'], ['語'.repeat(200), '語'.repeat(80)]
  ] as const) {
    const path = await writeRunRecord(finished(folder, name, { name }))
    t.equal(path.slice(folder.length + 1).split('/').length, 2, path)
    t.equal(record(path).name, name)
    t.equal(path.slice(folder.length + 1).split('/')[0], expected)
  }
  const [first, second] = [
    await writeRunRecord(finished(folder, 'x', { name: 'x/y' })),
    await writeRunRecord(finished(folder, 'x', { name: 'x_y' }))
  ]
  t.strictSame([record(first).run, record(second).run], [1, 1], 'in one folder, numbered separately')
})

t.test('sources that are no files have no sizes', async t => {
  const folder = temporaryFolder(t)
  const of = { dataset: 'json', subset: null, split: 'train', revision: 'main', filters: [] }
  const components = [['-'], [], 'https://host/*.ndjson', folder].map((names, i) => ({
    ...of, name: `c${i}`, files: [names].flat().map(path => ({ path, size: null }))
  }))
  const sources = await sourcesOf(components as never)
  const none = { bytes: null, modified_at_utc: null }
  t.strictSame(sources.map(({ files }) => files), [
    [{ path: '-', ...none }], [], [{ path: 'https://host/*.ndjson', ...none }], [{ path: folder, ...none }]
  ])
})

t.test('a damaged record is reported with its reason, and the next record is still written', async t => {
  const folder = temporaryFolder(t)
  const path = await writeRunRecord(finished(folder, 'a'))
  const intact = readFileSync(path, 'utf8')
  for (const [content, why] of [
    [intact.slice(0, 100), /: is not JSON: .*; restore it from a copy, or delete it$/],
    [gzipSync(intact), /: is gzip data; decompress it first, .*; expected the record of a run; restore it/],
    ['{"format":2}', /: is not the record of a run, or of a newer version: format: expected 1, got 2/],
    [
      intact.replace('"tokens": 30', '"tokens": 31'),
      /: has the hash [0-9a-f]{12}, expected [0-9a-f]{12} as in its name: it was changed/
    ]
  ] as const) {
    writeFileSync(path, content)
    t.match((await readRuns(folder)), { runs: { length: 0 }, damaged: [{ path, why }] })
    t.match(await failure(findRun(folder, path)), { code: 'ERR_RUN', exitCode: 1, message: why })
    t.match(await failure(findRun(folder, basename(path, '.json'))), { code: 'ERR_RUN', message: why })
  }
  const next = await writeRunRecord(finished(folder, 'b'))
  t.strictSame((await readRuns(folder)).runs.map(({ path }) => path), [next])
})

t.test('a record is found by its path, its name, or the first digits of its hash', async t => {
  const folder = temporaryFolder(t)
  const hashes = new Map<string, string>()
  for (let i = 0; i < 17; i++) {
    hashes.set(/-([0-9a-f]{12})\.json$/.exec(await writeRunRecord(finished(folder, `text ${i}`)))![1]!, `text ${i}`)
  }
  for (const [hash, text] of hashes) t.equal((await findRun(folder, hash)).record.manifest.text, text)
  const [{ path, stem, hash } = { path: '', stem: '', hash: '' }] = (await readRuns(folder)).runs
  const found = { path, hash }
  t.match(await findRun(folder, stem), found)
  const copy = join(temporaryFolder(t), 'copy.json')
  copyFileSync(path, copy)
  t.match(await findRun('none', copy), { path: copy, hash }, 'under any name')
  const digits = [...hashes.keys()].map(hash => hash[0]!)
  const twice = digits.find((digit, i) => digits.indexOf(digit) !== i)!
  t.match(await failure(findRun(folder, twice)), {
    code: 'ERR_RUN', message: /matches [0-9a-f]{12} and [0-9a-f]{12}.*expected more digits, or a path/
  })
  for (const none of ['', 'nothing', 'text']) {
    t.match(await failure(findRun(folder, none)), { code: 'ERR_RUN', message: /: no such record in/ })
  }
  t.match(await failure(findRun(join(folder, 'none'), 'ab')), { code: 'ERR_RUN' })
})

t.test('other files next to records are ignored, and an unreadable folder is reported', async t => {
  const folder = temporaryFolder(t)
  await writeRunRecord(finished(folder, 'a'))
  put(folder, 'notes.txt', '')
  put(folder, 'mix/stats.json', '{')
  t.match(await readRuns(folder), { runs: { length: 1 }, damaged: { length: 0 } })
  symlinkSync('loop', join(folder, 'loop'))
  t.match(await failure(readRuns(folder)), { code: 'ERR_RUN', message: /loop: cannot be read: ELOOP/ })
})
