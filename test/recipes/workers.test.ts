/** Threads make the same bytes as the main thread. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { z } from 'zod'
import { gzipSync } from 'node:zlib'
import type { Component, Filter } from '../../recipes/manifest/schema.ts'
import { findModel } from '../../lib/fasttext/model-use.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { shardComponent } from '../../recipes/components/component.ts'
import { corpusComponent, corpusOptions } from '../../recipes/components/corpus.ts'
import { findComponent } from '../../recipes/components/find.ts'
import type { ShardOptions } from '../../recipes/components/shard-job.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import type { RunOptions } from '../../recipes/flow/flow.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { languageOptions } from '../../transforms/language.ts'
import { ROOT, contentIn, failure, fixture, folderInMemory, howMany, isThorough, put } from '../helpers.ts'
import { modelPath } from '../lib/fasttext/fixtures.ts'
import { writeParquet } from '../parquet-writer.ts'
import { stoppedAt } from '../resuming.ts'

/** In `npm test` a small model, because each thread needs time to load the large one. */
const tokenizer = await loadTokenizer(fixture(isThorough() ? 'quickstart.model' : 'tiny.model'))

/** Texts that pass, are too short, are in another language, have white space to normalize, or are duplicates. */
const TEXTS = Array.from({ length: howMany(130, 400) }, (_, i) =>
  i % 11 === 3
    ? 'x'
    : i % 7 === 4
      ? `Der Müller öffnet das Tor an der Mühle, wenn das Wasser ${i} hoch ist.`
      : i % 5 === 4
        ? 'The text that is  there again, and again, and again.'
        : `The miller opens  the gate number ${i % 90} of the weir when the water is high. `.repeat(1 + i % 4))
const RECORDS = TEXTS.map((text, i) => ({ id: `d${i}`, text, n: i }))
const LINES = RECORDS.map((record, i) => (i % 60 === 5 ? 'no json\n\n{"text": 3}\n{}\n' : '') +
  JSON.stringify(i % 3 === 0 ? { text: record.text } : record) + '\n').join('')

const inputs: Readonly<Record<string, () => string | Buffer | Promise<Buffer>>> = {
  'a.ndjson': () => LINES,
  'a.ndjson.gz': () => gzipSync(LINES),
  'joined.ndjson': () => LINES.replace(/(?<=[02468]\})\n(?=\{)/g, '').replaceAll('\n{}\n', '{} no json\n'),
  'array.json': () => JSON.stringify(RECORDS),
  'a.csv': () => 'text,n\n' + RECORDS.map(({ text, n }) => `"${text}",${n}\n`).join(''),
  'a.txt': () => TEXTS.join('\n'),
  'a.parquet': () => writeParquet([{ name: 'text', data: TEXTS, type: 'STRING' }], {
    codec: 'SNAPPY', pageSize: 2000, rowGroupSize: [50, 90]
  })
}

const DATASETS: Readonly<Record<string, string>> = { csv: 'csv', txt: 'text', parquet: 'parquet' }

const NORMALIZE = { stage: 'normalize', options: {} }
const LENGTH = { stage: 'length', options: { minChars: 10, maxChars: 1000 } }
const LANGUAGE = { stage: 'language', options: languageOptions.parse({ keep: 'en', threshold: 0.7 }) }
const MODEL = await findModel(modelPath('hs.bin'))
const FASTTEXT = {
  stage: 'language',
  options: { keep: ['de', 'en', 'fr'], threshold: 0, detector: 'fasttext', model: MODEL.path, record: true },
  model: MODEL
}
const CLASSIFY = { stage: 'classify', options: { model: MODEL.path, label: 'de', record: 'german' }, model: MODEL }
const DEDUP = { stage: 'dedup', options: { window: 50 } }

interface Setting {
  readonly folder: string
  readonly component: Component
}

async function settingOf (
  t: Parameters<typeof folderInMemory>[0],
  input: string,
  filters: readonly Filter[],
  own: (out: string) => Partial<Component> = () => ({})
): Promise<Setting> {
  const folder = folderInMemory(t)
  const dataFiles = put(folder, input, await inputs[input]!())
  const dataset = DATASETS[input.split('.').at(-1)!] ?? 'json'
  const corpus = corpusComponent(z.object(corpusOptions).parse({ name: 'web', dataset, dataFiles }), filters)
  const out = join(folder, 'out')
  return {
    folder: out,
    component: { ...corpus, seqLen: 64, sequencesPerShard: 20, outputDir: join(out, 'shards'), ...own(out) }
  }
}

