import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { SluiceError } from '../../../lib/errors.ts'
import { shellWord } from '../../../lib/text/shell-word.ts'
import { exportConfig } from '../../../recipes/export/config.ts'
import { exportShards } from '../../../recipes/export/export.ts'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { verify } from '../../../recipes/verify.ts'
import { failure, put } from '../../helpers.ts'
import { type Test, t } from '../../tap.ts'
import { type Corpora, SEQ_LEN, makeCorpora } from './corpora.ts'

const MIXTURE = { tokens: 3200, seed: 7, sources: { web: 0.5, books: { share: 0.3, max_epochs: 3 }, code: 0.2 } }

async function corpora (t: Test, names?: readonly string[]): Promise<Corpora> {
  const made = await makeCorpora(t, names)
  await made.verify()
  return made
}

/** The content of a file in the comment at its beginning. */
function commentOf (text: string): string {
  return text.split('\n').filter(line => line.startsWith('#')).join('\n')
}

t.test('nested_learning draws from the components by shares of tokens', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write({ ...MIXTURE, validation: { share: 0.1 } })
  const { config, notes } = await exportConfig(manifest, { for: 'nested-learning', batchSize: 8, numWorkers: 2 })
  const shards = (name: string): string => join(folder, 'shards', name)
  t.strictSame(parse(config), {
    data: {
      source: 'mixture',
      batch_size: 8,
      num_workers: 2,
      mixture: {
        samples_per_epoch: 3200 / SEQ_LEN,
        seed: 7,
        sources: [
          { name: 'web', shards_dir: shards('web'), weight: 0.5 },
          { name: 'books', shards_dir: shards('books'), weight: 0.3 },
          { name: 'code', shards_dir: shards('code'), weight: 0.2 }
        ]
      }
    }
  })
  t.match(commentOf(config), /rows with replacement/)
  t.match(commentOf(config), /max_epochs \(of books\) limits the weights/)
  t.match(notes.join(), /validation side are in these shards/)
})

t.test('epochs that are capped limit the weights, and without a mixture, all sequences are sampled', async t => {
  const { write, stats } = await corpora(t)
  const capped = write({ tokens: 40_000, sources: { web: 0.5, code: { share: 0.5, max_epochs: 1 } } })
  const { config } = await exportConfig(capped, { for: 'nested-learning', seed: 1 })
  const { mixture } = (parse(config) as { data: { mixture: Sampled } }).data
  const code = stats().find(({ name }) => name === 'code')!
  t.equal(mixture.samples_per_epoch, 2500)
  t.equal(mixture.seed, 1)
  t.ok(Math.abs(mixture.sources[1]!.weight - code.sequences * SEQ_LEN / 40_000) < 1e-6)

  const { config: whole } = await exportConfig(write(null), { for: 'nested-learning' })
  const { mixture: all } = (parse(whole) as { data: { mixture: Sampled } }).data
  t.equal(all.samples_per_epoch, stats().reduce((sum, { sequences }) => sum + sequences, 0))
  t.equal(all.sources.reduce((sum, { weight }) => sum + weight, 0).toFixed(6), '1.000000')
})

interface Sampled {
  readonly samples_per_epoch: number
  readonly seed: number
  readonly sources: ReadonlyArray<{ readonly name: string, readonly shards_dir: string, readonly weight: number }>
}

t.test('a mixture that is up to date is one source, and one that is not is reported', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write({ ...MIXTURE, validation: { share: 0.1 } })
  const { stats: [train] } = await mix(manifest)
  const file = join(folder, 'mixture', 'stats.json')
  await t.rejects(exportConfig(manifest, { for: 'nested-learning' }), {
    code: 'ERR_VERIFY', message: `${file}: the shards of train have not been verified; run sluice verify ${file} first`
  })
  await verify(file, { inventory: join(folder, 'mixture.md') })
  const output = join(folder, 'data.yaml')
  await exportConfig(manifest, { for: 'nested-learning', output })
  const { mixture } = (parse(readFileSync(output, 'utf8')) as { data: { mixture: Sampled } }).data
  t.strictSame(mixture.sources, [{ name: 'train', shards_dir: join(folder, 'mixture', 'train'), weight: 1 }])
  t.equal(mixture.samples_per_epoch, train!.sequences)

  const { config, commands } = await exportConfig(manifest, { for: 'olmo-core' })
  const { dataset, validation_dataset: held } = parse(config) as Record<string, { paths: string[] }>
  t.strictSame(dataset!.paths, [join(folder, 'mixture-olmo', 'train', '*.npy')])
  t.strictSame(held!.paths, [join(folder, 'mixture-olmo', 'validation', '*.npy')])
  const [from, to] = [shellWord(file), shellWord(join(folder, 'mixture-olmo'))]
  t.strictSame(commands, [`sluice export ${from} --format olmo --output ${to}`])

  const other = await exportConfig(write({ ...MIXTURE, seed: 8 }), { for: 'nested-learning' })
  t.match(commentOf(other.config), /mixture in .* is not up to date/)
  t.equal((parse(other.config) as { data: { mixture: Sampled } }).data.mixture.sources.length, 3)
})

