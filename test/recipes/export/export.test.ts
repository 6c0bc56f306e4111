import { readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { exportShards } from '../../../recipes/export/export.ts'
import { inspect } from '../../../recipes/inspect.ts'
import { shardCorpus } from '../../../recipes/shard-corpus.ts'
import { verify } from '../../../recipes/verify.ts'
import type { SluiceError } from '../../../lib/errors.ts'
import type { FormatName } from '../../../lib/shards/formats/format.ts'
import type { ShardedStats } from '../../../lib/shards/stats.ts'
import { contentIn, docs, failure, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'

const MODEL = fixture('quickstart.model')

interface Made {
  readonly folder: string
  readonly make: (format: FormatName, more?: Record<string, unknown>) => Promise<string>
}

/** A corpus of documents of several lengths, and a function that makes shards of it and returns their stats file. */
function corpus (folder: string): Made {
  const documents = docs(40).map((doc, i) => ({ ...doc, text: `${doc.text} `.repeat(1 + i % 9) }))
  const data = put(folder, 'in.ndjson', ndjsonOf(documents))
  return {
    folder,
    async make (format, more = {}) {
      const stats = join(folder, `${format}.json`)
      const options = { dataFiles: data, tokenizerPath: MODEL, seqLen: 16, sequencesPerShard: 10, tokensPerShard: 200 }
      await shardCorpus({ ...options, format, outputDir: join(folder, format), stats, ...more })
      return stats
    }
  }
}

const statsIn = (path: string): ShardedStats => JSON.parse(readFileSync(path, 'utf8')) as ShardedStats

const shardsIn = (folder: string): Record<string, string> => Object.fromEntries(
  Object.entries(contentIn(folder)).filter(([name]) => /^shard|^index/.test(name)))

t.test('every format is written, verified and the same as an export of npy shards', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const npy = await make('npy')
  for (const format of ['megatron', 'olmo', 'ds', 'llmc', 'mds', 'parquet'] as const) {
    const stats = await make(format)
    const inventory = join(folder, `${format}.md`)
    const { totals } = await verify(stats, { inventory })
    t.ok(totals.shards > 1 && totals.tokens > 500, format)
    const output = join(folder, 'exported', format)
    const exported = await exportShards(npy, { format, output, sequencesPerShard: 10, tokensPerShard: 200 })
    t.equal((await verify(`${output}.json`, { inventory })).totals.shards, exported.stats[0]!.shards)
    const isRows = format === 'mds' || format === 'parquet'
    if (isRows) t.strictSame(shardsIn(output), shardsIn(join(folder, format)), format)
    else {
      const [first] = readdirSync(output).sort()
      const [found, wanted] = [output, join(folder, format)].map(place => readFileSync(join(place, first!)))
      t.strictSame(found, wanted, `${format}: ${first!}`)
    }
  }
})

t.test('documents without .docs files are cut after EOS ids; packed by best fit, they need the files', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const npy = await make('npy')
  const withFiles = await exportShards(npy, { format: 'ds', output: join(folder, 'with') })
  const stats = JSON.parse(readFileSync(npy, 'utf8')) as { shard_files: Array<{ documents?: object, file: string }> }
  for (const shard of stats.shard_files) {
    delete shard.documents
    rmSync(join(folder, 'npy', shard.file.replace('.npy', '.docs')))
  }
  writeFileSync(npy, JSON.stringify(stats))
  const without = await exportShards(npy, { format: 'ds', output: join(folder, 'without') })
  t.strictSame(shardsIn(join(folder, 'without')), shardsIn(join(folder, 'with')))
  t.strictSame(without.stats[0]!.shard_files, withFiles.stats[0]!.shard_files)
  writeFileSync(npy, JSON.stringify({ ...stats, packing: 'best_fit' }))
  t.match(await failure(exportShards(npy, { format: 'ds', output: join(folder, 'no') })), {
    code: 'ERR_OPTION', message: /no \.docs files; make the shards again/
  })
})

