import { mkdirSync, promises, readFileSync, readdirSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sha256 } from '../../lib/hash.ts'
import { readNpy } from '../../lib/shards/npy.ts'
import type { MixtureResult, MixtureStats } from '../../recipes/mixture/stats.ts'
import { processMixture as processMixtureInto } from '../../recipes/process-mixture.ts'
import {
  type Answers, answers, failure, filesIn, fixture, ndjsonOf, pattern, put, temporaryFolder
} from '../helpers.ts'
import { t } from '../tap.ts'

const MODEL = fixture('tiny.model')

/** A folder with the records of the fixtures, and a manifest in which DIR is that folder. */
function mixture (
  t: Parameters<typeof temporaryFolder>[0],
  yaml: string,
  { records }: Pick<Answers, 'records'> = answers()
): { folder: string, manifest: string, logFile: string } {
  const folder = temporaryFolder(t)
  put(folder, 'records.ndjson', ndjsonOf(records))
  put(folder, 'records.ndjson.gz', gzipSync(ndjsonOf(records)))
  return {
    folder, manifest: put(folder, 'mix.yaml', yaml.replaceAll('DIR', folder)), logFile: join(folder, 'stats.json')
  }
}

/** A user's call, with the records of its runs next to the manifest. */
async function processMixture (
  manifest: string,
  options: Parameters<typeof processMixtureInto>[1],
  run?: Parameters<typeof processMixtureInto>[2]
): Promise<MixtureResult> {
  return await processMixtureInto(manifest, { runsDir: join(dirname(manifest), 'runs'), ...options }, run)
}

function shardsIn (folder: string): string[] {
  return readdirSync(folder).filter(name => name.endsWith('.npy')).sort()
}

function rowsIn (folder: string): number[][] {
  return shardsIn(folder).flatMap(name => {
    const { rows, columns, data } = readNpy(readFileSync(join(folder, name)))
    return Array.from({ length: rows }, (_, row) => Array.from(data.subarray(row * columns, (row + 1) * columns)))
  })
}

t.test('shards are the arrays of SentencePiece and NumPy, and the stats agree with them', async t => {
  const { packed, records } = answers()
  const { folder, manifest, logFile } = mixture(t, `
stats: DIR/mixture.json
datasets:
  - { name: plain, dataset: json, data_files: DIR/records.ndjson,
      seq_len: 64, sequences_per_shard: 10, output_dir: DIR/shards/plain }
  - { name: compressed, dataset: json, data_files: DIR/records.ndjson.gz,
      seq_len: 64, sequences_per_shard: 100, dtype: uint16, output_dir: DIR/shards/compressed }
`)
  const { run_record: record, stats_path: path, ...stats } = await processMixture(manifest, { tokenizerPath: MODEL })
  t.strictSame(rowsIn(join(folder, 'shards/plain')), packed.rows)
  t.strictSame(rowsIn(join(folder, 'shards/compressed')), packed.rows)
  t.strictSame(JSON.parse(readFileSync(join(folder, 'mixture.json'), 'utf8')), JSON.parse(JSON.stringify(stats)))
  const withText = records.filter(({ text }) => typeof text === 'string').length
  t.match(stats, {
    manifest,
    manifest_sha256: sha256(readFileSync(manifest)),
    failed: { length: 0 },
    tokenizer: { path: MODEL, vocab_size: 85, sha256: sha256(readFileSync(MODEL)) },
    stats: [
      {
        name: 'plain',
        dataset: 'json',
        subset: null,
        records: withText,
        sequences: packed.rows.length,
        tokens: packed.tokens,
        shards: Math.ceil(packed.rows.length / 10),
        output_dir: join(folder, 'shards/plain'),
        tail_tokens: packed.tokens - packed.rows.length * 64,
        read: records.length,
        kept: withText,
        dropped: { 'ndjson.no_text': 2 },
        seq_len: 64,
        dtype: 'int32',
        eos_id: 2
      },
      { name: 'compressed', records: withText, sequences: packed.rows.length, shards: 1, dtype: 'uint16' }
    ]
  })
  for (const { output_dir: output, shard_files: files } of stats.stats) {
    t.strictSame(files.map(({ file }) => file), shardsIn(output))
    const documents = files.map(({ documents }) => documents!.file)
    t.strictSame(readdirSync(output).sort(), ['checkpoint.json', ...shardsIn(output), ...documents].sort(),
      'neither a lock nor a partial file is left')
    for (const { file, sha256: hash } of files) t.equal(hash, sha256(readFileSync(join(output, file))))
  }
  t.equal(filesIn(folder).includes(logFile), false, 'the manifest sets the path of the stats')
  t.match(JSON.parse(readFileSync(record, 'utf8')), {
    name: 'mix', run: 1, stats_path: join(folder, 'mixture.json'), stats: JSON.parse(JSON.stringify(stats)) as object
  })
})

