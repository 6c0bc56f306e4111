import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { mix } from '../../../recipes/mixture/mix/mix.ts'
import type { MixStats } from '../../../recipes/mixture/mix/stats.ts'
import { run } from '../../../recipes/run.ts'
import { type ShardDocument, documentsOf } from '../../../lib/shards/shard-documents.ts'
import { openShards } from '../../../lib/shards/reader.ts'
import { verify } from '../../../recipes/verify.ts'
import { failure, howMany } from '../../helpers.ts'
import { type Test, t } from '../../tap.ts'
import { type Corpora, SEQ_LEN, makeCorpora } from '../export/corpora.ts'

/** Shards of three corpora: many short documents, few long ones, and a small corpus. */
async function corpora (t: Test, documents = { web: 200, books: 8, code: 30 }): Promise<Corpora> {
  const { web, books, code } = documents
  const { write, ...made } = await makeCorpora(t, {
    web: { documents: web, words: 8 }, books: { documents: books, words: 300 }, code: { documents: code, words: 20 }
  }, 200)
  return { ...made, write: mixture => write({ sequences_per_shard: 150, ...mixture }) }
}

/** The documents of a folder of shards. */
async function documentsIn (folder: string): Promise<ShardDocument[]> {
  const documents: ShardDocument[] = []
  for await (const document of documentsOf((await openShards(folder)).shards)) documents.push(document)
  return documents
}

function bytesOf (folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).filter(name => /\.(?:npy|docs)$/.test(name)).sort()
    .map(name => [name, readFileSync(join(folder, name)).toString('hex')]))
}

function reached ({ mixture: { sources } }: MixStats): Record<string, number> {
  return Object.fromEntries(sources.map(({ name, share_reached: share }) => [name, share]))
}

t.test('shares are those of tokens, by each way to shuffle', async t => {
  const { folder, write } = await corpora(t)
  for (const shuffle of ['sequences', 'documents', 'none'].slice(0, howMany(2, 3))) {
    const manifest = write({ tokens: 3000, sources: { web: 0.5, books: 0.3, code: 0.2 }, shuffle })
    const stats = await mix(manifest)
    const [train] = stats.stats
    t.ok(Math.abs(train!.tokens - 3000) <= 3 * SEQ_LEN, `${train!.tokens} tokens`)
    for (const [name, share] of Object.entries({ web: 0.5, books: 0.3, code: 0.2 })) {
      const off = Math.abs(reached(stats)[name]! - share) * 3000
      t.ok(off <= SEQ_LEN, `${shuffle}: ${name} is off by ${off} tokens`)
    }
    t.equal(train!.shards, readdirSync(join(folder, 'mixture', 'train')).filter(name => name.endsWith('.npy')).length)
  }
})

t.test('a cap of epochs is kept, and the share that was reached instead is reported', async t => {
  const { write } = await corpora(t)
  const stats = await mix(write({
    tokens: 30_000, sources: { web: 0.4, books: 0.1, code: { share: 0.5, max_epochs: 2 } }
  }))
  const code = stats.mixture.sources.find(({ name }) => name === 'code')!
  t.equal(code.epochs, 2)
  t.equal(code.tokens, 2 * code.training_tokens)
  t.ok(code.share_reached < 0.5)
  const { web, books } = reached(stats)
  t.ok(Math.abs(web! / books! - 4) < 0.1, 'the others share the rest in proportion')
})

t.test('a document is drawn once an epoch, whole, and documents of the validation side never', async t => {
  const { folder, write } = await corpora(t)
  const sources = { web: 0.6, books: 0.2, code: 0.2 }
  const manifest = write({ tokens: 6000, sources, shuffle: 'documents', validation: { share: 0.2 } })
  const stats = await mix(manifest)
  const [train, held] = [join(folder, 'mixture/train'), join(folder, 'mixture/validation')]
  const texts = new Map<bigint, string>()
  for (const name of Object.keys(sources)) {
    for (const { id, ids } of await documentsIn(join(folder, 'shards', name))) texts.set(id, ids.join(' '))
  }
  const drawn = new Map<bigint, number>()
  let cut = 0
  const trained = await documentsIn(train)
  for (const { id, ids, offset } of trained.slice(0, -1)) { // the last one may be cut
    t.equal(offset, 0)
    const whole = texts.get(id)!
    if (whole === ids.join(' ')) {
      drawn.set(id, (drawn.get(id) ?? 0) + 1)
      continue
    }
    cut++
    t.ok(whole.startsWith(ids.slice(0, -1).join(' ')))
    t.equal(ids.at(-1), stats.stats[0]!.eos_id)
  }
  t.ok(cut <= 3, 'at most one of each source is cut')
  const validation = await documentsIn(held)
  t.ok(validation.length > 30)
  t.strictSame(validation.filter(({ id }) => drawn.has(id)), [])
  const most = Math.max(...stats.mixture.sources.map(({ epochs }) => Math.ceil(epochs)))
  t.ok(Math.max(...drawn.values()) <= most)
  t.equal((await verify(join(folder, 'mixture/stats.json'), {
    inventory: join(folder, 'page.md'), inventoryJson: join(folder, 'inventory.json')
  })).totals.shards, stats.stats.reduce((sum, { shards }) => sum + shards, 0))
})

