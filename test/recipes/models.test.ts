/** Models that filters use, in a mixture: what depends on them, and the messages about them. */
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Transform } from 'node:stream'
import { type Test, t } from '../tap.ts'
import { findModel } from '../../lib/fasttext/model-use.ts'
import { loadFastText } from '../../lib/fasttext/classifier.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { run } from '../../recipes/run.ts'
import { runs } from '../../recipes/runs.ts'
import { makeFilter } from '../../recipes/stages.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { normalizeText } from '../../transforms/normalize.ts'
import {
  ROOT, contentIn, doc, failure, folderInMemory, howMany, isThorough, ndjsonOf, put, through
} from '../helpers.ts'
import { TEXTS, modelPath } from '../lib/fasttext/fixtures.ts'
import { stoppedAt } from '../resuming.ts'

const RECORDS = TEXTS.filter((text, i) => isThorough() || (i % 3 === 0 && text.length < 1000)).map(text =>
  text.toWellFormed()).flatMap((text, i) => [1, 2].map(copy => ({ id: `d${i}-${copy}`, text: `${text} ${copy}` })))

interface Setting {
  readonly folder: string
  readonly model: string
  readonly manifest: string
  readonly options: {
    readonly tokenizerPath: string
    readonly logFile: string
    readonly runsDir: string
    readonly workers: number
    readonly checkpointEvery: number
  }
}

function settingOf (
  t: Test,
  filters = 'language: { keep: [de, fr, en], threshold: 0.3, detector: fasttext, model: MODEL, record: true }'
): Setting {
  const folder = folderInMemory(t)
  const model = join(folder, 'model.bin')
  copyFileSync(modelPath('hs.bin'), model)
  const data = put(folder, 'a.ndjson', ndjsonOf(RECORDS))
  const manifest = put(folder, 'm.yaml', `- { name: web, dataset: json, data_files: ${data}, filters: ` +
    `[${filters.replace('MODEL', model)}], filtered_dir: ${folder}/filtered, seq_len: 16, sequences_per_shard: 8, ` +
    `output_dir: ${folder}/shards }\n`)
  return {
    folder,
    model,
    manifest,
    options: {
      tokenizerPath: join(ROOT, 'test/fixtures/tiny.model'),
      logFile: join(folder, 'stats.json'),
      runsDir: join(folder, 'runs'),
      workers: 1,
      checkpointEvery: 20
    }
  }
}

t.test('a changed model makes its component outdated, and run records show it', async t => {
  const { folder, model, manifest, options } = settingOf(t)
  await processMixture(manifest, options)
  const before = contentIn(join(folder, 'shards'))
  t.match((await run(manifest, { ...options, dryRun: true })).steps[1], { outcome: 'up to date' })
  copyFileSync(modelPath('hs-pruned.ftz'), model)
  t.match((await run(manifest, { ...options, dryRun: true })).steps[1], {
    outcome: 'done again', why: /^filters\[0\]\.language\.model_sha256: "\w{64}" -> "\w{64}"$/
  })
  await processMixture(manifest, options)
  t.strictNotSame(contentIn(join(folder, 'shards')), before)
  const { runsDir } = options
  const [last, first] = await runs(['m'], { runsDir })
  t.match(
    (await runs(['diff', first!.path, last!.path], { runsDir })).sources,
    [{ path: `web.models["${model}"]` }]
  )
})

t.test('a stopped run is resumed with the same model, and refused with another one', async t => {
  const whole = settingOf(t)
  await processMixture(whole.manifest, whole.options)
  const { folder, model, manifest, options } = settingOf(t)
  t.match(await stoppedAt(join(folder, 'shards/checkpoint.json'), signal =>
    processMixture(manifest, options, { signal })), { code: 'ERR_ABORTED' })
  copyFileSync(modelPath('hs-pruned.ftz'), model)
  const refused = await failure(processMixture(manifest, options))
  t.match(refused, { code: 'ERR_CHECKPOINT', message: /model_sha256/ })
  copyFileSync(modelPath('hs.bin'), model)
  await processMixture(manifest, options)
  const shardsIn = (setting: string): unknown =>
    Object.entries(contentIn(join(setting, 'shards'))).filter(([name]) => name.endsWith('.npy'))
  t.strictSame(shardsIn(folder), shardsIn(whole.folder))
})

t.test('rejects have positions, also after a filter that writes to meta, with and without threads', async t => {
  const filters = 'language: { keep: any, detector: fasttext, model: MODEL, record: true }, dedup, classify: ' +
    '{ model: MODEL, label: de, min: 0.5, record: german }, length: { min_chars: 40 }'
  const seen: unknown[] = []
  for (const workers of [1, howMany(2, 3)]) {
    const { folder, manifest, options } = settingOf(t, filters.replaceAll('MODEL', modelPath('hs.bin')))
    const rejects = put(folder, 'with-rejects.yaml', readFileSync(manifest, 'utf8')
      .replace(', seq_len', `, rejects: ${folder}/rejects.ndjson, seq_len`))
    const threads = new Threads({ workers, mainWorks: false })
    await processMixture(rejects, options, workers === 1 ? {} : { threads })
    await threads.close()
    const lines = readFileSync(join(folder, 'rejects.ndjson'), 'utf8').trimEnd().split('\n').map(line =>
      JSON.parse(line) as { reason: string, position: string | null })
    t.ok(lines.some(({ reason }) => reason === 'classify.low_score') &&
      lines.some(({ reason }) => reason === 'length.too_short'))
    t.ok(lines.every(({ position }) => position?.includes('a.ndjson#')))
    seen.push(lines.map(line => JSON.stringify(line).replaceAll(folder.split('/').at(-1)!, '')).sort())
  }
  t.strictSame(seen[0], seen[1])
})

t.test('a model is read only if it is unchanged since the manifest was read', async t => {
  const model = { path: modelPath('hs.bin'), sha256: 'ab'.repeat(32) }
  const filter = makeFilter({ stage: 'classify', options: { model: model.path, label: 'de', min: 0 }, model })
  t.match(await failure(through([doc('a', 'x')], filter as Transform)), {
    code: 'ERR_MODEL', message: /was changed while it is in use/
  })
  const threads = new Threads({ workers: 1 })
  await t.rejects(threads.model(model), { code: 'ERR_MODEL', message: /was changed while it is in use/ })
  const { sha256 } = await findModel(model.path)
  t.equal((await threads.model({ ...model, sha256 })).id, (await threads.model({ ...model, sha256 })).id, 'once')
  await threads.close()
})

t.test('an output can\'t replace a model', async t => {
  const { model, manifest, options } = settingOf(t)
  t.match(await failure(processMixture(manifest, { ...options, logFile: model })), {
    code: 'ERR_OUTPUT_EXISTS', message: /model\.bin: is an input as well/
  })
})

t.test('filter-corpus detects by a model, and writes no meta without the option', async t => {
  const { folder, model } = settingOf(t)
  const classifier = await loadFastText(model)
  const wanted = new Set(RECORDS.map(({ text }) => normalizeText(text)).filter(text =>
    classifier.predict(text)[0]!.label === '__label__de'))
  const stats = await filterCorpus({
    dataFiles: join(folder, 'a.ndjson'),
    minChars: 1,
    keep: 'de',
    threshold: 0,
    detector: 'fasttext',
    model,
    output: join(folder, 'de.ndjson')
  })
  t.ok(wanted.size > 10)
  t.equal(stats.kept, wanted.size)
  t.notMatch(contentIn(folder)['de.ndjson'], /language/)
})