t.test('concurrent components make the same bytes as sequential ones', async t => {
  const { folder, manifest, logFile } = mixture(t, `
- { name: a, dataset: json, data_files: DIR/records.ndjson, seq_len: 16, output_dir: DIR/a }
- { name: b, dataset: json, data_files: DIR/records.ndjson.gz, seq_len: 32, output_dir: DIR/b }
- { name: c, dataset: text, data_files: DIR/records.ndjson, seq_len: 8, output_dir: DIR/c }
`)
  const run = async (concurrency: number): Promise<unknown> => {
    const { stats } = await processMixture(manifest, { tokenizerPath: MODEL, logFile, concurrency, restart: true })
    return stats.map(({ seconds, ...rest }) => rest)
  }
  t.strictSame(await run(3), await run(1))
  t.strictSame(filesIn(folder).filter(name => name.endsWith('.npy')), [
    'a/shard_00000.npy', 'b/shard_00000.npy', 'c/shard_00000.npy'
  ])
})

t.test('max_records counts documents after the filters, and filtered_dir contains them', async t => {
  const texts = [
    '  One   two three four five ', 'short', 'One two three four five', 'Another text that is long enough',
    'The last text that is long enough'
  ]
  const { folder, manifest, logFile } = mixture(t, `
- name: a
  dataset: json
  data_files: DIR/records.ndjson
  filters: [normalize, { length: { min_chars: 10, max_chars: 100 } }, dedup]
  seq_len: 4
  output_dir: DIR/shards
  raw_dir: DIR/raw
  filtered_dir: DIR/filtered
  max_records: 2
`, { records: texts.map((text, i) => ({ id: `t${i}`, text })) })
  const { stats: [stats] } = await processMixture(manifest, { tokenizerPath: MODEL, logFile })
  const kept = gunzipSync(readFileSync(join(folder, 'filtered/a.ndjson.gz'))).toString().trim().split('\n')
    .map(line => (JSON.parse(line) as { id: string }).id)
  t.strictSame(kept, ['t0', 't3'])
  t.match(stats, { records: 2, kept: 2, dropped: { 'length.too_short': 1, 'dedup.duplicate': 1 } })
  t.strictSame(stats!.stages.map(({ stage }) => stage), [
    'ndjson', 'normalize', 'length', 'dedup', 'limit', 'tee', 'encode', 'pack', 'npy'
  ])
  t.strictSame(gunzipSync(readFileSync(join(folder, 'raw/a.ndjson.gz'))).toString(), ndjsonOf(
    texts.map((text, i) => ({ id: `t${i}`, text, meta: {} }))
  ))
})