t.test('olmo-core gets ratios, repetitions and sizes in tokens', async t => {
  const { folder, write } = await corpora(t)
  const { config } = await exportConfig(write(MIXTURE), { for: 'olmo-core', batchSize: 4 })
  const { dataset, data_loader: loader } = parse(config) as Record<string, Record<string, unknown>>
  const { source_list: list, ...settings } = dataset!.source_mixture_config as Record<string, unknown>
  const { sources } = list as { sources: Array<Record<string, unknown>> }
  t.strictSame(settings, { requested_tokens: 3200, global_batch_size: 4 * SEQ_LEN, seed: 7 })
  t.strictSame(sources.map(({ target_ratio: ratio }) => ratio), [0.5, 0.3, 0.2])
  t.equal(sources[1]!.max_repetition_ratio, 3)
  t.strictSame(sources[0]!.paths, [join(folder, 'shards', 'web-olmo', '*.npy')])
  t.equal(dataset!.dtype, 'uint16')
  t.equal(dataset!.sequence_length, SEQ_LEN)
  t.strictSame(loader, { global_batch_size: 4 * SEQ_LEN, seed: 7, num_workers: 4 })
})

t.test('nanotron gets folders of .ds files, and torchtitan parquet', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write(MIXTURE)
  const { config, commands } = await exportConfig(manifest, { for: 'nanotron' })
  const { data_stages: [stage] } = parse(config) as { data_stages: Array<Record<string, unknown>> }
  const { dataset, seed } = stage!.data as { dataset: Record<string, unknown>, seed: number }
  t.strictSame(dataset.dataset_folder, ['web', 'books', 'code'].map(name => join(folder, 'shards', `${name}-ds`)))
  t.strictSame(dataset.dataset_weights, [0.5, 0.3, 0.2])
  t.equal(dataset.token_size_in_bytes, 2)
  t.equal(seed, 7)
  t.equal(stage!.sequence_length, SEQ_LEN)
  t.equal(commands.length, 3)
  t.match(commentOf(config), commands[0]!)

  const titan = await exportConfig(manifest, { for: 'torchtitan', batchSize: 2, seed: 3 })
  const weights = [...titan.config.matchAll(/parquet\("([^"]+)"\), weight=([\d.]+)\)/g)]
  t.strictSame(weights.map(([, path, weight]) => [path, Number(weight)]), [
    [join(folder, 'shards', 'web-parquet', '*.parquet'), 0.5],
    [join(folder, 'shards', 'books-parquet', '*.parquet'), 0.3],
    [join(folder, 'shards', 'code-parquet', '*.parquet'), 0.2]
  ])
  t.match(titan.config, `num_tokens_per_microbatch_per_dp_rank=2 * ${SEQ_LEN}`)
  t.match(titan.config, 'seed=3, read_options=grain.ReadOptions(num_threads=4)')
})

t.test('megatron gets each file, by its share of the ids', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write({ tokens: 1600, sources: { web: 0.75, code: 0.25 } })
  await t.rejects(exportConfig(manifest, { for: 'megatron' }), {
    code: 'ERR_FILES', message: /web-megatron: has no shards .*run sluice export .*web. --format megatron --output /
  })
  put(folder, 'shards/web-megatron/shard_00000.bin', 'x'.repeat(300))
  put(folder, 'shards/web-megatron/shard_00001.bin', 'x'.repeat(100))
  put(folder, 'shards/code-megatron/shard_00000.bin', 'x'.repeat(10))
  const output = join(folder, 'blend.json')
  const { notes } = await exportConfig(manifest, { for: 'megatron', output })
  t.strictSame(JSON.parse(readFileSync(output, 'utf8')), {
    train: [
      '0.5625', join(folder, 'shards/web-megatron/shard_00000'),
      '0.1875', join(folder, 'shards/web-megatron/shard_00001'),
      '0.25', join(folder, 'shards/code-megatron/shard_00000')
    ],
    valid: null,
    test: null
  })
  t.match(notes.join(), `--seq-length ${SEQ_LEN} --train-samples 100`)
  t.match(notes.join(), /web-megatron have no stats in .*web-megatron\.json/)
})

