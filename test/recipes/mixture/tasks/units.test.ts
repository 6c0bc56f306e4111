import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processMixture } from '../../../../recipes/process-mixture.ts'
import type { Plan } from '../../../../recipes/mixture/tasks/plan-schema.ts'
import { planParsed, planOptions } from '../../../../recipes/mixture/tasks/plan.ts'
import { folderInMemory, howMany, put, strictSame } from '../../../helpers.ts'
import { formats } from '../../../formats.ts'
import { t } from '../../../tap.ts'
import { type Dataset, manifestIn, resultIn, runTasks } from './sample.ts'

/** Formats whose files are divided. */
const DIVIDED = /^(?:ndjson|text|parquet|arrow file)/

/** Formats of the short form, one of each kind of unit. */
const IN_SHORT = howMany(0, 1) === 1 ? /./ : /CRLF|^parquet$|^arrow|^indented/

t.test('files of every format are divided where records begin, and read as a whole', async t => {
  const inputs = folderInMemory(t)
  const records = Array.from({ length: 14 }, (_, i) => {
    return { id: `r${i}`, text: `the text of record ${i} \u{1f600}`, url: `https://example.org/${i}` }
  })
  const datasets: Dataset[] = []
  for (const [name, { dataset, ending, bytes }] of Object.entries(formats).filter(([name]) => IN_SHORT.test(name))) {
    const path = put(inputs, `${datasets.length}.${ending}`, await bytes(records))
    datasets.push({ name, dataset, data_files: path, seq_len: 8, sequences_per_shard: 10, eos_id: 2 })
  }
  const one = folderInMemory(t)
  const runsDir = (folder: string): string => join(folder, 'runs')
  await processMixture(manifestIn(one, datasets), { workers: 1, runsDir: runsDir(one) })
  const two = folderInMemory(t)
  const manifest = manifestIn(two, datasets)
  const { plan } = await planParsed(manifest, planOptions.parse({ unitBytes: 60, runsDir: runsDir(two) }))
  const { components } = JSON.parse(readFileSync(plan, 'utf8')) as Plan
  for (const { name, units } of components) {
    const { ending } = formats[name]!
    t.equal(units.length > 1, DIVIDED.test(name) && !/\.(?:gz|zst)$/.test(ending), `${name}: ${units.length} units`)
  }
  await runTasks(manifest, { unitBytes: 60, world: 2 }, { runsDir: runsDir(two) })
  strictSame(t, resultIn(two), resultIn(one))
})
