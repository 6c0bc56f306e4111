/** Training sets in formats other than npy. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { exportShards } from '../../../recipes/export/export.ts'
import { exportConfig } from '../../../recipes/export/config.ts'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { mixText } from '../../../recipes/mixture/mix/text.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { verify } from '../../../recipes/verify.ts'
import type { FormatName } from '../../../lib/shards/formats/format.ts'
import { contentIn, failure, howMany } from '../../helpers.ts'
import { command } from '../../commands.ts'
import { t } from '../../tap.ts'
import { makeCorpora } from '../export/corpora.ts'

const FLAT = ['megatron', 'olmo', 'ds', 'llmc'] as const
const ROWS = ['mds', 'parquet'] as const
const SETTINGS = {
  tokens: 3000,
  sources: { web: 0.5, books: 0.3, code: 0.2 },
  validation: { share: 0.2 },
  sequences_per_shard: 200,
  tokens_per_shard: 900
}

const shardsIn = (folder: string): Record<string, string> => Object.fromEntries(
  Object.entries(contentIn(folder)).filter(([name]) => /^shard|^index/.test(name)))

t.test('flat formats have the documents, whole and in the order of the mixture', async t => {
  const { folder, write } = await makeCorpora(t)
  const npy = join(folder, 'mixture')
  await mix(write({ ...SETTINGS, shuffle: 'documents' }))
  for (const format of FLAT.slice(0, howMany(1, 4))) {
    const place = join(folder, `as ${format}`)
    const { stats, mixture } = await mix(write({ ...SETTINGS, format, output_dir: place }))
    t.equal(mixture.shuffle, 'documents', 'the default of flat formats')
    const [train, validation] = stats
    t.equal(train!.tokens, mixture.sources.reduce((sum, { tokens }) => sum + tokens, 0), 'no token is left out')
    t.equal(validation!.tokens, mixture.sources.reduce((sum, source) => sum + source.validation_tokens, 0))
    t.match(train, { format, sequences: 0, tail_tokens: 0 })
    const shown = /\nside +documents +tokens +shards +folder\ntrain +(\d+) +([\d,]+) /.exec(mixText({ stats, mixture }))
    t.ok(Number(shown![1]) > 10)
    t.equal(shown![2], train!.tokens.toLocaleString('en-US'))
    const { totals } = await verify(join(place, 'stats.json'), { inventory: join(folder, 'page.md') })
    t.equal(totals.shards, train!.shards + validation!.shards)
    const output = join(folder, 'exported', format)
    await exportShards(join(npy, 'stats.json'), { format, output, tokensPerShard: 900 })
    for (const side of ['train', 'validation']) {
      const [made, exported] = [shardsIn(join(place, side)), shardsIn(join(output, side))]
      // Sequences lack the tokens that fill none at the end: the last file of the export is shorter.
      const files = Object.keys(made).filter(name => name.startsWith('shard_')).sort()
      const last = files.at(-1)!.split('.')[0]!
      const whole = files.filter(name => !name.startsWith(last))
      t.strictSame(whole.filter(name => made[name] !== exported[name]), [], `${format}, ${side}`)
      if (side === 'train') t.ok(whole.length > 1)
    }
  }
})

t.test('formats of rows have the sequences of npy shards', async t => {
  const { folder, write } = await makeCorpora(t)
  await mix(write(SETTINGS))
  for (const format of ROWS.slice(0, howMany(1, 2))) {
    const place = join(folder, `as ${format}`)
    const { stats } = await mix(write({ ...SETTINGS, output_dir: place }), { format })
    t.match(stats, [{ format, order: 'shuffled' }, { format }])
    await verify(join(place, 'stats.json'), { inventory: join(folder, 'page.md') })
    const output = join(folder, 'exported', format)
    await exportShards(join(folder, 'mixture/stats.json'), { format, output, sequencesPerShard: 200 })
    for (const side of ['train', 'validation']) {
      t.strictSame(shardsIn(join(place, side)), shardsIn(join(output, side)), `${format}, ${side}`)
    }
  }
})

t.test('a mixture is made again in another format, and its trainer reads it where it is', async t => {
  const { folder, write, verify: verifyAll } = await makeCorpora(t)
  await verifyAll()
  const manifest = write({ ...SETTINGS, format: 'olmo' })
  const train = join(folder, 'mixture/train')
  await mix(manifest)
  t.ok(existsSync(join(train, 'shard_00000.csv.gz')))
  await verify(join(folder, 'mixture/stats.json'), { inventory: join(folder, 'page.md') })
  const { config, commands } = await exportConfig(manifest, { for: 'olmo-core' })
  t.strictSame(commands, [], 'nothing needs to be exported')
  t.match(config, join(train, '*.npy'))
  t.match(await failure(exportConfig(manifest, { for: 'megatron' })), {
    code: 'ERR_OPTION', message: /in format olmo, expected npy or megatron; make them again with format: megatron/
  })
  await mix(manifest, { format: 'ds' })
  t.strictSame(readdirSync(train).filter(name => name.endsWith('.npy') || name.endsWith('.gz')), [])
  t.ok(existsSync(join(train, 'shard_00000.ds')))
  await verify(join(folder, 'mixture/stats.json'), { inventory: join(folder, 'page.md') })
  const other = await exportConfig(manifest, { for: 'nanotron' })
  t.match(other.config, train, 'a format of the command line is that of the mixture')
  t.strictSame(other.commands, [])
})

t.test('what cuts documents in an export of shuffled sequences is reported, with what keeps them whole', async t => {
  const { folder, write } = await makeCorpora(t)
  const manifest = write(SETTINGS)
  await mix(manifest)
  const stats = join(folder, 'mixture/stats.json')
  await verify(stats, { inventory: join(folder, 'page.md') })
  const { notes } = await exportConfig(manifest, { for: 'nanotron' })
  t.match(notes.join(), /sequences of train are shuffled, .* set format: ds in the manifest's mixture/)
  const told: string[] = []
  await exportShards(stats, { format: 'ds', output: join(folder, 'ds') }, { tell: message => { told.push(message) } })
  t.match(told.join(), /documents have no end, .*; to have them whole, set format: ds in the mixture of the manifest/)
})

t.test('run has no flag for the format, which is in the manifest', async t => {
  const { write } = await makeCorpora(t)
  t.match(await command(['run', write(SETTINGS), '--format', 'ds']), { code: 2, stderr: /unknown option/ })
})

t.test('what a format can\'t have is named before anything is written', async t => {
  const { folder, write } = await makeCorpora(t)
  const place = join(folder, 'mixture')
  const refused = async (more: object, format?: FormatName): Promise<unknown> => {
    const error = await failure(mix(write({ ...SETTINGS, ...more }), { format }))
    t.notOk(existsSync(place), 'nothing is written')
    return error
  }
  const why = 'format megatron has no sequences, as its readers cut samples themselves'
  t.match(await refused({ format: 'megatron', shuffle: 'sequences' }), {
    code: 'ERR_MANIFEST', message: `sequences: ${why}; use documents or none, or format npy, mds or parquet`
  })
  t.match(await refused({ shuffle: 'sequences' }, 'megatron'), {
    code: 'ERR_OPTION', message: `mixture.shuffle: sequences: ${why}`
  })
  t.match(await refused({ packing: 'best_fit', pad_id: 0 }, 'megatron'), {
    code: 'ERR_OPTION', message: `mixture.packing: best_fit: ${why}; leave out packing`
  })
  t.match(await refused({ format: 'llmc', dtype: 'int32' }), {
    code: 'ERR_OPTION', message: /^mixture: format llmc can't store these ids as int32: .*; use uint16/
  })
  t.match(await refused({ format: 'mdss' }), { code: 'ERR_MANIFEST', message: /or "parquet", got "mdss"/ })
})

t.test('process-mixture --format writes every component in a format, which a mixture can\'t be drawn from', async t => {
  const { folder, write } = await makeCorpora(t)
  const manifest = write(SETTINGS)
  const { stats } = await processMixture(manifest, { format: 'ds', runsDir: join(folder, 'runs'), workers: 1 })
  t.strictSame(stats.map(({ format }) => format), ['ds', 'ds', 'ds'])
  t.strictSame(readdirSync(join(folder, 'shards/web')).filter(name => name.endsWith('.npy')), [])
  t.match(await failure(mix(manifest)), {
    code: 'ERR_STATS', message: /web are in format ds, and a mixture draws documents from npy shards: make them with/
  })
})