t.test('shards that export has made are where the configurations name them', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write(null)
  for (const [trainer, format] of [['megatron', 'megatron'], ['nanotron', 'ds'], ['torchtitan', 'parquet']] as const) {
    for (const name of ['web', 'books', 'code']) {
      const from = join(folder, 'shards', name)
      await exportShards(from, { format, output: `${from}-${format}` })
    }
    const { config } = await exportConfig(manifest, { for: trainer })
    t.match(config, join(folder, 'shards', `code-${format}`))
  }
  const { config } = await exportConfig(manifest, { for: 'megatron' })
  const { train } = JSON.parse(config) as { train: string[] }
  t.ok(train.length >= 6 && train.every((word, i) => i % 2 === 0 ? Number(word) > 0 : existsSync(`${word}.idx`)))
})

t.test('shards that were exported from other ones are refused, with the command that exports them again', async t => {
  const { folder, write } = await corpora(t, ['web'])
  const file = join(folder, 'mixture', 'stats.json')
  const output = join(folder, 'mixture-megatron')
  const made = async (seed: number): Promise<string> => {
    const manifest = write({ tokens: 500, seed, validation: { share: 0.1 } })
    await mix(manifest)
    await verify(file, { inventory: join(folder, 'mixture.md') })
    return manifest
  }
  const manifest = await made(7)
  await exportShards(file, { format: 'megatron', output })
  t.strictSame((await exportConfig(manifest, { for: 'megatron' })).commands, [], 'they are there')
  await made(8)
  const command = `run sluice export ${shellWord(file)} --format megatron --output ${shellWord(output)} --overwrite`
  const { code, message } = await failure(exportConfig(manifest, { for: 'megatron' })) as SluiceError
  t.equal(code, 'ERR_FILES')
  t.equal(message, `${join(output, 'train')}: its shards were not exported from those that are now in ` +
    `${join(folder, 'mixture', 'train')}; ${command}`)
  await exportShards(file, { format: 'megatron', output, overwrite: true })
  await exportConfig(manifest, { for: 'megatron' })
  put(output, 'train/shard_00000.bin', 'short')
  t.match(await failure(exportConfig(manifest, { for: 'megatron' })), {
    code: 'ERR_VERIFY', message: /has 5 bytes, expected .*--overwrite$/
  })
})

t.test('segments are the components in the manifest\'s order, or by the dates in their names', async t => {
  const { folder, write } = await corpora(t)
  const segments = join(folder, 'segments.yaml')
  await exportConfig(write(MIXTURE), { for: 'nested-learning', segments })
  const namesIn = (file: string): string[] =>
    (parse(readFileSync(file, 'utf8')) as { segments: Array<{ name: string }> }).segments.map(({ name }) => name)
  t.strictSame(namesIn(segments), ['web', 'books', 'code'])
  const dated = await corpora(t, ['news-2024-02', 'news_2023', 'news-2024'])
  await exportConfig(dated.write(null), { for: 'nested-learning', segments })
  t.strictSame(namesIn(segments), ['news_2023', 'news-2024', 'news-2024-02'])
  await t.rejects(exportConfig(write(MIXTURE), { for: 'megatron', segments }), { code: 'ERR_OPTION' })
})

t.test('what was not verified, or was changed, is refused, and no other file is replaced', async t => {
  const made = await makeCorpora(t)
  const manifest = made.write(MIXTURE)
  await t.rejects(exportConfig(manifest, { for: 'olmo-core' }), {
    code: 'ERR_VERIFY', message: /web have not been verified; run sluice verify /
  })
  await made.verify()
  const output = put(made.folder, 'mine.yaml', 'data: mine\n')
  await t.rejects(exportConfig(manifest, { for: 'nested-learning', output }), { code: 'ERR_OUTPUT_EXISTS' })
  await t.rejects(exportConfig(manifest, { for: 'nested-learning', output: join(made.folder, 'shards/web/a.yaml') }), {
    code: 'ERR_OPTION'
  })
  put(made.folder, 'shards/web/shard_00000.npy', 'short')
  await t.rejects(exportConfig(manifest, { for: 'nested-learning' }), { code: 'ERR_VERIFY', message: /sluice verify / })
  t.notOk(existsSync(join(made.folder, 'shards/web/a.yaml')))
})

t.test('the type of ids is that of shards that are there', async t => {
  const { folder, write } = await corpora(t, ['web'])
  const typeIn = async (trainer: 'nanotron' | 'olmo-core'): Promise<unknown> => {
    const { config } = await exportConfig(write(null), { for: trainer })
    return /(?:token_size_in_bytes|dtype): (.*)/.exec(config)![1]
  }
  t.strictSame([await typeIn('nanotron'), await typeIn('olmo-core')], ['2', 'uint16'], 'as export makes them')
  const web = join(folder, 'shards/web')
  await exportShards(web, { format: 'ds', output: `${web}-ds`, dtype: 'uint32' })
  await exportShards(web, { format: 'olmo', output: `${web}-olmo`, dtype: 'uint32' })
  t.strictSame([await typeIn('nanotron'), await typeIn('olmo-core')], ['4', 'uint32'])
})
