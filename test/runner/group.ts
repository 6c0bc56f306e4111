/** Runs several test files in one process: `group.js FILE…`, each as a test with the name of its source. */
import { pathToFileURL } from 'node:url'
import { testFile } from '../tap.ts'
import { sourceOf } from './groups.ts'

for (const path of process.argv.slice(2)) {
  testFile(sourceOf(path), async () => { await import(pathToFileURL(path).href) })
    .catch((error: unknown) => { throw error })
}
