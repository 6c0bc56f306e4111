/**
 * The tests that start many threads, `*.plain.ts`: each in a process without the test runner's loaders, with which every
 * thread takes several times as long to start.
 */
import { join } from 'node:path'
import t from 'tap'
import { ROOT, filesIn } from './helpers.ts'

const folder = join(ROOT, 'dist/test')
const files = filesIn(folder).filter(name => name.endsWith('.plain.js')).sort()

t.ok(files.length >= 5, 'they are there')
for (const file of files) await t.spawn('env', ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE', process.execPath, join(folder, file)], {}, file)
