import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { plan } from '../../../../recipes/mixture/tasks/plan.ts'
import { task } from '../../../../recipes/mixture/tasks/task.ts'
import { folderInMemory, put } from '../../../helpers.ts'
import { t } from '../../../tap.ts'
import { jsonLines, manifestIn } from './sample.ts'

t.test('each attempt writes other files for rejects and filtered texts; finish names those that count', async t => {
  const folder = folderInMemory(t)
  const rejects = join(folder, 'rejects.ndjson')
  const manifest = manifestIn(folder, [{
    name: 'one',
    dataset: 'json',
    data_files: put(folder, 'a.ndjson', jsonLines(120, 4)),
    filters: [{ length: { min_chars: 25 } }],
    seq_len: 32,
    eos_id: 2,
    rejects,
    filtered_dir: join(folder, 'kept')
  }])
  const { plan: path } = await plan(manifest, { unitBytes: 4000, maxBad: '50%', runsDir: join(folder, 'runs') })
  await task(path, { phase: 'map' })
  put(folder, 'kept/.0123456789ab-one.ndjson.gz.99.tmp', 'left by a killed attempt')
  put(folder, '.0123456789ab-other.ndjson', 'of another file')
  await Promise.all([task(path, { phase: 'decide' }), task(path, { phase: 'decide' })])
  t.notOk(existsSync(rejects), 'not before the decision counts')
  const own = readdirSync(folder).filter(name => /^\.[0-9a-f]{12}-rejects\.ndjson$/.test(name))
  t.equal(own.length, 1, 'the attempt that was too late has deleted its file')
  const content = readFileSync(join(folder, own[0]!), 'utf8')
  await task(path, { phase: 'pack' })
  await task(path, { phase: 'finish' })
  t.equal(readFileSync(rejects, 'utf8'), content)
  t.strictSame(readdirSync(join(folder, 'kept')), ['one.ndjson.gz'])
  t.strictSame(readdirSync(folder).filter(name => name.startsWith('.')), ['.0123456789ab-other.ndjson'])
})
