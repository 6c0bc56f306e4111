/** Runs several files of tests in one process: `group.js FILE…`, each as a test that is named as its source. */
import { pathToFileURL } from 'node:url'
import { testFile } from '../tap.ts'
import { sourceOf } from './groups.ts'

for (const path of process.argv.slice(2)) {
  testFile(sourceOf(path), async () => { await import(pathToFileURL(path).href) })
    .catch((error: unknown) => { throw error })
}
