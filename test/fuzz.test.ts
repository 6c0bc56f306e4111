/** A short form of `npm run fuzz`; `.ci/run` runs a longer one. */
import { t } from './tap.ts'
import { Random, fuzzOnce, targets } from './fuzz.ts'
import { folderInMemory, howMany } from './helpers.ts'

const RUNS = howMany(15, 100)

/** Further variants of a format. */
const FORM_RUNS = howMany(8, 40)

for (const [name, target] of Object.entries(await targets())) {
  const runs = /^arrow./.test(name) ? FORM_RUNS : RUNS
  t.test(`${name}: ${runs} damaged files cause no crash, no hang and no silent loss`, async t => {
    const folder = folderInMemory(t)
    const wrong: string[] = []
    for (let seed = 0; seed < runs; seed++) {
      const found = await fuzzOnce(target, new Random(seed * 7919 + 1), folder)
      if (found !== null) wrong.push(`seed ${seed}: ${found}`)
    }
    t.strictSame(wrong, [])
  })
}

t.test('a silent loss is found', async t => {
  const folder = folderInMemory(t)
  for (const [name, target] of Object.entries(await targets())) {
    const [first] = target.documents
    const missing = { ...first!, id: 'missing', text: 'is in no file' }
    const more = {
      ...target,
      documents: [...target.documents, missing],
      places: target.places === null ? null : [...target.places, { start: -9, end: -9 }]
    }
    let seed = 0
    while (seed < 100 && await fuzzOnce(more, new Random(seed), folder) === null) seed++
    t.ok(seed < 100, `${name}: reproduced by seed ${seed}`)
  }
})