t.test('a component that fails does not stop the others; the stats and the error name it', async t => {
  const { folder, manifest, logFile } = mixture(t, `
- { name: bad, dataset: json, data_files: DIR/bad.ndjson, seq_len: 16, output_dir: DIR/bad }
- { name: good, dataset: json, data_files: DIR/records.ndjson, seq_len: 64, output_dir: DIR/good }
- { name: cut, dataset: json, data_files: DIR/cut.ndjson.gz,
    seq_len: 16, output_dir: DIR/cut, filtered_dir: DIR/filtered }
`)
  put(folder, 'bad.ndjson', 'no json\n'.repeat(50))
  put(folder, 'cut.ndjson.gz', gzipSync(ndjsonOf(answers().records)).subarray(0, 500))
  const run = async (): Promise<Error & { stats: MixtureStats }> =>
    await failure(processMixture(manifest, { tokenizerPath: MODEL, logFile })) as Error & { stats: MixtureStats }
  const error = await run()
  t.match(error, {
    code: 'ERR_COMPONENT',
    exitCode: 1,
    message: pattern(
      /2 of 3 components failed\nbad: .*bad\.ndjson: 50 of 50 records are bad.*\n/,
      /cut: .*cut\.ndjson\.gz: the gzip data is cut off/
    )
  })
  t.match(error.stats, {
    stats: [{ name: 'good' }], failed: [{ name: 'bad', code: 'ERR_BAD_RECORDS' }, { name: 'cut', code: 'ERR_SOURCE' }]
  })
  t.strictSame(JSON.parse(readFileSync(logFile, 'utf8')), JSON.parse(JSON.stringify(error.stats)))
  t.strictSame(rowsIn(join(folder, 'good')), answers().packed.rows)
  t.strictSame(filesIn(folder).filter(name => !/\.ndjson(\.gz)?$/.test(name)), [
    'good/checkpoint.json', 'good/shard_00000.docs', 'good/shard_00000.npy', 'mix.yaml', 'stats.json'
  ])
  t.strictSame((await run()).stats, error.stats, 'the good component is not repeated; the others fail again')
})

t.test('mistakes are reported before anything is written', async t => {
  const yaml = '- { name: a, dataset: json, data_files: DIR/records.ndjson, output_dir: DIR/out, seq_len: 64, ' +
    'dtype: uint16 }'
  const { folder, manifest, logFile } = mixture(t, yaml)
  const before = filesIn(folder)
  const run = (options: Parameters<typeof processMixture>[1] = {}, path = manifest): Promise<unknown> =>
    failure(processMixture(path, { logFile, ...options }))
  t.match(await run(), { code: 'ERR_MANIFEST', message: /tokenizer_output_dir.*--tokenizer-path/ })
  t.match(await run({ tokenizerPath: '/none.model' }), { code: 'ERR_TOKENIZER' })
  t.match(await run({ tokenizerPath: fixture('no-eos.model') }), { code: 'ERR_TOKENIZER', message: /no EOS token/ })
  t.match(await run({ tokenizerPath: MODEL, concurrency: 0 }), { code: 'ERR_OPTION', message: /concurrency/ })
  const hashed = put(folder, 'hash.yaml', `tokenizer: { sha256: ${'ab'.repeat(32)} }\ndatasets:\n  ${yaml}`.replaceAll(
    'DIR', folder
  ))
  t.match(await run({ tokenizerPath: MODEL }, hashed), { code: 'ERR_CHECKSUM', exitCode: 1, message: /expected abab/ })
  t.match(await run({}, put(
    folder, 'path.yaml', `tokenizer_output_dir: ${folder}/tok\ndatasets:\n  ${yaml}`.replaceAll('DIR', folder)
  )), { code: 'ERR_TOKENIZER', message: /tok\/spm_32000_unigram\.model: no such file/ })
  put(folder, 'out/shard_00000.npy', 'another run\'s')
  t.match(await run({ tokenizerPath: MODEL }), {
    code: 'ERR_OUTPUT_EXISTS', message: /out: holds 1 shard of another run/
  })
  t.strictSame(filesIn(folder), [...before, 'hash.yaml', 'path.yaml', 'out/shard_00000.npy'].sort())
  const { stats } = await processMixture(manifest, { tokenizerPath: MODEL, logFile, overwrite: true })
  t.equal(stats.length, 1)
})

t.test('a stats file that can\'t be written fails the run', async t => {
  const { folder, manifest } = mixture(t, '- { name: a, dataset: json, data_files: DIR/records.ndjson, output_dir: ' +
    'DIR/out, seq_len: 64 }')
  mkdirSync(join(folder, 'taken'))
  t.match(
    await failure(processMixture(manifest, { tokenizerPath: MODEL, logFile: join(folder, 'taken') })),
    { code: 'ERR_OUTPUT', message: /taken/ }
  )
})

