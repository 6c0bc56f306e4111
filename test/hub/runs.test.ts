/** A short form of `npm run hub`. */
import { t } from '../tap.ts'
import { setHubEnvironment } from './environment.ts'
import { howMany } from '../helpers.ts'
import { Runs, plannedRuns, readables } from './runs.ts'

const RUNS = howMany(6, 12)
const SEED = 7

t.test('with each kind of misbehaviour, alone and mixed, the records that arrive are exactly those of the files, ' +
  'in order, once each', async t => {
  const all = await readables()
  const runs = await Runs.start(all)
  t.teardown(async () => { await runs.hub.close() })
  t.teardown(setHubEnvironment({ HF_ENDPOINT: runs.hub.endpoint }))
  t.strictSame(await runs.all(plannedRuns(all, RUNS, SEED)), [], `seed ${SEED}`)
  const met = new Set(runs.hub.requests.map(({ fault }) => fault))
  t.ok(met.size > 5, `the misbehaviour includes ${[...met].join(', ')}`)

  const each = howMany(3, 1)
  for (const dataset of all.filter((_, i) => i % each === 1 % each)) {
    for (const skip of [2]) {
      t.strictSame(await runs.changed(dataset, skip), [], `${dataset.name}, changed at answer ${skip}`)
    }
  }

  const [some] = plannedRuns(all, 1, 0)
  t.strictSame(await runs.all([{ ...some!, plan: [], dataset: { ...all[0]!, texts: all[0]!.texts.slice(1) } }])
    .then(found => found.length), 1, 'a wrong record is found')
  t.strictSame(await runs.all([{
    ...some!, plan: [], stops: [], dataset: { ...all[0]!, texts: [...all[0]!.texts, 'more'] }
  }]).then(found => found.length), 1, 'a missing record is found')
  t.match(
    await runs.all([{ ...some!, plan: { fault: { kind: 'status', status: 404 } } }]), [/ERR_DATASET/],
    'an error is found'
  )
})
