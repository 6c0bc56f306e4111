/** `inspect` of the folder of a training set. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from '../../recipes/inspect.ts'
import { mix } from '../../recipes/mixture/mix/mix.ts'
import { failure, fixture, folderInMemory, put } from '../helpers.ts'
import { t } from '../tap.ts'
import { corporaIn } from './export/corpora.ts'

t.test('a training set with two sides is refused with their folders; that of one side is inspected', async t => {
  const { folder, write } = await corporaIn(folderInMemory(t), ['web'])
  const mixture = join(folder, 'mixture')
  const { stats } = await mix(write({ epochs: 1, validation: { share: 0.3 } }))
  const sides = `${join(mixture, 'train')} (train) or ${join(mixture, 'validation')} (validation)`
  for (const path of [mixture, join(mixture, 'stats.json')]) {
    t.match(await failure(inspect(path, { counts: true })), {
      code: 'ERR_FILES', message: `${path}: has 2 parts with shards; name the folder of one: ${sides}`
    })
  }
  const { sequences } = stats[1]!
  t.match(await inspect(join(mixture, 'validation'), { counts: true }), { sequences })
  put(folder, 'none/stats.json', JSON.stringify({ manifest: 'm', stats: [] }))
  t.match(await failure(inspect(join(folder, 'none'))), { code: 'ERR_FILES', message: /its stats list no shards/ })

  const { stats: [only] } = await mix(write({ epochs: 1 }))
  const moved = join(folder, 'moved')
  renameSync(mixture, moved)
  t.match(await inspect(moved, { counts: true, tokenizerPath: fixture('tiny.model') }), { sequences: only!.sequences })
})
