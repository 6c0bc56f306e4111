import { t } from '../tap.ts'
import { follow } from './ask.ts'
import { layouts, repoOf } from './layouts.ts'
import { startHub } from './stand-in.ts'

t.test('layouts are the same on every run, have names of their own, and stand on a Hub', async t => {
  const [one, two] = [await layouts(), await layouts()]
  t.same(one, two)
  t.equal(new Set(one.map(({ name }) => name)).size, one.length)
  t.ok(one.every(({ expected }) => expected.length > 0))
  const hub = await startHub({ repos: one.map(repoOf) })
  t.teardown(async () => { await hub.close() })
  const listed = JSON.parse((await follow(`${hub.endpoint}/api/datasets/layouts/converted/parquet`)).body.toString()) as Record<string, Record<string, unknown[]>>
  t.same(Object.entries(listed).map(([subset, splits]) => [
    subset,
    Object.entries(splits).map(([split, files]) => [split, files.length])
  ]), [['de', [['train', 1]]], ['en', [['test', 1], ['train', 2]]]])
})
