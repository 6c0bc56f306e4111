import { t } from '../tap.ts'
import { follow } from './ask.ts'
import { layouts, repoOf } from './layouts.ts'
import { startHub } from './stand-in.ts'

t.test('layouts are the same on every run, have different names, and can be served by a Hub', async t => {
  const [one, two] = [await layouts(), await layouts()]
  t.same(one, two)
  t.equal(new Set(one.map(({ name }) => name)).size, one.length)
  t.ok(one.every(({ expected }) => expected.length > 0))
  const hub = await startHub({ repos: one.map(repoOf) })
  t.teardown(async () => { await hub.close() })
  const { body } = await follow(`${hub.endpoint}/api/datasets/layouts/converted/parquet`)
  const listed = JSON.parse(body.toString()) as Record<string, Record<string, unknown[]>>
  const counts = Object.entries(listed).map(([subset, splits]) =>
    [subset, Object.entries(splits).map(([split, files]) => [split, files.length])])
  t.same(counts, [['de', [['train', 1]]], ['en', [['test', 1], ['train', 2]]]])
})