t.test('padding is in no flat file, and in every file of rows', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const npy = await make('npy', { packing: 'best_fit', padId: 1 })
  const { stats: [flat] } = await exportShards(npy, { format: 'megatron', output: join(folder, 'flat') })
  const { stats: [rows] } = await exportShards(npy, { format: 'mds', output: join(folder, 'rows') })
  const all = JSON.parse(readFileSync(npy, 'utf8')) as { tokens: number, tail_tokens: number, sequences: number }
  t.equal(flat!.tokens, all.tokens - all.tail_tokens)
  t.equal(rows!.sequences, all.sequences)
  t.ok(rows!.padding_tokens! > 0)
})

t.test('rows with padding are verified in every format, and padding is not counted as tokens', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  for (const format of ['npy', 'mds', 'parquet'] as const) {
    const stats = await make(format, { packing: 'best_fit', padId: 1 })
    const { tokens, tail_tokens: tail, padding_tokens: padding } = statsIn(stats)
    t.ok(padding! > 0, format)
    t.equal((await verify(stats, { inventory: join(folder, 'i.md') })).totals.tokens, tokens - tail, format)
    t.ok((await verify(stats, { inventory: join(folder, 'i.md'), quick: true })).quick)
  }
  await exportShards(join(folder, 'npy.json'), { format: 'parquet', output: join(folder, 'rows') })
  t.ok(await verify(join(folder, 'rows.json'), { inventory: join(folder, 'i.md') }))
})

t.test('files that are missing or have changed are not exported, and nothing is written', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const npy = await make('npy', { packing: 'best_fit', padId: 1 })
  const output = join(folder, 'no')
  for (const name of ['shard_00000.npy', 'shard_00001.docs']) {
    const path = join(folder, 'npy', name)
    const bytes = readFileSync(path)
    const damaged = Buffer.from(bytes)
    damaged[bytes.length - 1]! ^= 1
    writeFileSync(path, damaged)
    for (const from of [npy, join(folder, 'npy')]) {
      const { code, message } = await failure(exportShards(from, { format: 'mds', output })) as SluiceError
      t.equal(code, 'ERR_VERIFY')
      t.match(message, from === npy ? `run sluice verify ${npy}, and make` : /; make the shards again$/)
      t.ok(message.startsWith(`${path}: has SHA-256 `))
    }
    writeFileSync(path, bytes)
  }
  rmSync(join(folder, 'npy', 'shard_00001.docs'))
  t.match(await failure(exportShards(npy, { format: 'olmo', output })), {
    code: 'ERR_VERIFY', message: /shard_00001\.docs: cannot be read: .*make the shards again/
  })
  t.strictSame(readdirSync(folder).sort(), ['in.ndjson', 'npy', 'npy.json'])
})

t.test('components without shards are left out', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const one = statsIn(await make('npy'))
  const none = { ...one, name: 'none', output_dir: join(folder, 'none'), shards: 0, sequences: 0, shard_files: [] }
  const stats = put(folder, 'all.json', JSON.stringify({ manifest: 'all', stats: [none, { ...one, name: 'one' }] }))
  const told: string[] = []
  const tell = (line: string): void => { told.push(line) }
  const { stats: made } = await exportShards(stats, { format: 'ds', output: join(folder, 'ds') }, { tell })
  t.strictSame(made.map(({ name, output_dir: place }) => [name, place]), [['one', join(folder, 'ds', 'one')]])
  t.strictSame(told.slice(0, 1), ['none: has no shards, and is left out'])
  put(folder, 'none.json', JSON.stringify({ manifest: 'all', stats: [none] }))
  t.match(await failure(exportShards(join(folder, 'none.json'), { format: 'ds', output: join(folder, 'no') })), {
    code: 'ERR_FILES', message: /its stats list no shards/
  })
})

