import { join } from 'node:path'
import t from 'tap'
import { ROOT, filesIn } from './helpers.ts'

const folder = join(ROOT, 'dist/test')

/**
 * Runs tests in `*.plain.ts`, those that load or start much, one after the other: each in a process without the test
 * runner's loaders, with which modules, threads and processes take several times as long to start. Such a test can't replace
 * imports (`mocked`).
 *
 * @param isWanted by its name, from the folder of tests on
 */
export async function runPlainly (isWanted: (file: string) => boolean): Promise<void> {
  const files = filesIn(folder).filter(name => name.endsWith('.plain.js') && isWanted(name)).sort()
  t.ok(files.length > 10, 'they are there')
  for (const file of files) await t.spawn('env', ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE', 'TAP_TIMEOUT=300', process.execPath, join(folder, file)], { timeout: 300_000 }, file)
}
