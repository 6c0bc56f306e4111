/**
 * Runs the built tests: `main.js [--jobs N] [--limit SECONDS] [NAME…]`, where a NAME is a part of a path, such as
 * `lib/output/lock` or `test/lib/output/lock.test.ts`; without one, all of them.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, filesIn } from '../helpers.ts'
import { runTests } from './run.ts'

const { values: { jobs, limit }, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: String(availableParallelism()) }, limit: { type: 'string', default: '300' }
  }
})
const names = positionals.map(name => name.replace(/^.*\btest\//, '').replace(/\.[jt]s$/, ''))
const files = filesIn(join(ROOT, 'test')).filter(name =>
  name.endsWith('.test.ts') && (names.length === 0 || names.some(wanted => name.includes(wanted))))
if (files.length === 0) throw new Error(`No test has such a name: ${positionals.join(', ')}`)

const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { controller.abort() })
const passed = await runTests({
  root: ROOT,
  files: files.map(name => `dist/test/${name.replace(/\.ts$/, '.js')}`),
  jobs: Number(jobs),
  limit: Number(limit),
  print: line => { console.log(line) },
  signal: controller.signal
})
if (!passed) process.exitCode = 1
