import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { z } from 'zod'
import type { Component } from '../../../recipes/manifest/schema.ts'
import type { Encoder } from '../../../lib/tokenizer/tokenizer.ts'
import { loadZstdCompressor } from '../../../lib/zstd/compress.ts'
import type { ComponentStats } from '../../../recipes/components/component-stats.ts'
import { componentStatus, shardComponent } from '../../../recipes/components/component.ts'
import { corpusComponent, corpusOptions } from '../../../recipes/components/corpus.ts'
import { findComponent } from '../../../recipes/components/find.ts'
import type { ShardOptions } from '../../../recipes/components/shard-job.ts'
import { contentIn, failure, filesIn, folderInMemory, howMany, isThorough, put } from '../../helpers.ts'
import { writeParquet } from '../../parquet-writer.ts'

const zstd = await loadZstdCompressor()

const EVERY = 3
const KILLED = new Error('killed')

/** An id for each UTF-16 unit; `each` is called before a text is encoded. */
function tokenizer (each: () => void = () => {}): Encoder {
  return {
    append (text, ids) {
      each()
      for (let i = 0; i < text.length; i++) ids.push(3 + text.charCodeAt(i) % 250)
    },
    vocabSize: 256,
    eosId: 2,
    sha256: 'ab'.repeat(32)
  }
}

/** Texts that pass the filters, are too short, or are duplicates. */
const TEXTS = Array.from({ length: howMany(24, 34) }, (_, i) =>
  i % 7 === 3 ? 'x' : i % 5 === 4 ? 'a text  that is there again' : `text number ${i} `.repeat(1 + i % 4))
const LINES = Buffer.from(TEXTS.map((text, i) =>
  (i % 6 === 5 ? 'no json\n\n' : '') + JSON.stringify({ id: `d${i}`, text, n: i }) + '\n').join(''))

const inputs: Readonly<Record<string, () => Buffer | Promise<Buffer>>> = {
  'a.ndjson': () => LINES,
  'a.ndjson.gz': () => gzipSync(LINES),
  'a.ndjson.zst': () => Buffer.concat([zstd(LINES.subarray(0, 500)), zstd(LINES.subarray(500))]),
  'a.parquet': () => writeParquet([{ name: 'text', data: TEXTS, type: 'STRING' }], {
    codec: 'SNAPPY', pageSize: 200, rowGroupSize: [5, 9]
  })
}

const settings: Readonly<Record<string, (out: string) => Partial<Component>>> = {
  'shards alone': () => ({}),
  'with copies, rejects and a limit': out => ({
    rawDir: join(out, 'raw'),
    filteredDir: join(out, 'filtered'),
    rejects: join(out, 'rejects.ndjson.gz'),
    maxRecords: 15
  }),
  'with a filtered copy and rejects': out => ({
    filteredDir: join(out, 'filtered'), rejects: join(out, 'rejects.ndjson')
  })
}

interface Setting {
  readonly component: Component
  /** The folder of all outputs. */
  readonly out: string
}

async function settingOf (
  t: Parameters<typeof folderInMemory>[0],
  input: string,
  options: (out: string) => Partial<Component> = () => ({})
): Promise<Setting> {
  const folder = folderInMemory(t)
  const out = join(folder, 'out')
  const dataFiles = put(folder, input, await inputs[input]!())
  const corpus = corpusComponent(z.object(corpusOptions).parse({
    name: 'web', dataset: input.endsWith('parquet') ? 'parquet' : 'json', dataFiles
  }), [
    { stage: 'normalize', options: {} }, { stage: 'length', options: { minChars: 2, maxChars: 1000 } }, {
      stage: 'dedup', options: { window: 9 }
    }
  ])
  return {
    out, component: { ...corpus, seqLen: 16, sequencesPerShard: 5, outputDir: join(out, 'shards'), ...options(out) }
  }
}

interface Killed {
  readonly killAt?: number
  readonly by?: 'error' | 'signal'
}

