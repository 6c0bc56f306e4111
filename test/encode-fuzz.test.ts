/** A short form of `npm run fuzz` for texts; `FUZZ_SEED` in the environment sets other texts. */
import { t } from './tap.ts'
import { fuzzEncoding, fuzzedModels } from './encode-fuzz.ts'
import { howMany, temporaryFolder } from './helpers.ts'

const RUNS = howMany(10, 30)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const models = await fuzzedModels(temporaryFolder(t), howMany(8, 1))

t.test(`${RUNS} random texts per model encode and decode as in SentencePiece`, async t => {
  t.comment(`FUZZ_SEED=${SEED}`)
  const wrong: string[] = []
  for (const fuzzed of models) {
    const found = fuzzEncoding(fuzzed, SEED, RUNS)
    if (found !== null) wrong.push(found)
  }
  t.strictSame(wrong, [])
})

t.test('a difference is found and reduced to a short text', async t => {
  const { ours, theirs } = models.find(({ name }) => name === 'quickstart')!
  const encodesOtherwise = { ...ours, encode: (text: string) => ours.encode(text.replaceAll('\u2003a', 'a')) }
  t.match(
    fuzzEncoding({ name: 'wrong', ours: encodesOtherwise, theirs }, 1, 20_000), /^wrong, seed \d+: ".{0,12}": ids /
  )
  const decodesOtherwise = {
    ...ours, decode: (ids: Int32Array | readonly number[]) => ours.decode(ids).replaceAll('...', '\u2026')
  }
  t.match(
    fuzzEncoding({ name: 'wrong', ours: decodesOtherwise, theirs }, 1, 20_000),
    /^wrong, seed \d+: ".{0,12}": decoded to /
  )
})
