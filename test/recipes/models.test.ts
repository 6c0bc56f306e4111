/** Models that filters read, in a mixture: what hangs on them, and what is told of them. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadFastText } from '../../lib/fasttext/classifier.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { run } from '../../recipes/run.ts'
import { type RunSummary, runs } from '../../recipes/runs.ts'
import type { RunDifference } from '../../recipes/run-difference.ts'
import { normalizeText } from '../../transforms/normalize.ts'
import { ROOT, contentIn, failure, folderInMemory, ndjsonOf, put } from '../helpers.ts'
import { TEXTS, modelPath } from '../lib/fasttext/fixtures.ts'
import { stoppedAt } from '../resuming.ts'

const RECORDS = TEXTS.map(text => text.toWellFormed()).flatMap((text, i) => [1, 2].map(copy => ({ id: `d${i}-${copy}`, text: `${text} ${copy}` })))

interface Setting {
  readonly folder: string
  readonly model: string
  readonly manifest: string
  readonly options: { readonly tokenizerPath: string, readonly logFile: string, readonly runsDir: string, readonly workers: number, readonly checkpointEvery: number }
}

function settingOf (t: Test, filters = 'language: { keep: [de, fr, en], threshold: 0.3, detector: fasttext, model: MODEL, record: true }'): Setting {
  const folder = folderInMemory(t)
  const model = join(folder, 'model.bin')
  copyFileSync(modelPath('hs.bin'), model)
  const data = put(folder, 'a.ndjson', ndjsonOf(RECORDS))
  const manifest = put(folder, 'm.yaml', `- { name: web, dataset: json, data_files: ${data}, filters: [${filters.replace('MODEL', model)}], filtered_dir: ${folder}/filtered, seq_len: 16, sequences_per_shard: 8, output_dir: ${folder}/shards }\n`)
  return { folder, model, manifest, options: { tokenizerPath: join(ROOT, 'recipes/quickstart.model'), logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs'), workers: 1, checkpointEvery: 20 } }
}

t.test('a model that was changed makes its component outdated, and records of runs tell', async t => {
  const { folder, model, manifest, options } = settingOf(t)
  await processMixture(manifest, options)
  const before = contentIn(join(folder, 'shards'))
  t.match((await run(manifest, { ...options, dryRun: true })).steps[1], { outcome: 'up to date' })
  copyFileSync(modelPath('hs-pruned.ftz'), model)
  t.match((await run(manifest, { ...options, dryRun: true })).steps[1], { outcome: 'done again', why: /^filters\[0\]\.language\.model_sha256: "\w{64}" -> "\w{64}"$/ })
  await processMixture(manifest, options)
  t.strictNotSame(contentIn(join(folder, 'shards')), before)
  const { runsDir } = options
  const [last, first] = await runs(['m'], { runsDir }) as readonly RunSummary[]
  t.match((await runs(['diff', first!.path, last!.path], { runsDir }) as RunDifference).sources, [{ path: `web.models["${model}"]` }])
})

t.test('a run that was stopped goes on with the same model, and is refused with another one', async t => {
  const whole = settingOf(t)
  await processMixture(whole.manifest, whole.options)
  const { folder, model, manifest, options } = settingOf(t)
  t.match(await stoppedAt(join(folder, 'shards/checkpoint.json'), signal => processMixture(manifest, options, { signal })), { code: 'ERR_ABORTED' })
  copyFileSync(modelPath('hs-pruned.ftz'), model)
  const refused = await failure(processMixture(manifest, options))
  t.match(refused, { code: 'ERR_CHECKPOINT', message: /model_sha256/ })
  copyFileSync(modelPath('hs.bin'), model)
  await processMixture(manifest, options)
  const shardsIn = (setting: string): unknown => Object.entries(contentIn(join(setting, 'shards'))).filter(([name]) => name.endsWith('.npy'))
  t.strictSame(shardsIn(folder), shardsIn(whole.folder))
})

t.test('a model is no place for an output', async t => {
  const { model, manifest, options } = settingOf(t)
  t.match(await failure(processMixture(manifest, { ...options, logFile: model })), { code: 'ERR_OUTPUT_EXISTS', message: /model\.bin: is an input as well/ })
})

t.test('filter-corpus detects by a model, and notes nothing that it wasn\'t asked to', async t => {
  const { folder, model } = settingOf(t)
  const classifier = await loadFastText(model)
  const wanted = new Set(RECORDS.map(({ text }) => normalizeText(text)).filter(text => classifier.predict(text)[0]!.label === '__label__de'))
  const stats = await filterCorpus({ dataFiles: join(folder, 'a.ndjson'), minChars: 1, targetLang: 'de', langThreshold: 0, langDetector: 'fasttext', langModel: model, outputPath: join(folder, 'de.ndjson') })
  t.ok(wanted.size > 10)
  t.equal(stats.kept, wanted.size)
  t.notMatch(contentIn(folder)['de.ndjson'], /language/)
})
