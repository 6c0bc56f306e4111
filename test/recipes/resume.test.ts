/** No finished work is lost or repeated, whatever has happened to files, disks and clocks since. */
import {
  existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync
} from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { codeOf } from '../../lib/errors.ts'
import { readBytes } from '../../lib/input/read.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import type { MixtureResult } from '../../recipes/mixture/stats.ts'
import { type MixtureError, processMixture } from '../../recipes/process-mixture.ts'
import { remount, smallDisk } from '../disks.ts'
import { docs, failure, filesIn, fixture, folderInMemory, howMany, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { stoppedAt } from '../resuming.ts'
import { type Test, t } from '../tap.ts'

const MODEL = fixture('tiny.model')
const DOCUMENTS = howMany(40, 60)
const EVERY = 2
const tokenizer = await loadTokenizer(MODEL)

/** A mixture in a separate folder, and a function that runs it. */
interface Mixture {
  readonly folder: string
  readonly outputDir: string
  /** `encoding` is called with the number of each document before it is encoded. */
  readonly run: (more?: {
    readonly restart?: boolean
    readonly verify?: boolean
    readonly signal?: AbortSignal
    readonly checkpointEvery?: number
    readonly encoding?: (n: number) => void
  }) => Promise<MixtureResult>
  /** The number of documents that all runs have encoded. */
  readonly encoded: () => number
  /** The messages of all runs. */
  readonly told: string[]
}

function mixture (
  t: Test,
  { outputDir, sequencesPerShard = 1000, names = ['a'] }: {
    readonly outputDir?: string | undefined
    readonly sequencesPerShard?: number
    readonly names?: readonly string[]
  } = {}
): Mixture {
  const folder = folderInMemory(t)
  const output = outputDir ?? join(folder, 'shards')
  const manifest = put(folder, 'm.yaml', JSON.stringify(names.map(name => ({
    name,
    dataset: 'json',
    data_files: put(folder, `${name}.ndjson`, ndjsonOf(docs(DOCUMENTS, `a text of ${name}`))),
    filters: ['normalize', { dedup: { window: 7 } }],
    seq_len: 16,
    sequences_per_shard: sequencesPerShard,
    output_dir: names.length === 1 ? output : join(output, name)
  }))))
  const told: string[] = []
  let encoded = 0
  return {
    folder,
    outputDir: output,
    told,
    encoded: () => encoded,
    run: async ({ signal, encoding = () => {}, ...more } = {}) => {
      const append: typeof tokenizer.append = (text, ids) => {
        encoding(++encoded)
        tokenizer.append(text, ids)
      }
      const options = {
        tokenizerPath: MODEL,
        logFile: join(folder, 'stats.json'),
        runsDir: join(folder, 'runs'),
        checkpointEvery: EVERY
      }
      return await processMixture(manifest, { ...options, ...more }, {
        tokenizer: { ...tokenizer, append }, signal, tell: message => { told.push(message) }
      })
    }
  }
}

/** Stops it after its first checkpoint. */
async function stop ({ outputDir, run }: Mixture): Promise<void> {
  const error = await stoppedAt(join(outputDir, 'checkpoint.json'), signal => run({ signal }))
  if (codeOf(error) !== 'ERR_ABORTED') throw error
}

/** Every shard below a folder, by name. */
function shards (folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(filesIn(folder).filter(name => /\.(npy|docs)$/.test(name)).map(name =>
    [name, readFileSync(join(folder, name), 'latin1')]))
}

/** The shards of an uninterrupted run. */
async function wholeShards (t: Test, options: Parameters<typeof mixture>[1] = {}): Promise<ReturnType<typeof shards>> {
  const { run, outputDir } = mixture(t, { ...options, outputDir: undefined })
  await run({ checkpointEvery: howMany(1000, EVERY) })
  return shards(outputDir)
}

/**
 * Resumes a stopped mixture: it makes the same shards, and encodes at most the documents between two checkpoints again.
 */
async function goesOn (
  t: Test,
  { run, outputDir, encoded, told }: Mixture,
  whole: ReturnType<typeof shards>,
  kills = 1
): Promise<void> {
  const { stats } = await run()
  t.strictSame(shards(outputDir), whole)
  t.ok(encoded() <= DOCUMENTS + kills * EVERY, `${encoded()} documents were encoded`)
  t.match(stats, [{ records: DOCUMENTS, read: DOCUMENTS }])
  t.match(told.at(-1), /^a: resumes after document \d+$/)
  t.strictSame(filesIn(outputDir), ['checkpoint.json', ...Object.keys(whole)])
}

const numbersOf = ({ stats }: MixtureResult): unknown =>
  stats.map(({ seconds, output_dir: output, data_files: files, ...rest }) => rest)

t.test('a finished component is not repeated unless its shards or input have changed', async t => {
  const SHAPE = { sequencesPerShard: howMany(6, 10), names: ['a', 'b'] }
  const { folder, outputDir, run: runEvery, told, encoded } = mixture(t, SHAPE)
  const run: typeof runEvery = more => runEvery({ checkpointEvery: howMany(1000, EVERY), ...more })
  const first = await run()
  const whole = shards(outputDir)
  t.ok(Object.keys(whole).length > 6)
  const shard = join(outputDir, 'a/shard_00001.npy')
  const changes: ReadonlyArray<[change: () => void, why: RegExp]> = [
    [() => { rmSync(shard) }, /^a: is done again: .*shard_00001\.npy: is not there, expected a shard of \d+ bytes$/],
    [() => { truncateSync(shard, 300) }, /^a: is done again: .*shard_00001\.npy: .*300 bytes.*expected/],
    [() => { rmSync(join(outputDir, 'a'), { recursive: true }) }, /^$/],
    [() => { utimesSync(join(folder, 'a.ndjson'), 1e9, 1e9) }, /^a: is done again: .*a\.ndjson: was changed at/]
  ]
  for (const [change, why] of changes.slice(0, howMany(2, 4))) {
    const times = filesIn(join(outputDir, 'b')).map(name => statSync(join(outputDir, 'b', name)).mtimeMs)
    change()
    told.length = 0
    const before = encoded()
    const again = await run()
    t.strictSame(shards(outputDir), whole)
    t.strictSame(numbersOf(again), numbersOf(first))
    t.equal(encoded() - before, DOCUMENTS, 'the documents of one component')
    t.strictSame(filesIn(join(outputDir, 'b')).map(name => statSync(join(outputDir, 'b', name)).mtimeMs), times)
    t.match(told.length === 2 ? told[0] : '', why)
    t.equal(told.at(-1), 'b: is finished, and up to date')
  }
  told.length = 0
  const before = encoded()
  t.strictSame((await run()).stats, JSON.parse(JSON.stringify((await run({ verify: true })).stats)))
  t.strictSame(new Set(told), new Set(['a: is finished, and up to date', 'b: is finished, and up to date']))
  t.equal(encoded(), before)
})

t.test('a changed byte in a shard is found by --verify, and the shard is made again', async t => {
  const { outputDir, run: runEvery, told } = mixture(t)
  const run: typeof runEvery = more => runEvery({ checkpointEvery: howMany(1000, EVERY), ...more })
  await run()
  const whole = shards(outputDir)
  const path = join(outputDir, 'shard_00000.npy')
  const bytes = readFileSync(path)
  bytes[bytes.length - 4]! ^= 1
  writeFileSync(path, bytes)
  await run()
  t.equal(told.at(-1), 'a: is finished, and up to date')
  await run({ verify: true })
  t.match(told.at(-1), /^a: is done again: .*shard_00000\.npy: .*SHA-256/)
  t.strictSame(shards(outputDir), whole)
})

/** Until the test ends, the second rename to a path fails. */
function failSecondRename (t: Test, to: string): void {
  let n = 0
  const { rename } = fs
  const failing: typeof rename = async (from, path) => {
    if (path === to && ++n === 2) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    await rename(from, path)
  }
  Object.assign(fs, { rename: failing })
  syncBuiltinESMExports()
  t.teardown(() => {
    Object.assign(fs, { rename })
    syncBuiltinESMExports()
  })
}

t.test('a run that ends between its first shard and its first checkpoint recognizes the shard', async t => {
  for (const sequencesPerShard of [10, 1000]) {
    await t.test(`${sequencesPerShard} sequences`, async t => {
      const whole = await wholeShards(t, { sequencesPerShard })
      const { run, outputDir, told } = mixture(t, { sequencesPerShard })
      failSecondRename(t, join(outputDir, 'checkpoint.json'))
      t.match(
        await failure(run({ checkpointEvery: 1000 })),
        { stats: { failed: [{ code: 'ERR_OUTPUT', error: /checkpoint\.json: cannot be written: EIO/ }] } }
      )
      t.ok(existsSync(join(outputDir, 'shard_00000.npy')))
      await run()
      t.equal(told.at(-1), 'a: starts over: it had not reached a checkpoint')
      t.strictSame(shards(outputDir), whole)
    })
  }
})

t.test('a run that starts over and is stopped before its first checkpoint: ' +
  'the shards of the one before are there until then, and give way', async t => {
  const { run, outputDir, told } = mixture(t, { sequencesPerShard: 10 })
  await run()
  const whole = shards(outputDir)
  const stop = new AbortController()
  t.match(
    await failure(run({ restart: true, signal: stop.signal, encoding: () => { stop.abort() } })),
    { code: 'ERR_ABORTED' }
  )
  t.strictSame(shards(outputDir), whole)
  await run()
  t.equal(told.at(-1), 'a: starts over: it had not reached a checkpoint')
  t.strictSame(shards(outputDir), whole)
})

t.test('a run is resumed after its folder was read-only', async t => {
  const outputDir = smallDisk(t, 'size=1m')
  if (outputDir === null) return
  const whole = await wholeShards(t)
  const stopped = mixture(t, { outputDir })
  await stop(stopped)
  const before = filesIn(outputDir).map(name => [name, readFileSync(join(outputDir, name), 'latin1')])
  remount(outputDir, 'ro')
  const error = await failure(stopped.run()) as MixtureError
  remount(outputDir, 'rw')
  t.match(error.stats.failed, [{
    name: 'a', code: 'ERR_OUTPUT', error: /checkpoint\.json\.lock: cannot be written: the file system is read-only/
  }])
  t.strictSame(filesIn(outputDir).map(name => [name, readFileSync(join(outputDir, name), 'latin1')]), before)
  await goesOn(t, stopped, whole)
})

t.test('without disk space for a checkpoint, the previous one is kept', async t => {
  const outputDir = smallDisk(t, 'size=64k')
  if (outputDir === null) return
  const whole = await wholeShards(t)
  const stopped = mixture(t, { outputDir })
  await stop(stopped)
  const path = join(outputDir, 'checkpoint.json')
  const ballast = join(outputDir, 'ballast')
  const began = stopped.encoded()
  let standing = ''
  const fill = (n: number): void => {
    if (n !== began + 9) return
    standing = readFileSync(path, 'latin1')
    try {
      writeFileSync(ballast, Buffer.alloc(64 * 1024))
    } catch (error) {
      if (codeOf(error) !== 'ENOSPC') throw error
    }
  }
  const error = await failure(stopped.run({ encoding: fill })) as MixtureError
  t.match(error.stats.failed, [{
    name: 'a',
    code: 'ERR_OUTPUT',
    error: /checkpoint\.json: cannot be written: no space left on the device; free disk space and run it again/
  }])
  t.ok(stopped.encoded() <= began + 9 + EVERY, 'it stopped there')
  t.equal(readFileSync(path, 'latin1'), standing)
  const partials = ['shard_00000.docs.partial', 'shard_00000.npy.partial']
  t.strictSame(filesIn(outputDir), ['ballast', 'checkpoint.json', ...partials])
  rmSync(ballast)
  await goesOn(t, stopped, whole, 2)
})

t.test('a clock that is set back doesn\'t matter', async t => {
  const whole = await wholeShards(t)
  const stopped = mixture(t)
  await stop(stopped)
  for (const name of filesIn(stopped.outputDir)) utimesSync(join(stopped.outputDir, name), 4e9, 4e9)
  mock.timers.enable({ apis: ['Date'], now: 0 })
  t.teardown(() => { mock.timers.reset() })
  await goesOn(t, stopped, whole)
  t.match(await stopped.run(), { stats: [{ records: DOCUMENTS }] })
  t.equal(stopped.told.at(-1), 'a: is finished, and up to date')
})

t.test('outputs on another file system, through links', async t => {
  const disk = smallDisk(t, 'size=1m')
  if (disk === null) return
  const whole = await wholeShards(t, { sequencesPerShard: 10 })
  const folder = temporaryFolder(t)
  const outputDir = join(folder, 'link')
  mkdirSync(join(disk, 'shards'))
  symlinkSync(join(disk, 'shards'), outputDir)
  const stopped = mixture(t, { outputDir, sequencesPerShard: 10 })
  await stop(stopped)
  await goesOn(t, stopped, whole)
  t.strictSame(shards(join(disk, 'shards')), whole)

  const outputPath = join(folder, 'out.ndjson.gz')
  symlinkSync(put(disk, 'out.ndjson.gz', 'old'), outputPath)
  const options = {
    dataFiles: join(stopped.folder, 'a.ndjson'), targetLang: 'any', minChars: 1, checkpointEvery: EVERY, outputPath
  }
  t.match(
    await stoppedAt(`${outputPath}.checkpoint.json`, signal => filterCorpus(options, { signal })),
    { code: 'ERR_ABORTED' }
  )
  t.equal(readFileSync(join(disk, 'out.ndjson.gz'), 'utf8'), 'old')
  t.match(await filterCorpus(options), { kept: DOCUMENTS })
  t.equal(gunzipSync(readFileSync(join(disk, 'out.ndjson.gz'))).toString(), ndjsonOf(docs(DOCUMENTS, 'a text of a')))
  t.strictSame(filesIn(disk).filter(name => !name.startsWith('shards/')), ['out.ndjson.gz'])
})

t.test('filter-corpus resumes its output and its rejects, and leaves no other files', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'in.ndjson', ndjsonOf(docs(DOCUMENTS).flatMap((document, i) =>
    i % 3 === 0 ? [document, { ...document, text: 'x' }] : [document])))
  const options = (name: string): Parameters<typeof filterCorpus>[0] => ({
    dataFiles,
    targetLang: 'any',
    minChars: 5,
    checkpointEvery: EVERY,
    outputPath: join(folder, name, 'out.txt.zst'),
    rejects: join(folder, name, 'rejects.ndjson')
  })
  const clean = await filterCorpus(options('clean'))
  const checkpoint = join(folder, 'stopped/out.txt.zst.checkpoint.json')
  t.match(await stoppedAt(checkpoint, signal => filterCorpus(options('stopped'), { signal })), { code: 'ERR_ABORTED' })
  t.strictSame(filesIn(join(folder, 'stopped')), [
    'out.txt.zst.checkpoint.json', 'out.txt.zst.partial', 'rejects.ndjson.partial'
  ])
  const told: string[] = []
  const { seconds, output_path: path, ...counts } = await filterCorpus(
    options('stopped'), { tell: message => { told.push(message) } }
  )
  t.match(clean, counts)
  t.match(told, [/^json: resumes after document \d+$/])
  t.strictSame(filesIn(join(folder, 'stopped')), ['out.txt.zst', 'rejects.ndjson'])
  t.equal(readFileSync(join(folder, 'stopped/rejects.ndjson'), 'utf8'), readFileSync(join(
    folder, 'clean/rejects.ndjson'
  ), 'utf8'))
  const lines = async (name: string): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of readBytes(join(folder, name, 'out.txt.zst'))) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  t.equal(await lines('stopped'), await lines('clean'))
  t.ok(seconds > 0 && existsSync(path))
})
