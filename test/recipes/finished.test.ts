/** Finished outputs are kept until their replacements exist, and are recognized as finished. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { readCheckpoint, writeCheckpoint } from '../../lib/output/checkpoint.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { docs, failure, filesIn, fixture, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { stoppedAt } from '../resuming.ts'

const MODEL = fixture('tiny.model')

t.test('finished shards are kept until all of their replacements are made', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(60)))
  const output = join(folder, 'shards')
  const write = (seqLen: number): string => put(folder, 'mix.yaml', JSON.stringify([{
    name: 'a', dataset: 'json', data_files: path, seq_len: seqLen, sequences_per_shard: 4, output_dir: output
  }]))
  const options = {
    tokenizerPath: MODEL, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), checkpointEvery: 5
  }
  const contents = (): unknown[] => filesIn(output).filter(name => /^shard_\d+\.npy$/.test(name))
    .map(name => [name, readFileSync(join(output, name), 'latin1')])
  await processMixture(write(8), options)
  const first = contents()
  await processMixture(put(folder, 'other.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: path,
    seq_len: 16,
    sequences_per_shard: 4,
    output_dir: join(folder, 'other')
  }])), options)

  const stopped = await stoppedAt(join(output, '.next/checkpoint.json'), signal =>
    processMixture(write(16), options, { signal }))
  t.match(stopped, { code: 'ERR_ABORTED' })
  t.strictSame(contents(), first, 'after the stop, the previous shards are there')
  const told: string[] = []
  await processMixture(write(8), options, { tell: message => { told.push(message) } })
  t.strictSame(told, ['a: is finished, and up to date'], 'and valid')

  await processMixture(write(16), options)
  t.strictSame(contents(), filesIn(join(folder, 'other')).filter(name => name.endsWith('.npy'))
    .map(name => [name, readFileSync(join(folder, 'other', name), 'latin1')]))
  t.notOk(existsSync(join(output, '.next')))

  // Killed while the new shards are moved: some are in place, and the checkpoint is that of a started run.
  await stoppedAt(join(output, '.next/checkpoint.json'), signal => processMixture(write(8), options, { signal }))
  const state = await readCheckpoint(join(output, 'checkpoint.json')) as Record<string, unknown>
  const next = await readCheckpoint(join(output, '.next/checkpoint.json')) as Record<string, unknown>
  await writeCheckpoint(join(output, 'checkpoint.json'), { ...state, settings: next.settings, finished: null })
  await processMixture(write(8), options)
  t.strictSame(contents(), first)
  t.notOk(existsSync(join(output, '.next')))
})

t.test('a copied folder of shards is checked at its new path', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(40)))
  const options = { tokenizerPath: MODEL, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs') }
  const manifest = (name: string): string => put(folder, 'mix.yaml', JSON.stringify([{
    name: 'a', dataset: 'json', data_files: path, seq_len: 8, sequences_per_shard: 4, output_dir: join(folder, name)
  }]))
  await processMixture(manifest('one'), options)
  cpSync(join(folder, 'one'), join(folder, 'two'), { recursive: true })
  rmSync(join(folder, 'two/shard_00001.npy'))
  const told: string[] = []
  const { stats: [stats] } = await processMixture(manifest('two'), options, { tell: message => { told.push(message) } })
  t.match(told, [/two\/shard_00001\.npy: is not there/])
  t.equal(stats!.output_dir, join(folder, 'two'))
  t.strictSame(readFileSync(join(folder, 'two/shard_00001.npy')), readFileSync(join(folder, 'one/shard_00001.npy')))
})

t.test('a repeated file counts as another input; shard-corpus replaces no shards of another corpus', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(20)))
  const other = put(folder, 'b.ndjson', ndjsonOf(docs(3)))
  const options = {
    tokenizerPath: MODEL, outputDir: join(folder, 'shards'), logFile: join(folder, 'stats.json'), seqLen: 8
  }
  await shardCorpus({ ...options, dataFiles: path })
  const before = readFileSync(join(folder, 'shards/shard_00000.npy'))
  for (const dataFiles of [other, [path, path]]) {
    t.match(await failure(shardCorpus({ ...options, dataFiles })), { code: 'ERR_OUTPUT_EXISTS' })
  }
  t.strictSame(readFileSync(join(folder, 'shards/shard_00000.npy')), before)
  t.match(await shardCorpus({ ...options, dataFiles: [path, path], overwrite: true }), { records: 40 })
})

t.test('a run without checkpoints deletes the checkpoint of the shards it replaces', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(20)))
  const options = {
    tokenizerPath: MODEL, outputDir: join(folder, 'shards'), logFile: join(folder, 'stats.json'), seqLen: 8
  }
  await shardCorpus({ ...options, dataFiles: path })
  const pipe = join(folder, 'pipe.ndjson')
  execFileSync('mkfifo', [pipe])
  const feeding = writeFile(pipe, ndjsonOf(docs(3)))
  t.match(await shardCorpus({ ...options, dataFiles: pipe, overwrite: true }), { records: 3 })
  await feeding
  t.notOk(existsSync(join(folder, 'shards/checkpoint.json')))
  t.match(await failure(shardCorpus({ ...options, dataFiles: path })), { code: 'ERR_OUTPUT_EXISTS' })
})

t.test('a missing shard is reported when a later part of the run is resumed', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'a.ndjson', ndjsonOf(docs(60)))
  const manifest = put(folder, 'mix.yaml', JSON.stringify([{
    name: 'a',
    dataset: 'json',
    data_files: path,
    seq_len: 8,
    sequences_per_shard: 2,
    output_dir: join(folder, 'shards')
  }]))
  const options = {
    tokenizerPath: MODEL, logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), checkpointEvery: 5
  }
  const tokenizer = await loadTokenizer(MODEL)
  const stop = new AbortController()
  let encoded = 0
  const append: typeof tokenizer.append = (text, ids) => {
    if (++encoded === 40) stop.abort()
    tokenizer.append(text, ids)
  }
  t.match(
    await failure(processMixture(manifest, options, { signal: stop.signal, tokenizer: { ...tokenizer, append } })),
    { code: 'ERR_ABORTED', message: /from the last checkpoint/ }
  )
  t.match(readFileSync(join(folder, 'shards/checkpoint.json'), 'utf8'), '"file":"shard_00000.npy"')
  rmSync(join(folder, 'shards/shard_00000.npy'))
  t.match(await failure(processMixture(manifest, options)), {
    code: 'ERR_COMPONENT', message: /shard_00000\.npy: is not there, so the run can't be resumed/
  })
  await processMixture(manifest, { ...options, restart: true })
  t.ok(existsSync(join(folder, 'shards/shard_00000.npy')))
})