async function shard ({ component }: Setting, options: Partial<ShardOptions>): Promise<object> {
  const { seconds, ...stats } = await shardComponent(await findComponent(component, {}), {
    tokenizer, maxBad: { share: 0.5 }, checkpointEvery: 40, ...options
  })
  return stats
}

/** Threads that do all of the work, and one that shares it with the main thread, which is ready earlier. */
const crews: Readonly<Record<string, Threads>> = {
  'two threads': new Threads({ workers: 3, mainWorks: false }),
  ...(isThorough() && { 'one thread and the main thread': new Threads({ workers: 2 }) })
}
t.teardown(async () => { await Promise.all(Object.values(crews).map(threads => threads.close())) })

const copies = (out: string): Partial<Component> => ({
  filteredDir: join(out, 'filtered'), rejects: join(out, 'rejects.ndjson')
})

type Case = readonly [input: string, filters: readonly Filter[], own?: (out: string) => Partial<Component>]

const cases: readonly Case[] = [
  ['a.ndjson', [NORMALIZE, LENGTH, LANGUAGE, DEDUP]],
  ['joined.ndjson', [NORMALIZE, DEDUP], copies],
  ['array.json', [LENGTH], copies],
  ['a.ndjson', [NORMALIZE, FASTTEXT, CLASSIFY, DEDUP]],
  ['a.ndjson.gz', [DEDUP, NORMALIZE, DEDUP, LENGTH], copies],
  ['a.ndjson', [NORMALIZE, DEDUP], out => ({ ...copies(out), maxRecords: 70 })],
  ['a.csv', []],
  ['a.txt', [NORMALIZE, DEDUP, LANGUAGE]],
  ['a.parquet', [LANGUAGE, NORMALIZE, DEDUP], copies]
]

for (const [input, filters, own] of cases.slice(0, howMany(4, 9))) {
  const names = filters.map(({ stage }) => stage).join(', ')
  t.test(`${input} through ${names === '' ? 'no filter' : names}${own === undefined ? '' : ', with copies'}: ` +
    'the same with threads', async t => {
    const setting = await settingOf(t, input, filters, own)
    const alone = await shard(setting, { workers: 1 })
    const content = contentIn(setting.folder)
    t.ok(Object.keys(content).filter(name => name.endsWith('.npy')).length > 1)
    for (const [what, threads] of Object.entries(crews)) {
      rmSync(setting.folder, { recursive: true })
      t.strictSame(await shard(setting, { threads }), alone, what)
      t.strictSame(contentIn(setting.folder), content)
    }
  })
}

async function withSome<T> (
  workers: number,
  signal: AbortSignal | undefined,
  work: (threads: Threads) => Promise<T>
): Promise<T> {
  const threads = new Threads({ workers, signal, mainWorks: false })
  try {
    return await work(threads)
  } finally {
    await threads.close()
  }
}

t.test('a stopped run is resumed with another number of threads', async t => {
  const setting = await settingOf(t, 'a.ndjson', [NORMALIZE, LENGTH, LANGUAGE, DEDUP], copies)
  const whole = await shard(setting, { workers: 1 })
  const content = contentIn(setting.folder)
  for (const order of isThorough() ? [[4, 2, 1], [1, 2]] : [[1, 2]]) {
    rmSync(setting.folder, { recursive: true })
    for (const workers of order.slice(0, -1)) {
      t.match(await stoppedAt(join(setting.component.outputDir, 'checkpoint.json'), signal => withSome(
        workers, signal, threads => shard(setting, { threads, signal, checkpointEvery: 7 })
      )), { code: 'ERR_ABORTED' })
    }
    const last = (threads: Threads): Promise<object> => shard(setting, { threads })
    t.strictSame(
      await (isThorough() ? withSome(order.at(-1)!, undefined, last) : last(crews['two threads']!)), whole,
      order.join()
    )
    t.strictSame(contentIn(setting.folder), content)
  }
})

