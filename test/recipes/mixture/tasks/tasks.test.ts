import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { processMixture } from '../../../../recipes/process-mixture.ts'
import { verify } from '../../../../recipes/verify.ts'
import { status } from '../../../../recipes/mixture/tasks/status.ts'
import { folderInMemory, howMany, strictSame } from '../../../helpers.ts'
import { type Test, t } from '../../../tap.ts'
import { type Dataset, manifestIn, resultIn, runTasks, writeInputs } from './sample.ts'

const FILTERS = ['normalize', { length: { min_chars: 25 } }, { dedup: { window: 12 } }]
const SMALL = { seq_len: 32, sequences_per_shard: 40, eos_id: 2 }

/** One manifest that has every source, format, packing, and files that need documents in order. */
function datasetsIn (folder: string, output: string): Dataset[] {
  const files = (...names: string[]): string[] => names.map(name => join(folder, name))
  const json = { dataset: 'json', data_files: files('a.ndjson', 'b.ndjson', 'c.ndjson.gz'), filters: FILTERS, ...SMALL }
  const padded = { packing: 'best_fit', packing_window: 7, pad_id: 0 }
  const all: Dataset[] = [
    { name: 'npy', ...json, rejects: join(output, 'rejects.ndjson'), filtered_dir: join(output, 'kept') },
    { name: 'best', ...json, ...padded },
    { name: 'olmo', ...json, format: 'olmo', tokens_per_shard: 3000 },
    { name: 'few', ...json, max_records: 90 },
    { name: 'text', dataset: 'text', data_files: files('lines.txt'), ...SMALL, seq_len: 11, filters: FILTERS.slice(2) },
    { name: 'mds', ...json, format: 'mds', ...padded, sequences_per_shard: 25 },
    { name: 'list', dataset: 'json', data_files: files('list.json'), ...SMALL },
    { name: 'csv', dataset: 'csv', data_files: files('rows.csv'), ...SMALL },
    { name: 'parquet', dataset: 'parquet', data_files: files('rows.parquet'), format: 'megatron', eos_id: 2 }
  ]
  return all.slice(0, howMany(5, all.length))
}

async function onOneMachine (t: Test): Promise<{ readonly inputs: string, readonly result: Record<string, unknown> }> {
  const inputs = folderInMemory(t)
  await writeInputs(inputs)
  const folder = folderInMemory(t)
  const manifest = manifestIn(folder, datasetsIn(inputs, folder))
  await processMixture(manifest, { maxBad: '50%', workers: 1, runsDir: join(folder, 'runs') })
  return { inputs, result: resultIn(folder) }
}

t.test('tasks make the files and stats that process-mixture makes, however a manifest is divided', async t => {
  const { inputs, result } = await onOneMachine(t)
  t.ok(Object.keys(result).length > 30)
  const divisions = [[2500, 2], [1e9, 1], [400, 7], [700, 64]] as const
  for (const [unitBytes, world] of divisions.slice(0, howMany(1, divisions.length))) {
    const folder = folderInMemory(t)
    const manifest = manifestIn(folder, datasetsIn(inputs, folder))
    const options = { maxBad: '50%', runsDir: join(folder, 'runs') }
    const plan = await runTasks(manifest, { unitBytes, world }, options)
    const name = `units of ${unitBytes} bytes, ${world} tasks`
    strictSame(t, resultIn(folder), result, name)
    t.ok((await status(plan)).finished)
    t.strictSame(readdirSync(join(plan, '..')).sort(), ['finish.json', 'plan.json'], 'what tasks stored is deleted')
    t.notOk(existsSync(join(folder, 'shards', 'npy', '.next')))
    const again = await processMixture(manifest, options)
    t.strictSame(again.stats.map(({ name }) => name), datasetsIn(inputs, folder).map(({ name }) => name))
    strictSame(t, resultIn(folder), result, 'process-mixture finds them up to date')
    await verify(join(folder, 'stats.json'), { inventory: join(folder, 'inventory.md') })
  }
})
