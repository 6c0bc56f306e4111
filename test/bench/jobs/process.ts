/**
 * `process.js JOB GIVEN`: does one job of this folder in a new process, and prints its cost as JSON. JOB is
 * `FILE.NAME`; GIVEN is a JSON object, whose `isWarmWanted` repeats the work.
 */
import type { Sample, Taken } from '../frame/row.ts'
import type { Job, Run } from './job.ts'

const [name, given] = process.argv.slice(2) as [string, string]
const options = JSON.parse(given) as { isWarmWanted?: boolean }
const [file, job] = name.split('.') as [string, string]
const jobs = await import(`./${file}.js`) as Readonly<Record<string, Job<object>>>
const run = await jobs[job]!(options)

const [cold, count] = await timed(run)
const sample: Sample = { ...cold, count }
const [warm] = options.isWarmWanted === true ? await timed(run) : []
process.stdout.write(JSON.stringify(warm === undefined ? sample : { ...sample, warm }))

async function timed (run: Run): Promise<[Taken, number]> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const count = await run()
  const wall = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return [{ cpu: (user + system) / 1e6, wall }, count]
}
