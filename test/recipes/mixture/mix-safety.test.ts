/** What a mixture must not do: lose its sources, mix its sides, or go without what was requested. */
import { existsSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import { mixNotes } from '../../../recipes/mixture/mix/stats.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { documentsOf } from '../../../lib/shards/shard-documents.ts'
import { openShards } from '../../../lib/shards/reader.ts'
import { contentIn, docs, failure, fixture, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { makeCorpora } from '../export/corpora.ts'

t.test('an output in an input, or an input in the output, is refused, whatever else is set', async t => {
  const { folder, write } = await makeCorpora(t)
  const shards = contentIn(join(folder, 'shards'))
  for (const output of ['shards/web', 'shards/web/mixture']) {
    const manifest = write({ epochs: 1, output_dir: join(folder, output) })
    t.match(await failure(mix(manifest, { overwrite: true })), {
      code: 'ERR_MANIFEST', message: /component web has its files in .*shards\/web; name another folder/
    })
  }
  symlinkSync(join(folder, 'shards/web'), join(folder, 'link'))
  t.match(await failure(mix(write({ epochs: 1, output_dir: join(folder, 'link/mixture') }), { overwrite: true })), {
    code: 'ERR_OPTION', message: /^mixture\.output_dir: .*link.mixture: the shards in .*web are read for it;/
  })
  t.strictSame(contentIn(join(folder, 'shards')), shards)
})

t.test('a component in the folder of a side is refused', async t => {
  const folder = temporaryFolder(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(docs(20)))
  const places = { output_dir: 'train', raw_dir: 'validation/raw', filtered_dir: 'train/x' }
  for (const [key, place] of Object.entries(places)) {
    const manifest = put(folder, 'mix.yaml', JSON.stringify({
      datasets: [{ name: 'a', dataset: 'json', data_files: data, [key]: join(folder, 'mixture', place) }],
      mixture: { epochs: 1, output_dir: join(folder, 'mixture') }
    }))
    t.match(await failure(mix(manifest)), { code: 'ERR_MANIFEST', message: /component a has its files in/ }, key)
  }
})

t.test('the validation side of an earlier mixture is deleted, as its documents are trained on now', async t => {
  const { folder, write } = await makeCorpora(t)
  await mix(write({ epochs: 1, validation: { share: 0.2 } }))
  const held = join(folder, 'mixture/validation')
  t.ok(readdirSync(held).some(name => name.endsWith('.npy')))
  const { stats } = await mix(write({ epochs: 1 }))
  t.strictSame(stats.map(({ name }) => name), ['train'])
  t.strictSame(readdirSync(held), [])
})

t.test('changed bytes of a source are found before anything is written', async t => {
  for (const name of ['shard_00000.npy', 'shard_00000.docs']) {
    const { folder, write } = await makeCorpora(t, ['web'])
    const path = join(folder, 'shards/web', name)
    const bytes = readFileSync(path)
    bytes[bytes.length - 40]! ^= 1
    writeFileSync(path, bytes)
    t.match(await failure(mix(write({ epochs: 1 }))), {
      code: 'ERR_VERIFY', message: new RegExp(`${name}: .*; run sluice verify .*, and make them again$`)
    })
    t.notOk(existsSync(join(folder, 'mixture/train')))
  }
})

t.test('a side without a sequence is refused, and a source without one is reported', async t => {
  const { folder, write } = await makeCorpora(t)
  const refused = async (mixture: object): Promise<unknown> => await failure(mix(write(mixture)))
  t.match(await refused({ tokens: 10 }), {
    code: 'ERR_OPTION', message: /^mixture\.tokens: \d+ tokens fill no sequence of 16 ids; ask for more, or/
  })
  t.match(await refused({ epochs: 1, seq_len: 1_000_000 }), {
    code: 'ERR_OPTION', message: /^mixture\.epochs: \d+ tokens fill no sequence of 1000000 ids/
  })
  t.match(await refused({ epochs: 1, seq_len: 2000, validation: { share: 0.02 } }), {
    code: 'ERR_OPTION', message: /^mixture\.validation\.share: its \d+ tokens fill no sequence of 2000 ids; set a/
  })
  t.match(await refused({ tokens: 100, shuffle_memory: 1000 }), {
    code: 'ERR_MANIFEST', message: /expected at least 1MiB/
  })
  t.notOk(existsSync(join(folder, 'mixture')))
  const stats = await mix(write({ tokens: 320, sources: { web: 0.97, code: 0.03 } }))
  t.match(mixNotes(stats), [/^code: its \d+ tokens fill no sequence of 16 ids, so none of them is in the training set/])
})

t.test('a source without a document on the validation side is reported by name', async t => {
  const { write } = await makeCorpora(t, ['web', 'docs'])
  const told: string[] = []
  const { mixture } = await mix(write({ epochs: 1, validation: { share: 0.02 } }), {}, {
    tell: message => { told.push(message) }
  })
  t.match(mixture.sources, [{ name: 'web' }, { name: 'docs', validation_documents: 0 }])
  t.ok(mixture.sources[0]!.validation_documents > 0)
  t.strictSame(told, ['warning: mix: docs: none of its 60 documents is on the validation side; for some of them, ' +
    'set a larger validation.share than 0.02'])
})

t.test('what documents can\'t be drawn from is a mistake in the manifest', async t => {
  const folder = temporaryFolder(t)
  const data = put(folder, 'a.ndjson', ndjsonOf(docs(20)))
  const refused = async (more: object): Promise<unknown> => {
    const common = { dataset: 'json', data_files: data }
    return await failure(mix(put(folder, 'mix.yaml', JSON.stringify({
      datasets: [{ name: 'a', ...common }, { name: 'b', ...common, ...more }],
      mixture: { epochs: 1, output_dir: join(folder, 'mixture') }
    }))))
  }
  for (const [more, message] of [
    [{ format: 'mds' }, /component b has format mds, and documents are drawn from npy shards; set format in mixture/],
    [{ packing: 'best_fit', pad_id: 0 }, /component b has packing best_fit, .*; set packing in mixture/],
    [{ seq_len: 8 }, /component b has seq_len 8, and a 2048; a mixture needs the same for all/],
    [{ dtype: 'uint16' }, /component b has dtype uint16, and a int32/]
  ] as const) t.match(await refused(more), { code: 'ERR_MANIFEST', message })
  t.match(await refused({}), { code: 'ERR_STATS', message: /is not there, .*; run sluice process-mixture .+ first$/ })
})

t.test('sources keep the order of the manifest, and components without a sequence are left out', async t => {
  const folder = temporaryFolder(t)
  const datasets = ['2024', '2023', 'none'].map(name => ({
    name,
    dataset: 'json',
    data_files: put(folder, `${name}.ndjson`, name === 'none' ? '' : ndjsonOf(docs(20, `text of ${name}`))),
    seq_len: 8,
    output_dir: join(folder, 'shards', name)
  }))
  const manifest = put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    tokenizer: { path: fixture('tiny.model') },
    datasets,
    mixture: { epochs: 1, shuffle: 'none', output_dir: join(folder, 'mixture') }
  }))
  await processMixture(manifest, { runsDir: join(folder, 'runs'), workers: 1 })
  t.strictSame((await mix(manifest)).mixture.sources.map(({ name }) => name), ['2024', '2023'])
  const first = async (shards: string): Promise<unknown> => {
    const documents = documentsOf((await openShards(join(folder, shards))).shards)
    const value: unknown = (await documents.next()).value
    await documents.return(undefined) // closes its files
    return value
  }
  t.match(await first('mixture/train'), { id: (await first('shards/2024') as { id: bigint }).id })
})

t.test('best_fit takes the padding token of the tokenizer', async t => {
  const folder = temporaryFolder(t)
  const model = put(folder, 'bpe.model', readFileSync(fixture('bpe.model')))
  const manifest = put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    tokenizer: { path: model },
    datasets: [{
      name: 'a',
      dataset: 'json',
      data_files: put(folder, 'a.ndjson', ndjsonOf(docs(30))),
      seq_len: 16,
      output_dir: join(folder, 'shards')
    }],
    mixture: { epochs: 1, packing: 'best_fit', output_dir: join(folder, 'mixture') }
  }))
  await processMixture(manifest, { runsDir: join(folder, 'runs'), workers: 1 })
  const { stats } = await mix(manifest)
  t.match(stats, [{ packing: 'best_fit', pad_id: 3, tokenizer_path: model }])
  t.ok(stats[0]!.padding_tokens! > 0)
  renameSync(model, join(folder, 'elsewhere.model'))
  t.match(await failure(mix(manifest)), { code: 'ERR_OPTION', message: /^mixture\.pad_id: it is missing/ })
})