t.test('documents stay on their side when data is added, and with another seed', async t => {
  const share = { validation: { share: 0.15 }, epochs: 1 }
  const sides: Array<{ train: Set<bigint>, held: Set<bigint> }> = []
  for (let run = 0; run < howMany(3, 10); run++) {
    const [more, seed] = [{ web: 60 + 20 * run, books: 2, code: 10 + 3 * run }, run]
    const { folder, write } = await corpora(t, more)
    await mix(write({ ...share, seed }))
    const idsIn = async (side: string): Promise<Set<bigint>> =>
      new Set((await documentsIn(join(folder, 'mixture', side))).map(({ id }) => id))
    sides.push({ train: await idsIn('train'), held: await idsIn('validation') })
  }
  const isApart = ({ train, held }: typeof sides[number]): boolean => [...held].every(id => !train.has(id))
  for (const [i, before] of sides.entries()) {
    t.ok(before.held.size > 5)
    t.ok(isApart(before))
    for (const after of sides.slice(i + 1)) t.ok(isApart({ train: after.train, held: before.held }))
  }
})

t.test('the order depends on the seed, and not on the memory or on how shards are cut', async t => {
  const { folder, write } = await corpora(t)
  for (const shuffle of ['documents', 'sequences'].slice(0, howMany(1, 2))) {
    const made = async (settings: object): Promise<Record<string, string>> => {
      await mix(write({ epochs: 1.5, shuffle, sequences_per_shard: 1000, ...settings }), { restart: true })
      return bytesOf(join(folder, 'mixture/train'))
    }
    const first = await made({})
    t.strictSame(await made({ shuffle_memory: '1MiB' }), first)
    t.notSame(await made({ seed: 43 }), first)
  }
})

t.test('a finished mixture is skipped, and made again when its settings or its shards have changed', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write({ epochs: 1 })
  const first = await mix(manifest)
  const told: string[] = []
  t.strictSame(await mix(manifest, {}, { tell: message => { told.push(message) } }), first)
  t.strictSame(told, ['mix: is finished, and up to date'])
  const statsFile = join(folder, 'mixture/stats.json')
  await verify(statsFile, { inventory: join(folder, 'page.md'), inventoryJson: join(folder, 'inventory.json') })
  await mix(manifest)
  t.match(readFileSync(statsFile, 'utf8'), '"verified_at_utc"', 'the date of verification is kept')
  await mix(write({ epochs: 1, seed: 7 }), {}, { tell: message => { told.push(message) } })
  t.match(told[1], /^mix: is done again: seed/)
  t.notMatch(readdirSync(join(folder, 'mixture')), ['.shuffle'])
})

t.test('mistakes are named before anything is written', async t => {
  const { folder, write } = await corpora(t)
  const refused = async (mixture: object, expected: object): Promise<void> => {
    t.match(await failure(mix(write(mixture))), expected)
    t.notOk(readdirSync(folder).includes('mixture'), 'nothing is written')
  }
  await refused({ tokens: 10, sources: { web: 0.5, code: 0.4 } }, {
    code: 'ERR_MANIFEST', message: /the shares sum to 90\.0 %, expected 1 \(web 0\.5, code 0\.4\)/
  })
  await refused({ tokens: 10, sources: { web: 0.5, cod: 0.5 } }, {
    code: 'ERR_MANIFEST', message: /no component is called cod \(did you mean code\?\)/
  })
  await refused({}, { code: 'ERR_MANIFEST', message: /expected tokens, such as 10B, or epochs/ })
  await refused({ tokens: 5, epochs: 1 }, { code: 'ERR_MANIFEST', message: /tokens or epochs, got both/ })
  await refused({ tokens: '10X' }, { code: 'ERR_MANIFEST', message: /expected a number of tokens, such as 10B/ })
  const capped = { web: { share: 0.5, max_epochs: 1 }, code: { share: 0.5, max_epochs: 2 } }
  await refused({ tokens: '1M', sources: capped }, {
    code: 'ERR_OPTION', message: /^mixture\.tokens: 1000000 are more than the sources give in their epochs, at most \d/
  })
  await refused({ tokens: 100, validation: { share: 1e-6 } }, {
    code: 'ERR_OPTION', message: /^mixture\.validation\.share: 0\.000001 of 238 documents puts none of them into valid/
  })
  await refused({ tokens: 100, packing: 'best_fit' }, {
    code: 'ERR_OPTION', message: /^mixture\.pad_id: it is missing/
  })
  await refused({ tokens: 100, output_dir: join(folder, 'shards/web') }, {
    code: 'ERR_MANIFEST', message: /component web has its files in .*; name another folder/
  })
})

t.test('run makes the shards, the training set and verifies both; then all is up to date', async t => {
  const { folder, write } = await corpora(t)
  const manifest = write({ epochs: 1, validation: { share: 0.2 } })
  const options = { runsDir: join(folder, 'runs'), inventory: join(folder, 'page.md'), workers: 1 }
  const outcomes = async (more: object = {}): Promise<unknown> => {
    const { steps } = await run(manifest, { ...options, ...more })
    return steps.filter(({ step }) => step === 'mix').map(({ outcome, why }) => [outcome, why])
  }
  const stats = join(folder, 'mixture/stats.json')
  t.strictSame(await outcomes({ dryRun: true }), [['done', `draws documents into ${join(folder, 'mixture')}`]])
  t.strictSame(await outcomes(), [['done', `${stats}: is verified`]])
  t.strictSame(await outcomes(), [['up to date', `${stats}: was verified`]])
  t.strictSame(await outcomes({ dryRun: true }), [['up to date', join(folder, 'mixture')]])
  write({ epochs: 1, sources: { web: 0.5, cody: 0.5 } })
  t.match(await failure(run(manifest, options)), { code: 'ERR_MANIFEST' })
  const capped = { web: { share: 0.5, max_epochs: 1 }, code: { share: 0.5, max_epochs: 1 } }
  write({ tokens: '1G', sources: capped })
  t.match(await failure(run(manifest, options)), { code: 'ERR_OPTION', message: /^mixture\.tokens: / })
})
