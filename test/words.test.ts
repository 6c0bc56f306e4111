/** The code's comments and messages avoid the same phrases as the documentation. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from './tap.ts'
import { ROOT, filesIn } from './helpers.ts'
import { phrasesIn } from './phrases.ts'

const FOLDERS = ['lib', 'recipes', 'sources', 'transforms', 'sinks', 'examples', 'scripts']

for (const folder of FOLDERS) {
  t.test(`${folder} avoids the phrases of test/phrases.ts`, async t => {
    const files = filesIn(join(ROOT, folder)).filter(name => /\.(?:ts|mjs|md|yaml)$/.test(name))
    t.ok(files.length > 0)
    const found = files.map(name => `${folder}/${name}`)
      .flatMap(file => phrasesIn(file, readFileSync(join(ROOT, file), 'utf8')))
    t.strictSame(found, [])
  })
}