/** Processes a component. The run fails when its `killAt`-th document is encoded. */
async function shard (
  { component }: Setting,
  { killAt = Infinity, by = 'error', ...options }: Partial<ShardOptions> & Killed = {}
): Promise<ComponentStats & { readonly encoded: number }> {
  const stop = new AbortController()
  let encoded = 0
  const counting = tokenizer(() => {
    if (++encoded !== killAt) return
    if (by === 'error') throw KILLED
    stop.abort()
  })
  const stats = await shardComponent(await findComponent(component, {}), {
    tokenizer: counting, checkpointEvery: EVERY, maxBad: { share: 0.5 }, signal: stop.signal, ...options
  })
  return { ...stats, encoded }
}

function contentOf ({ out }: Setting): Record<string, string> {
  return contentIn(out)
}

function comparable ({ seconds, encoded, ...stats }: ComponentStats & { encoded: number }): object {
  return stats
}

interface WholeRun {
  readonly stats: object
  readonly content: Record<string, string>
  readonly encoded: number
}

/** The result of an uninterrupted run; the folder is empty afterwards. */
async function inOneGo (setting: Setting): Promise<WholeRun> {
  const whole = await shard(setting)
  const content = contentOf(setting)
  rmSync(setting.out, { recursive: true })
  return { stats: comparable(whole), content, encoded: whole.encoded }
}

const kills: ReadonlyArray<readonly [input: string, kind: keyof typeof settings, killAt: number]> = [
  ['a.ndjson', 'shards alone', EVERY + 1],
  ['a.ndjson', 'with a filtered copy and rejects', EVERY + 2],
  ['a.ndjson.gz', 'with copies, rejects and a limit', EVERY + 1],
  ['a.ndjson.zst', 'with a filtered copy and rejects', 2 * EVERY],
  ['a.parquet', 'shards alone', 3 * EVERY],
  ['a.parquet', 'with copies, rejects and a limit', EVERY + 2]
]

for (const [input, kind, killAt] of kills.filter((_, i) => isThorough() || i % 2 === 0)) {
  t.test(`${input}, ${kind}: killed at every ${killAt}th document, the bytes and stats equal one pass`, async t => {
    const setting = await settingOf(t, input, settings[kind])
    const whole = await inOneGo(setting)
    t.ok(Object.keys(whole.content).filter(name => name.endsWith('.npy')).length >= 2)
    const by = killAt % 2 === 0 ? 'error' : 'signal'
    let runs = 0
    let stats: object | undefined
    while (stats === undefined) {
      if (++runs > whole.encoded) throw new Error('no run gets on')
      stats = await shard(setting, { killAt, by }).then(comparable, (error: unknown) => {
        if (error !== KILLED && (error as { code: string }).code !== 'ERR_ABORTED') throw error
        return undefined
      })
    }
    t.ok(runs >= whole.encoded / killAt, `${runs} runs`)
    t.strictSame(stats, whole.stats)
    t.strictSame(contentOf(setting), whole.content)
  })
}

t.test('after a kill at any document, only the documents since the checkpoint are encoded again', async t => {
  const setting = await settingOf(t, 'a.ndjson', settings['with copies, rejects and a limit'])
  const whole = await inOneGo(setting)
  for (let killAt = 1; killAt <= whole.encoded; killAt += howMany(10, 1)) {
    const by = killAt % 2 === 0 ? 'error' : 'signal'
    t.match(await failure(shard(setting, { killAt, by })), by === 'error'
      ? { message: 'killed' }
      : { code: 'ERR_ABORTED' })
    const rest = await shard(setting)
    t.ok(killAt + rest.encoded <= whole.encoded + EVERY, `${killAt}, then ${rest.encoded} of ${whole.encoded}`)
    t.strictSame(comparable(rest), whole.stats, `killed at ${killAt}`)
    t.strictSame(contentOf(setting), whole.content, `killed at ${killAt}`)
    rmSync(setting.out, { recursive: true })
  }
})

