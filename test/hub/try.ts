import { setHubEnvironment } from './environment.ts'
import { Runs, plannedRuns, readables } from './runs.ts'
const all = await readables()
const runs = await Runs.start(all)
const back = setHubEnvironment({ HF_ENDPOINT: runs.hub.endpoint })
const t0 = performance.now()
console.log(await runs.all(plannedRuns(all, Number(process.argv[2]), Number(process.argv[3] ?? 0))))
console.log(performance.now() - t0, process.cpuUsage(), runs.hub.requests.length, new Set(runs.hub.requests.map(r => r.fault)))
await runs.hub.close()
await back()
