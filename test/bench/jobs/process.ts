/**
 * `process.js JOB GIVEN`: does one job of this folder in a new process, and prints its cost as JSON. JOB is
 * `FILE.NAME`; GIVEN is a JSON object, whose `isWarmWanted` repeats the work.
 */
import type { Sample, Taken } from '../frame/row.ts'
import type { Job, Made, Run } from './job.ts'

const [name, given] = process.argv.slice(2) as [string, string]
const options = JSON.parse(given) as { isWarmWanted?: boolean }
const [file, job] = name.split('.') as [string, string]
const jobs = await import(`./${file}.js`) as Readonly<Record<string, Job<object>>>
const run = await jobs[job]!(options)

const [cold, { count, path, digest }] = await timed(run)
const sample: Sample = { ...cold, count, path, digest: digest?.() }
if (options.isWarmWanted === true) {
  const [warm, { digest }] = await timed(run)
  if (digest?.() !== sample.digest) throw new Error(`${name}: the same work made other ids when it was repeated`)
  print({ ...sample, warm })
} else print(sample)

function print (sample: Sample): void {
  process.stdout.write(JSON.stringify(sample))
}

async function timed (run: Run): Promise<[Taken, Made]> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const made = await run()
  const wall = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return [{ cpu: (user + system) / 1e6, wall }, typeof made === 'number' ? { count: made } : made]
}
