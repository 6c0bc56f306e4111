/** Random texts by the kernel and the plain path. `npm run fuzz` has more of them. */
import { piecesEncoder, plainPieces } from '../../../../lib/tokenizer/pieces/encoder.ts'
import { howMany } from '../../../helpers.ts'
import { FUZZED_PIECES, fuzzPieces } from '../../../pieces-fuzz.ts'
import { t } from '../../../tap.ts'
import { idsOf, piecesFile, piecesModel } from './fixtures.ts'

const RUNS = howMany(75, 2000)

for (const name of FUZZED_PIECES) {
  t.test(`${name}: the kernel has the ids of the plain path`, async t => {
    t.equal(fuzzPieces(name, 21, RUNS), null)
  })
}

t.test('models with random merges, in several ways', async t => {
  for (let seed = 1; seed <= howMany(5, 100); seed++) t.equal(fuzzPieces('random merges', seed, 40), null)
})

t.test('a byte may have no piece if its character has one, as the tab of Gemma', async t => {
  const file = piecesFile('gemma')
  const { '<0x09>': tab, ...vocab } = file.model.vocab as Record<string, number>
  const model = piecesModel({ ...file, model: { ...file.model, vocab: { ...vocab, '\t': tab! } } })
  const [kernel, plain] = [piecesEncoder(model, 'text'), plainPieces(model, 'text')]
  t.equal(kernel.shared?.kind, 'bpe')
  for (const text of ['\t', 'a\tthe\t\t water\u{1f600}', '\t'.repeat(100)]) {
    t.strictSame(idsOf(kernel, text), idsOf(plain, text))
    t.ok(idsOf(kernel, text).includes(tab!))
  }
  const without = piecesModel({ ...file, model: { ...file.model, vocab: { ...vocab, zz: tab! } } })
  t.equal(piecesEncoder(without, 'text').shared, undefined, 'without either, it is unknown')
})
