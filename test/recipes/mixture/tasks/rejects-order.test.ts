import { join } from 'node:path'
import { plan } from '../../../../recipes/mixture/tasks/plan.ts'
import { processMixture } from '../../../../recipes/process-mixture.ts'
import { folderInMemory, put, strictSame } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { type Dataset, jsonLines, manifestIn, resultIn, runTasks } from './sample.ts'

t.test('a component with rejects and a filter after dedup is one task, with the same result', async t => {
  const data = put(folderInMemory(t), 'a.ndjson', jsonLines(60, 4))
  const filters = [{ dedup: { window: 9 } }, { length: { min_chars: 40 } }]
  const datasets = (folder: string): Dataset[] => [
    { name: 'one', dataset: 'json', data_files: data, eos_id: 2, filters, rejects: join(folder, 'rejects.ndjson') }
  ]
  const one = folderInMemory(t)
  const options = { maxBad: '50%', runsDir: join(one, 'runs') }
  await processMixture(manifestIn(one, datasets(one)), { ...options, workers: 1 })
  const two = folderInMemory(t)
  const manifest = manifestIn(two, datasets(two))
  const { components } = await plan(manifest, { ...options, unitBytes: 900 })
  const why = 'it keeps rejects, and its filter length comes after one that compares documents'
  t.match(components, [{ units: 1, whole: why }])
  await runTasks(manifest, { unitBytes: 900, world: 1 }, options)
  strictSame(t, resultIn(two), resultIn(one))
})
