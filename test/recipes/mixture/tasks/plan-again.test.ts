import { join } from 'node:path'
import { plan } from '../../../../recipes/mixture/tasks/plan.ts'
import { status } from '../../../../recipes/mixture/tasks/status.ts'
import { task } from '../../../../recipes/mixture/tasks/task.ts'
import { doc, filesIn, fixture, ndjsonOf, put, temporaryFolder } from '../../../helpers.ts'
import { type Test, t } from '../../../tap.ts'

const PHASES = ['map', 'decide', 'pack', 'finish'] as const

/** A manifest with one component, and its input. */
function manifestIn (t: Test): { readonly folder: string, readonly manifest: string, readonly input: string } {
  const folder = temporaryFolder(t)
  const input = put(folder, 'a.ndjson', ndjsonOf([doc('a', 'some words'), doc('b', 'other words')]))
  const content = {
    stats: join(folder, 'stats.json'),
    tokenizer: { path: fixture('tiny.model') },
    datasets: [{ name: 'a', dataset: 'json', data_files: input, seq_len: 4, output_dir: join(folder, 'shards') }]
  }
  return { folder, manifest: put(folder, 'mix.yaml', JSON.stringify(content)), input }
}

t.test('the folder of a plan that has ended is used again, one with other work is not', async t => {
  const { folder, manifest, input } = manifestIn(t)
  const output = join(folder, 'plan')
  const runsDir = join(folder, 'runs')
  const kept = put(folder, 'plan/map/notes.txt', 'mine')
  await t.rejects(plan(manifest, { output, runsDir }), {
    code: 'ERR_OUTPUT_EXISTS',
    message: `${output}: has ${join(output, 'map')}, but no plan; delete the folder, or ` +
      'name another one (--output)'
  })
  t.strictSame(filesIn(output), ['map/notes.txt'], kept)
  const again = join(folder, 'again')
  for (const text of ['a third text', 'a fourth text, which is longer']) {
    put(folder, 'a.ndjson', ndjsonOf([doc('c', text), doc('d', text.repeat(9))]))
    await plan(manifest, { output: again, runsDir })
    await t.rejects(plan(manifest, { output: again, runsDir, unitBytes: 5 }), { code: 'ERR_OUTPUT_EXISTS' }, input)
    t.equal((await status(again)).next, 'map')
    for (const phase of PHASES) await task(again, { phase })
    t.match(await status(again), { finished: true, next: null })
    t.strictSame(filesIn(again).sort(), ['finish.json', 'plan.json'])
  }
})

t.test('a status is printed again until the plan is finished, or watching is stopped', async t => {
  const { folder, manifest } = manifestIn(t)
  const { plan: path } = await plan(manifest, { output: join(folder, 'plan'), runsDir: join(folder, 'runs') })
  const stop = new AbortController()
  const told: string[] = []
  const tell = (message: string): void => {
    told.push(message)
    stop.abort()
  }
  await t.rejects(status(path, { watch: true }, { tell, signal: stop.signal }), { code: 'ERR_ABORTED' })
  t.match(told, [/^status at 20\S+Z\n[^]*: next is the phase map$/])
  t.equal(told.length, 1)
  for (const phase of PHASES) await task(path, { phase })
  t.match(await status(path, { watch: true }), { finished: true })
})
