/** The key `dedup` of a manifest with scope mixture: each text is kept once in all components. */
import { existsSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '../../lib/document.ts'
import { plan } from '../../recipes/mixture/tasks/plan.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { run as runManifest } from '../../recipes/run.ts'
import { verify } from '../../recipes/verify.ts'
import { contentIn, doc, failure, folderInMemory, howMany, ndjsonOf, put, strictSame } from '../helpers.ts'
import { stoppedInFlow } from '../resuming.ts'
import { randomNumbers } from '../shuffles.ts'
import { type Test, t } from '../tap.ts'
import { type Dataset, manifestIn, resultIn as resultWithDates } from './mixture/tasks/sample.ts'
import { outcomes, versioned } from './versions/versioned.ts'

const DEDUP = { dedup: { scope: 'mixture', memory: '1MiB' } }
const SMALL = { dataset: 'json', filters: [], seq_len: 16, sequences_per_shard: 20, eos_id: 2 }

/** Documents of which many have the text of an earlier one. */
function documents (name: string, count: number, seed: number): Document[] {
  const below = randomNumbers(seed)
  return Array.from({ length: count }, (_, i) => doc(`${name}${i}`, `the text number ${below(150)}`))
}

const CORPORA = { a: documents('a', 90, 1), b: documents('b', 120, 2), c: documents('c', 60, 3) }

/** Folders of three components, and runs of their manifest. */
function mixtureIn (t: Test, corpora: Readonly<Record<string, readonly Document[]>> = CORPORA, more: object = {}) {
  const folder = folderInMemory(t)
  const write = (name: string, documents: readonly Document[]): void => {
    put(folder, `${name}.ndjson`, ndjsonOf(documents))
  }
  for (const [name, documents] of Object.entries(corpora)) write(name, documents)
  const datasets = Object.keys(corpora).map((name): Dataset => ({
    name, data_files: join(folder, `${name}.ndjson`), filtered_dir: join(folder, 'kept'), ...SMALL, ...more
  }))
  const manifest = manifestIn(folder, datasets, DEDUP)
  const options = { workers: 1, runsDir: join(folder, 'runs') }
  const inventory = join(folder, 'inventory.md')
  return {
    folder,
    manifest,
    options,
    write,
    keysOf: (name: string) => join(folder, 'shards', `${name}.dedup-keys`),
    run: async (more: object = {}) => await runManifest(manifest, { ...options, inventory, ...more })
  }
}

/** The identifiers of the first document with each text, by component, as a set in memory finds them. */
function expectedOf (corpora: Readonly<Record<string, readonly Document[]>>): Record<string, string[]> {
  const seen = new Set<string>()
  return Object.fromEntries(Object.entries(corpora).map(([name, documents]) => [
    name, documents.filter(({ text }) => seen.size < seen.add(text).size).map(({ id }) => id)
  ]))
}

function keptIn (folder: string): Record<string, string[]> {
  const files = Object.entries(contentIn(folder)).filter(([name]) => name.startsWith('kept/'))
  return Object.fromEntries(files.map(([name, content]) => [
    /kept\/(\w+)/.exec(name)![1]!,
    content.trim().split('\n').filter(line => line !== '').map(line => (JSON.parse(line) as Document).id)
  ]))
}

/** The files and stats of a run, without the dates when shards were verified. */
function resultIn (folder: string): unknown {
  const result = resultWithDates(folder)
  return JSON.parse(JSON.stringify(result, (key, value: unknown) => key === 'verified_at_utc' ? undefined : value))
}

const processed = (steps: readonly string[]): string[] => steps.filter(step => step.includes(' process: '))

t.test('the first document with each text of a mixture is kept, with any number of threads', async t => {
  const one = mixtureIn(t)
  await one.run()
  t.strictSame(keptIn(one.folder), expectedOf(CORPORA))
  await verify(join(one.folder, 'stats.json'), { inventory: join(one.folder, 'inventory.md') })
  t.equal(statSync(one.keysOf('b')).size, 16 * (1 + CORPORA.b.length))
  const two = mixtureIn(t)
  await two.run({ workers: 2, concurrency: 3 })
  strictSame(t, resultIn(two.folder), resultIn(one.folder), 'two threads')
  const before = contentIn(one.folder)
  t.strictSame(processed(outcomes(await one.run())), ['a', 'b', 'c'].map(name => `${name} process: up to date`))
  strictSame(t, contentIn(one.folder), before, 'nothing is written')
})

t.test('documents after a limit change no later component', async t => {
  const corpora = { a: documents('a', 400, 1), b: documents('b', 200, 2) }
  const expected = expectedOf({ a: corpora.a, b: [] }).a!.slice(0, 20)
  const limited = { a: corpora.a.filter(({ id }) => expected.includes(id)), b: corpora.b }
  for (const workers of [2, 1].slice(0, howMany(1, 2))) {
    const { folder, run } = mixtureIn(t, corpora, { max_records: 20 })
    await run({ workers })
    t.strictSame(keptIn(folder).b, expectedOf(limited).b!.slice(0, 20), `${workers} workers`)
  }
})

t.test('a changed component makes those again whose duplicates change, and no other', async t => {
  const { folder, run, write } = mixtureIn(t)
  await run()
  const again = async (): Promise<string[]> => processed(outcomes(await run()))

  const copied = { ...CORPORA, a: [...CORPORA.a, doc('copy', CORPORA.a[0]!.text)] }
  write('a', copied.a)
  const planned = await run({ dryRun: true })
  t.match(planned.steps.find(({ component }) => component === 'b')!.why, /up to date, unless other documents become/)
  t.strictSame(await again(), ['a process: done again', 'b process: up to date', 'c process: up to date'])
  t.strictSame(keptIn(folder), expectedOf(copied))

  const onlyIn = (name: 'b' | 'c', others: readonly Document[]): Document =>
    CORPORA[name].find(({ text }) => others.every(other => other.text !== text))!
  const ofC = onlyIn('c', [...CORPORA.a, ...CORPORA.b])
  const moved = { ...CORPORA, a: [doc('moved', ofC.text), ...CORPORA.a] }
  write('a', moved.a)
  t.strictSame(await again(), ['a process: done again', 'b process: up to date', 'c process: done again'])
  t.strictSame(keptIn(folder), expectedOf(moved))

  write('a', CORPORA.a.slice(30))
  const report = await run()
  t.match(report.steps.find(({ component }) => component === 'b')!.why, /^dedup: other documents are duplicates/)
  t.strictSame(keptIn(folder), expectedOf({ ...CORPORA, a: CORPORA.a.slice(30) }))
  t.strictSame(await again(), ['a', 'b', 'c'].map(name => `${name} process: up to date`))
})

t.test('a run that is stopped is resumed, and not if earlier components have changed since', async t => {
  const whole = mixtureIn(t)
  await whole.run()
  for (const isMade of [true, false].slice(0, howMany(1, 2))) {
    const { folder, manifest, options, write, run } = mixtureIn(t)
    const stop = async (): Promise<unknown> => await stoppedInFlow(
      () => join(folder, 'shards/b', isMade ? '.next' : '', 'checkpoint.json'),
      signal => processMixture(manifest, { ...options, checkpointEvery: 5 }, { signal })
    )
    if (isMade) {
      write('b', CORPORA.b.slice(1))
      await run()
      write('b', CORPORA.b)
    }
    t.match(await stop(), { code: 'ERR_ABORTED' })
    const outcome = isMade ? 'done again' : 'resumed'
    const last = isMade ? 'up to date' : 'done'
    t.strictSame(processed(outcomes(await run())), [
      'a process: up to date', `b process: ${outcome}`, `c process: ${last}`
    ])
    strictSame(t, resultIn(folder), resultIn(whole.folder))
  }
})

t.test('a run that is stopped is not resumed after earlier components have changed', async t => {
  const { folder, manifest, options, write, run } = mixtureIn(t)
  const error = await stoppedInFlow(
    () => join(folder, 'shards/b/checkpoint.json'),
    signal => processMixture(manifest, { ...options, checkpointEvery: 5 }, { signal })
  )
  t.match(error, { code: 'ERR_ABORTED' })
  write('a', CORPORA.a.slice(1))
  t.match(await failure(run()), { message: /b: .*dedup: documents of earlier components have changed; .*--restart/ })
  await run({ restart: true })
  t.strictSame(keptIn(folder), expectedOf({ ...CORPORA, a: CORPORA.a.slice(1) }))
})

t.test('a component that fails makes the later ones fail, by its name', async t => {
  const { folder, manifest, options, write } = mixtureIn(t)
  put(folder, 'b.ndjson', 'no JSON\n')
  const failed = [
    { name: 'b', code: 'ERR_BAD_RECORDS' },
    { name: 'c', code: 'ERR_COMPONENT', error: /documents with those of b, which was not made; it is made once b is/ }
  ]
  t.match(await failure(processMixture(manifest, options)), { code: 'ERR_COMPONENT', stats: { failed } })
  write('b', CORPORA.b)
  await processMixture(manifest, options)
  t.strictSame(keptIn(folder), expectedOf(CORPORA))
})

t.test('a file of keys that is lost, cut or changed is reported or made again', async t => {
  const { folder, run, keysOf, write } = mixtureIn(t)
  await run()
  const whole = resultIn(folder)
  unlinkSync(keysOf('a'))
  t.strictSame(processed(outcomes(await run()))[0], 'a process: done again')
  unlinkSync(keysOf('b'))
  t.strictSame(processed(outcomes(await run({ verify: true })))[1], 'b process: done again')
  truncateSync(keysOf('b'), 16)
  t.strictSame(processed(outcomes(await run())), [
    'a process: up to date', 'b process: done again', 'c process: up to date'
  ])
  strictSame(t, resultIn(folder), whole)
  const keys = readFileSync(keysOf('a'))
  keys[40]! ^= 1
  writeFileSync(keysOf('a'), keys)
  t.match((await run({ dryRun: true, verify: true })).steps.map(({ why }) => why), [/./, /a\.dedup-keys: was changed/])
  write('c', CORPORA.c.slice(1))
  t.match(await failure(run()), { message: /a\.dedup-keys: was changed since .*; delete it, and run/ })
  unlinkSync(keysOf('a'))
  await run()
  t.strictSame(keptIn(folder), expectedOf({ ...CORPORA, c: CORPORA.c.slice(1) }))
})

t.test('a file of another kind is not replaced, and keys that are not needed any more are deleted', async t => {
  const { folder, manifest, options, keysOf, run } = mixtureIn(t)
  put(folder, 'shards/b.dedup-keys', 'notes on the keys')
  const message = /b\.dedup-keys: is not hashes of documents for dedup, which would replace it; name another file/
  t.match(await failure(run()), { code: 'ERR_OUTPUT_EXISTS', message })
  t.notOk(existsSync(join(folder, 'stats.json')))
  unlinkSync(keysOf('b'))
  await run()
  put(folder, 'mix.yaml', readFileSync(manifest, 'utf8').replace('"scope":"mixture"', '"scope":"component"'))
  put(folder, 'shards/c.dedup-keys.partial', 'of a stopped run')
  await processMixture(manifest, options)
  t.strictSame(Object.keys(contentIn(folder)).filter(name => name.includes('dedup')), [])
})

t.test('tasks refuse it', async t => {
  const { manifest, options: { runsDir } } = mixtureIn(t)
  const message = /dedup: tasks don't compare components with each other; set scope: component/
  t.match(await failure(plan(manifest, { runsDir })), { code: 'ERR_OPTION', message })
})

t.test('versions reuse a component as long as the same documents of it are duplicates', async t => {
  const datasets = (['a', 'b', 'c'] as const).map(name =>
    `  - { name: ${name}, dataset: json, data_files: DIR/${name}.ndjson, output_dir: shards/${name}, seq_len: 16 }\n`)
  const yaml = `stats: stats.json\ndedup: { scope: mixture }\ndatasets:\n${datasets.join('')}`
  const { folder, run } = versioned(t, yaml)
  for (const [name, documents] of Object.entries(CORPORA)) put(folder, `${name}.ndjson`, ndjsonOf(documents))
  await run()
  put(folder, 'a.ndjson', ndjsonOf([...CORPORA.a, doc('copy', CORPORA.a[0]!.text)]))
  const reused = ['b process: reused', 'c process: reused']
  t.strictSame(processed(outcomes(await run())), ['a process: done', ...reused])
  t.strictSame((await run()).version!.why, [], 'all is up to date, although the keys before b and c are others')
  put(folder, 'a.ndjson', ndjsonOf(CORPORA.a.slice(30)))
  const [a, b] = processed(outcomes(await run()))
  t.strictSame([a, b], ['a process: done', 'b process: done again'])
  t.strictSame((await run()).version!.why, [])
})