t.test('an abort stops the run, and starts no further component', async t => {
  const { folder, manifest, logFile } = mixture(t, `
- { name: a, dataset: json, data_files: DIR/records.ndjson, output_dir: DIR/a, seq_len: 8, sequences_per_shard: 4 }
- { name: b, dataset: json, data_files: DIR/records.ndjson, output_dir: DIR/b, seq_len: 8 }
`)
  const stop = new AbortController()
  const watched: string[] = []
  const error = await failure(processMixture(manifest, { tokenizerPath: MODEL, logFile }, {
    signal: stop.signal,
    watch: flow => {
      watched.push(flow.name)
      stop.abort()
      return () => { watched.push(`${flow.name} ended`) }
    }
  }))
  t.match(error, { code: 'ERR_ABORTED', exitCode: 130 })
  t.strictSame(watched.slice(0, 2), ['a', 'a ended'])
  t.strictSame(filesIn(folder).filter(name => /\.(tmp|lock|partial|npy)$|^b\/|stats/.test(name)), [])
})

t.test('bad records of a pull are counted, and an input is not replaced by a copy', async t => {
  const { folder, manifest, logFile } = mixture(t, '- { name: a, dataset: json, data_files: DIR/mixed.ndjson, ' +
    'output_dir: DIR/out, seq_len: 16, raw_dir: DIR/raw }')
  put(folder, 'mixed.ndjson', ndjsonOf(answers().records) + 'bad\n')
  const { stats: [stats] } = await processMixture(manifest, { tokenizerPath: MODEL, logFile, maxBad: 1 })
  t.match(stats, { read: answers().records.length + 1, dropped: { 'ndjson.bad_json': 1, 'ndjson.no_text': 2 } })
  t.strictSame(stats!.stages.map(({ stage }) => stage), ['ndjson', 'encode', 'pack', 'npy'])
  const own = put(folder, 'own.yaml', `- { name: a, dataset: json, data_files: '${folder}/raw/a.ndjson.gz', ` +
    `output_dir: '${folder}/own', filtered_dir: '${folder}/raw' }`)
  t.match(await failure(processMixture(own, { tokenizerPath: MODEL, logFile })), {
    code: 'ERR_OUTPUT_EXISTS', message: /raw\/a\.ndjson\.gz: is an input as well/
  })
})

t.test('input files are searched once, and a changed one is detected', async t => {
  const { folder, manifest } = mixture(t, `
stats: DIR/stats.json
datasets:
  - { name: a, dataset: json, data_files: [DIR/records.ndjson, 'DIR/more/*.ndjson'],
      seq_len: 64, rejects: DIR/a.rejects.ndjson, output_dir: DIR/shards/a }
  - { name: b, dataset: json, data_files: DIR/records.ndjson.gz,
      seq_len: 64, raw_dir: DIR/raw, filtered_dir: DIR/filtered, output_dir: DIR/shards/b }
`)
  for (const name of ['x', 'y']) put(folder, `more/${name}.ndjson`, ndjsonOf(answers().records))
  const names = ['records.ndjson', 'more/*.ndjson', 'records.ndjson.gz'].map(name => join(folder, name))
  const { lstat } = promises // files are looked up only by this function
  let looked: string[] = []
  t.teardown(() => {
    promises.lstat = lstat
    syncBuiltinESMExports()
  })
  promises.lstat = (async (...given: Parameters<typeof lstat>) => {
    looked.push(String(given[0]))
    return await lstat(...given)
  }) as typeof lstat
  syncBuiltinESMExports()
  for (const workers of [1, 1, 2]) { // at first, finished, and finished with threads
    looked = []
    await processMixture(manifest, { tokenizerPath: MODEL, workers })
    t.strictSame(looked.filter(name => names.includes(name)).sort(), names.toSorted())
  }
  const told: string[] = []
  put(folder, 'more/x.ndjson', ndjsonOf(answers().records.slice(1)))
  await processMixture(manifest, { tokenizerPath: MODEL }, { tell: message => { told.push(message) } })
  t.match(told, [/^a: is done again: .*x\.ndjson: had \d+ bytes, has \d+/])
})