t.test('shards that were finished before the first checkpoint are made again', async t => {
  const { component, out } = await settingOf(t, 'a.ndjson')
  const texts = Array.from({ length: 150 }, (_, i) => JSON.stringify({ text: `text number ${i}` }) + '\n')
  const setting = { out, component: { ...component, filters: [], dataFiles: put(out, 'in.ndjson', texts.join('')) } }
  const whole = comparable(await shard(setting))
  const content = contentOf(setting)
  rmSync(component.outputDir, { recursive: true })
  let shards = 0
  for (const killAt of [60, 80, 100]) { // the documents of some shards are in progress before a barrier arrives
    await failure(shard(setting, { killAt, checkpointEvery: 1000 }))
    if (filesIn(out).includes('shards/shard_00000.npy')) shards++
    t.strictSame(comparable(await shard(setting, { checkpointEvery: 1000 })), whole)
    t.strictSame(contentOf(setting), content)
    rmSync(component.outputDir, { recursive: true })
  }
  t.ok(shards > 0)
})

t.test('a finished component is not repeated; its missing outputs are made again', async t => {
  const setting = await settingOf(t, 'a.ndjson', settings['with copies, rejects and a limit'])
  const { component, out } = setting
  const options = { tokenizer: tokenizer(), maxBad: { share: 0.5 } }
  t.match(await componentStatus(await findComponent(component, {}), options), {
    pull: { is: 'new' }, shards: { is: 'new', why: /its raw copy does not exist yet/ }
  })
  await failure(shard(setting, { killAt: 8 }))
  t.match(await componentStatus(await findComponent(component, {}), options), {
    pull: { is: 'finished' }, shards: { is: 'started' }
  })
  const first = await shard(setting)
  const content = contentOf(setting)
  const again = async (encoded: number, given: Partial<ShardOptions> = {}): Promise<void> => {
    const stats = await shard(setting, given)
    t.equal(stats.encoded, encoded)
    t.strictSame(comparable(stats), comparable(first))
    t.strictSame(contentOf(setting), content)
  }
  await again(0)
  t.match(await componentStatus(await findComponent(component, {}), options), {
    pull: { is: 'finished' }, shards: { is: 'finished' }
  })
  rmSync(join(out, 'shards/shard_00001.npy'))
  t.match(
    await componentStatus(await findComponent(component, {}), options),
    { shards: { is: 'damaged', why: /shard_00001\.npy/ } }
  )
  await again(15)
  put(out, 'filtered/web.ndjson.gz', 'x')
  await again(15)
  const shardBytes = readFileSync(join(out, 'shards/shard_00001.npy'))
  shardBytes[shardBytes.length - 1]! ^= 1
  put(out, 'shards/shard_00001.npy', shardBytes)
  t.equal((await shard(setting)).encoded, 0, 'its size is unchanged')
  await again(15, { verify: true })
  rmSync(join(out, 'raw'), { recursive: true })
  await again(15)
  await again(15, { restart: true })
  t.strictSame((await shardComponent(
    await findComponent({ ...component, license: 'CC0-1.0' }, {}), { ...options, checkpointEvery: EVERY }
  )).license, 'CC0-1.0', 'settings without effect are updated')
})

t.test('with another tokenizer or setting, a partial component is refused and a finished one is repeated', async t => {
  const setting = await settingOf(t, 'a.ndjson')
  await failure(shard(setting, { killAt: 9 }))
  const other = { ...setting, component: { ...setting.component, seqLen: 8 } }
  const before = contentOf(setting)
  t.match(await failure(shard(other)), { code: 'ERR_CHECKPOINT', message: /seq_len.*16.*8/ })
  t.match(
    await failure(shard(setting, { tokenizer: { ...tokenizer(), sha256: 'cd'.repeat(32) } })),
    { code: 'ERR_CHECKPOINT', message: /tokenizer_sha256/ }
  )
  t.strictSame(contentOf(setting), before)
  const restarted = await shard(other, { restart: true })
  t.equal(restarted.seq_len, 8)
  t.notOk(filesIn(setting.out).some(name => name.endsWith('.partial')))
  t.equal((await shard(setting)).seq_len, 16)
})
