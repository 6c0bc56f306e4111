import { join } from 'node:path'
import { plan, readPlan } from '../../../../recipes/mixture/tasks/plan.ts'
import { processMixture } from '../../../../recipes/process-mixture.ts'
import { failure, folderInMemory, put } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { type Dataset, manifestIn, runTasks } from './sample.ts'

t.test('a JSON value of several lines is found wherever units end, and its line is the one in the file', async t => {
  const inputs = folderInMemory(t)
  const record = '{"text": "some words that are the text"}\n'
  const lines = record.repeat(9) + '{\n"text": "cut"\n}\n' + record.repeat(4)
  const data = put(inputs, 'a.ndjson', lines)
  const spaces = put(inputs, 'spaces.json', ' '.repeat(70_000) + `\n[\n${record},\n${record}]\n`)
  const datasets: Dataset[] = [
    { name: 'one', dataset: 'json', data_files: data, eos_id: 2 },
    { name: 'spaces', dataset: 'json', data_files: spaces, seq_len: 8, eos_id: 2 }
  ]
  const one = folderInMemory(t)
  const alone = await failure(processMixture(manifestIn(one, datasets), { workers: 1, runsDir: join(one, 'runs') }))
  t.match(alone, { message: /1 of 2 components failed\none: .*starts in line 10 continues/ })
  const two = folderInMemory(t)
  const options = { runsDir: join(two, 'runs') }
  const tasks = await failure(runTasks(manifestIn(two, datasets), { unitBytes: 50, world: 1 }, options))
  t.equal((tasks as Error).message, (alone as Error).message)
})

t.test('units of NDJSON end between records that are complete', async t => {
  const folder = folderInMemory(t)
  const content = '{"text": "a"}\n{\n"text":\n"b"\n}\n{"text": "c"}\r\n{"text": "d"}\n\n{"text": "e"}\n"f"\n"g"'
  const data = put(folder, 'a.ndjson', content)
  const made = await plan(manifestIn(folder, [{ name: 'one', dataset: 'json', data_files: data }]), { unitBytes: 1 })
  const { components } = await readPlan(made.plan)
  const starts = ['{"text": "a"}', '{\n', '{"text": "c"}', '{"text": "d"}', '"g"'].map(start => content.indexOf(start))
  t.strictSame(components[0]!.units.map(([, from]) => from), starts)
})