t.test('threads encode like the tokenizer, also for another version of SentencePiece', async t => {
  const setting = await settingOf(t, 'a.ndjson', [])
  put(
    join(setting.folder, '..'), 'a.ndjson',
    `${JSON.stringify({ text: readFileSync(join(ROOT, 'test/fixtures/prose.md'), 'utf8') })}\n`.repeat(howMany(1, 3))
  )
  const shards = async (options: Partial<ShardOptions>): Promise<Readonly<Record<string, string>>> => {
    rmSync(setting.folder, { recursive: true, force: true })
    await shard(setting, options)
    return contentIn(setting.folder)
  }
  const alone: unknown[] = []
  for (const version of ['0.1.97', '0.2.3'] as const) {
    const other = await loadTokenizer(fixture(isThorough() ? 'quickstart.model' : 'suffix.model'), { version })
    alone.push(await shards({ tokenizer: other, workers: 1 }))
    for (const [what, threads] of Object.entries(crews)) {
      t.strictSame(await shards({ tokenizer: other, threads }), alone.at(-1), `${what}, ${version}`)
    }
  }
  t.notSame(alone[0], alone[1])
})

t.test('items larger than the memory of a batch give the same result', async t => {
  const folder = folderInMemory(t)
  const long = 'a b '.repeat(howMany(135_000, 400_000)) // one id per word
  const dataFiles = put(folder, 'a.ndjson', [
    TEXTS[0]!, long, TEXTS[1]!, '\u0001'.repeat(howMany(180_000, 600_000)), ...TEXTS
  ].map(text => JSON.stringify({ text }) + '\n').join(''))
  const component = {
    ...corpusComponent(z.object(corpusOptions).parse({ name: 'web', dataset: 'json', dataFiles }), [NORMALIZE, DEDUP]),
    outputDir: join(folder, 'out/shards')
  }
  const setting = { folder: join(folder, 'out'), component }
  const alone = await shard(setting, { workers: 1 })
  const shards = contentIn(setting.folder)
  const filter = async (run: RunOptions): Promise<string> => {
    await filterCorpus({
      dataFiles, targetLang: 'any', maxChars: 1e7, outputPath: join(folder, 'filtered.ndjson'), workers: 1
    }, run)
    return contentIn(folder)['filtered.ndjson']!
  }
  const lines = await filter({})
  t.match(lines, /"text":"a b a b/)
  for (const [what, threads] of Object.entries(crews)) {
    rmSync(setting.folder, { recursive: true })
    t.strictSame(await shard(setting, { threads }), alone, what)
    t.ok(JSON.stringify(contentIn(setting.folder)) === JSON.stringify(shards))
    t.ok(await filter({ threads }) === lines)
  }
})

t.test('filter-corpus makes the same file with threads', async t => {
  const folder = folderInMemory(t)
  const dataFiles = put(folder, 'a.ndjson', LINES)
  const options = {
    dataFiles,
    minChars: 10,
    maxBad: '50%',
    outputPath: join(folder, 'out.ndjson'),
    rejects: join(folder, 'rejects.ndjson')
  }
  for (const own of [
    {},
    { rejects: undefined, outputPath: join(folder, 'out.txt'), limit: 50 },
    { rejects: undefined },
    { rejects: undefined, outputPath: join(folder, 'out.ndjson.gz') }
  ].slice(0, howMany(1, 4))) {
    const outcome = async (run: RunOptions): Promise<unknown> => {
      const { seconds, ...stats } = await filterCorpus({ ...options, workers: 1, ...own }, run)
      return { stats, content: contentIn(folder) }
    }
    const alone = await outcome({})
    for (const [what, threads] of Object.entries(crews)) {
      t.strictSame(await outcome({ threads }), alone, `${what}, ${JSON.stringify(own)}`)
    }
  }
})

t.test('too many bad records fail as without threads', async t => {
  const setting = await settingOf(t, 'a.ndjson', [NORMALIZE])
  const maxBad = { count: 2 }
  const alone = await failure(shard(setting, { workers: 1, maxBad }))
  t.match(alone, { code: 'ERR_BAD_RECORDS' })
  for (const [what, threads] of Object.entries(crews)) {
    t.equal((await failure(shard(setting, { threads, maxBad })) as Error).message, (alone as Error).message, what)
  }
})
