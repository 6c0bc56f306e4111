/** The key `dedup` of a manifest: each text is kept once in a component. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Document } from '../../lib/document.ts'
import { GlobalDedup } from '../../recipes/flow/global-dedup.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { verify } from '../../recipes/verify.ts'
import { doc, failure, folderInMemory, howMany, ndjsonOf, put, strictSame } from '../helpers.ts'
import { stoppedInFlow } from '../resuming.ts'
import { randomNumbers } from '../shuffles.ts'
import { type Test, t } from '../tap.ts'
import { type Dataset, jsonLines, manifestIn, resultIn, runTasks } from './mixture/tasks/sample.ts'

const DEDUP = { dedup: { scope: 'component', memory: '1MiB' } }
const SMALL = { seq_len: 16, sequences_per_shard: 20, eos_id: 2 }
const FILTERS = ['normalize', { length: { min_chars: 3 } }]

/** Documents of which most have the text of an earlier one, some of them with other spaces. */
function documents (count: number): Document[] {
  const below = randomNumbers(3)
  return Array.from({ length: count }, (_, i) => {
    const text = `the text number ${below(Math.floor(count / 3))}`
    return doc(`d${i}`, below(4) === 0 ? text.replaceAll(' ', '  ') : text)
  })
}

/** The first document with each text. */
function firsts (all: readonly Document[], textOf = (text: string): string => text): Document[] {
  const seen = new Set<string>()
  return all.filter(({ text }) => seen.size < seen.add(textOf(text)).size)
}

function datasetsIn (inputs: string, folder: string): Dataset[] {
  const all = { dataset: 'json', filters: FILTERS, ...SMALL, filtered_dir: join(folder, 'kept') }
  const window = [...FILTERS, { dedup: { window: 5 } }]
  return [
    { name: 'a', data_files: join(inputs, 'a.ndjson'), ...all, rejects: join(folder, 'rejects/a.ndjson') },
    { name: 'b', data_files: join(inputs, '*.ndjson'), ...all, filters: window },
    { name: 'few', data_files: join(inputs, 'a.ndjson'), ...all, max_records: 30 }
  ]
}

/** Runs a manifest, and returns the files and stats. */
async function run (t: Test, inputs: string, workers: number): Promise<Record<string, unknown>> {
  const folder = folderInMemory(t)
  const manifest = manifestIn(folder, datasetsIn(inputs, folder), DEDUP)
  await processMixture(manifest, { workers, runsDir: join(folder, 'runs'), maxBad: '50%' })
  t.notOk(existsSync(join(folder, 'shards/a/dedup.keys.partial')), 'the keys are deleted')
  const result = resultIn(folder)
  await verify(join(folder, 'stats.json'), { inventory: join(folder, 'inventory.md') })
  return result
}

t.test('the first document with each text of a component is kept, with any number of threads', async t => {
  const inputs = folderInMemory(t)
  const all = documents(240)
  put(inputs, 'a.ndjson', ndjsonOf(all))
  const result = await run(t, inputs, 1)
  const normalized = (text: string): string => text.replaceAll('  ', ' ')
  const kept = firsts(all, normalized)
  const idsIn = (name: string): string[] =>
    String(result[name]).trimEnd().split('\n').map(line => (JSON.parse(line) as Document).id)
  const copies = Object.keys(result).filter(name => name.startsWith('kept/'))
  t.equal(copies.length, 3)
  for (const name of copies) {
    const expected = kept.slice(0, name.includes('few') ? 30 : kept.length).map(({ id }) => id)
    t.strictSame(idsIn(name), expected, name)
  }
  const { stats } = result.stats as { stats: Array<{ dropped: Record<string, number>, records: number }> }
  t.equal(stats[0]!.dropped['global_dedup.duplicate'], all.length - kept.length)
  t.equal(stats[1]!.records, kept.length)
  t.ok(stats[1]!.dropped['dedup.duplicate']! > 0, 'the window drops some of them')
  t.equal(stats[2]!.records, 30, 'max_records counts what is left')
  const rejects = String(result['rejects/a.ndjson']).trim().split('\n')
    .map(line => JSON.parse(line) as { reason: string, position: string | null })
  t.equal(rejects.filter(({ reason }) => reason === 'global_dedup.duplicate').length, all.length - kept.length)
  t.ok(rejects.every(({ position }) => position?.includes('a.ndjson#')))
  strictSame(t, await run(t, inputs, 2), result, 'two threads')
})

