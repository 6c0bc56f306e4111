/**
 * Reads datasets of every format from a stand-in Hub that breaks off, stalls, refuses and lies, at random, with sources
 * that are stopped and resumed, and compares the records with those of the files: `npm run hub`, 200 runs; `npm run hub
 * -- --runs 2000 --seed 5` runs more, with other faults. A printed seed makes its faults again.
 */
import { parseArgs } from 'node:util'
import { setHubEnvironment } from '../hub/environment.ts'
import { hostileRuns } from '../hub/hostile.ts'
import { HOSTILE } from '../hub/misbehaviour.ts'
import { Runs, plannedRuns, readables } from '../hub/runs.ts'
import { Checks } from './checks.ts'

const { values } = parseArgs(
  { options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: '0' } } }
)
const checks = new Checks()
const all = await readables()
const runs = await Runs.start(all)
const setBack = setHubEnvironment({ HF_ENDPOINT: runs.hub.endpoint })
const began = performance.now()
try {
  const wrong = await runs.all(plannedRuns(all, Number(values.runs), Number(values.seed)))
  for (const one of wrong.slice(0, 20)) console.log(one)
  const faults = runs.hub.requests.filter(({ fault }) => fault !== null).length
  checks.check(`${values.runs} runs, --seed ${values.seed}, ${runs.hub.requests.length} requests, ` +
    `${faults} of them with a fault, in ${((performance.now() - began) / 1000).toFixed(0)} s: ` +
    `each record once, in order; ${wrong.length} wrong`, wrong.length === 0)
  const mixed: string[] = []
  for (const dataset of all) for (const skip of [0, 1, 2, 3, 5, 8]) mixed.push(...await runs.changed(dataset, skip))
  for (const one of mixed) console.log(one)
  checks.check(
    `${all.length} datasets with files that change: an error, and no mixture of both; ${mixed.length} wrong`,
    mixed.length === 0
  )
  const harmed = await hostileRuns()
  for (const one of harmed) console.log(one)
  checks.check(`${HOSTILE.length} malicious responses: an error that names the cause, and no other request; ` +
    `${harmed.length} wrong`, harmed.length === 0)
} finally {
  await setBack()
  await runs.hub.close()
}
process.exitCode = checks.end()