t.test('a folder without a checkpoint is found in the stats.json above it', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const stats = await make('npy', { stats: join(folder, 'stats.json') }).then(() => join(folder, 'stats.json'))
  rmSync(join(folder, 'npy', 'checkpoint.json'))
  const { stats: [made] } = await exportShards(join(folder, 'npy'), { format: 'ds', output: join(folder, 'ds') })
  t.equal(made!.tokens, statsIn(stats).tokens - statsIn(stats).tail_tokens)
  writeFileSync(stats, JSON.stringify({ ...statsIn(stats), output_dir: join(folder, 'other') }))
  t.match(await failure(exportShards(join(folder, 'npy'), { format: 'ds', output: join(folder, 'no') })), {
    code: 'ERR_STATS', message: /stats\.json doesn't list it; name the stats file instead/
  })
})

t.test('what can\'t be exported or made is refused before anything is written', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  const npy = await make('npy')
  const mds = await make('mds')
  const output = join(folder, 'no')
  const refused = async (work: Promise<unknown>, code: string, message: RegExp): Promise<void> => {
    t.match(await failure(work), { code, message })
  }
  await refused(exportShards(mds, { format: 'ds', output }), 'ERR_OPTION', /only npy shards can be exported/)
  await refused(exportShards(npy, { format: 'ds', dtype: 'int32', output }), 'ERR_OPTION', /use uint16 or uint32/)
  const same = exportShards(npy, { format: 'mds', output: join(folder, 'npy'), stats: output })
  await refused(same, 'ERR_OPTION', /name another one/)
  symlinkSync(join(folder, 'npy'), join(folder, 'link'))
  for (const place of ['npy/mds', 'link/sub/mds']) {
    const below = exportShards(npy, { format: 'mds', output: join(folder, place), stats: output })
    await refused(below, 'ERR_OUTPUT', /mds: is in .*npy, whose shards are exported; name a folder outside of it$/)
  }
  rmSync(join(folder, 'link'))
  await refused(exportShards(folder, { format: 'mds', output }), 'ERR_STATS', /name the stats file instead/)
  await refused(make('llmc', { dtype: 'int32' }), 'ERR_TOKENIZER', /use uint16/)
  await refused(make('olmo', { packing: 'best_fit', padId: 1 }), 'ERR_OPTION', /readers cut samples themselves/)
  await refused(make('mds', { seqLen: 2 ** 20, sequencesPerShard: 2 ** 12 }), 'ERR_TOKENIZER', /set it to at most/)
  await refused(inspect(join(folder, 'mds')), 'ERR_FILES', /is a shard of another format/)
  t.strictSame(readdirSync(folder).sort(), ['in.ndjson', 'mds', 'mds.json', 'npy', 'npy.json'])
})

t.test('verify reports damage in every file of every format', async t => {
  const { folder, make } = corpus(temporaryFolder(t))
  for (const format of ['megatron', 'olmo', 'ds', 'llmc', 'mds', 'parquet'] as const) {
    const stats = await make(format)
    const names = Object.keys(shardsIn(join(folder, format)))
    for (const name of names.slice(0, 2).concat(names.includes('index.json') ? ['index.json'] : [])) {
      const path = join(folder, format, name)
      const bytes = readFileSync(path)
      const damaged = Buffer.from(bytes)
      damaged[bytes.length - 1]! ^= 1
      writeFileSync(path, damaged)
      const error = await failure(verify(stats, { inventory: join(folder, 'i.md') })) as { message: string }
      t.match(error.message, /SHA-256/, `${format}: ${name}`)
      writeFileSync(path, bytes)
    }
    writeFileSync(join(folder, format, names.find(name => name.startsWith('shard'))!.replace('00000', '00009')), 'left')
    const error = await failure(verify(stats, { inventory: join(folder, 'i.md') })) as { message: string }
    t.match(error.message, /00009\S*: is there, expected no/, format)
  }
})