t.test('a run that is stopped again and again makes the same shards', async t => {
  const inputs = folderInMemory(t)
  put(inputs, 'a.ndjson', ndjsonOf(documents(howMany(120, 400))))
  const whole = await run(t, inputs, 1)
  const folder = folderInMemory(t)
  const manifest = manifestIn(folder, datasetsIn(inputs, folder), DEDUP)
  const options = { workers: 1, runsDir: join(folder, 'runs'), maxBad: '50%', checkpointEvery: 7 }
  const checkpoint = join(folder, 'shards/a/checkpoint.json')
  const error = await stoppedInFlow(() => checkpoint, signal => processMixture(manifest, options, { signal }))
  t.match(error, { code: 'ERR_ABORTED', message: /resumes from the last checkpoint/ })
  const keys = readFileSync(join(folder, 'shards/a/dedup.keys.partial')).length
  t.ok(keys > 0 && keys % 16 === 0, `${keys} bytes of keys`)
  await processMixture(manifest, options)
  strictSame(t, resultIn(folder), whole)
  t.strictSame(readdirSync(join(folder, 'shards/a')).filter(name => name.includes('keys')), [])
})

t.test('keys that were changed since the checkpoint are reported', async t => {
  const inputs = folderInMemory(t)
  put(inputs, 'a.ndjson', ndjsonOf(documents(150)))
  const folder = folderInMemory(t)
  const manifest = manifestIn(folder, datasetsIn(inputs, folder), DEDUP)
  const options = { workers: 1, runsDir: join(folder, 'runs'), checkpointEvery: 7 }
  const checkpoint = join(folder, 'shards/a/checkpoint.json')
  await stoppedInFlow(() => checkpoint, signal => processMixture(manifest, options, { signal }))
  put(folder, 'shards/a/dedup.keys.partial', 'x')
  t.match(await failure(processMixture(manifest, options)), { message: /dedup\.keys\.partial: .*--restart/ })
})

t.test('tasks make the same files and stats as process-mixture', async t => {
  const inputs = folderInMemory(t)
  put(inputs, 'a.ndjson', jsonLines(howMany(120, 220), 1))
  put(inputs, 'b.ndjson', jsonLines(60, 2).trimEnd())
  const whole = await run(t, inputs, 1)
  for (const [unitBytes, world] of ([[1500, 3], [400, 7]] as const).slice(0, howMany(1, 2))) {
    const folder = folderInMemory(t)
    const manifest = manifestIn(folder, datasetsIn(inputs, folder), DEDUP)
    await runTasks(manifest, { unitBytes, world }, { runsDir: join(folder, 'runs'), maxBad: '50%' })
    strictSame(t, resultIn(folder), whole)
  }
})

t.test('keys that don\'t fit into the memory are on disk, also when a run is resumed', async t => {
  const folder = folderInMemory(t)
  const all = Array.from({ length: howMany(9000, 200_000) }, (_, i) => doc(`d${i}`, `text ${(i * 7919) % 7000}`))
  const options = { memory: 2 ** 17, path: join(folder, 'keys'), resumable: true }
  const kept: Document[] = []
  const pass = async (some: readonly Document[], state: unknown): Promise<unknown> => {
    const dedup = new GlobalDedup(options)
    dedup.restore(state)
    const stage = dedup.ofDocuments({})
    let saved: unknown = null
    await pipeline(Readable.from(some), stage, new Writable({
      objectMode: true,
      write (document: Document, _, done) {
        kept.push(document)
        done()
      },
      final (done) {
        dedup.save().then(state => { saved = state; done() }, done)
      }
    }))
    await dedup.close()
    return saved
  }
  const middle = all.length - 3000
  const state = await pass(all.slice(0, middle), null)
  await pass(all.slice(middle), state)
  t.strictSame(kept.map(({ id }) => id), firsts(all).map(({ id }) => id))
})

t.test('mistakes in the key', async t => {
  const folder = folderInMemory(t)
  put(folder, 'a.ndjson', ndjsonOf(documents(9)))
  for (const [dedup, message] of [
    [{ scope: 'all' }, /scope|component/], [{ memory: '1kB' }, /at least 1MiB/], [{ window: 5 }, /window/],
    ['yes', /mapping/]
  ] as const) {
    const manifest = manifestIn(folder, datasetsIn(folder, folder), { dedup })
    t.match(await failure(processMixture(manifest)), { code: 'ERR_MANIFEST', message })
  }
})
