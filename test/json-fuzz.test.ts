/** A short form of `npm run fuzz -- --format joined`. */
import { t } from './tap.ts'
import { Random } from './fuzz.ts'
import { folderInMemory, howMany } from './helpers.ts'
import { fuzzJson } from './json-fuzz.ts'

t.test('each record of a concatenated file is read, with and without threads, from every position', async t => {
  const folder = folderInMemory(t)
  const wrong: string[] = []
  for (let seed = 0; seed < howMany(40, 150); seed++) {
    const found = await fuzzJson(new Random(seed * 7919 + 1), folder)
    if (found !== null) wrong.push(`seed ${seed}: ${found}`)
  }
  t.strictSame(wrong.slice(0, 5), [])
})
