/** `corpora/main.js FOLDER [MB]`: writes all corpora of the benchmarks, and prints their properties as JSON. */
import { mkdir } from 'node:fs/promises'
import { Corpora, type CorpusName } from './corpora.ts'
import { Missing, TEXTS } from './sources.ts'

const [folder, megabytes] = process.argv.slice(2)
if (folder === undefined || !/^\d*$/.test(megabytes ?? '')) {
  process.stderr.write('usage: corpora/main.js FOLDER [MB of the mixed corpus]\n')
  process.exit(2)
}
await mkdir(folder, { recursive: true })
const corpora = new Corpora(folder, megabytes === undefined ? {} : { mixedBytes: Number(megabytes) * 1e6 })
for (const name of Object.keys(TEXTS) as CorpusName[]) {
  try {
    process.stdout.write(JSON.stringify(await corpora.get(name), null, 2) + '\n')
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    process.stderr.write(`skipped: ${name}: ${error.message}\n`)
  }
}
