import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { encodings } from '../../encodings.ts'
import { put, temporaryFolder } from '../../helpers.ts'

const TEXT = 'The water, e\u0301 \u2581 ꙮꙮ ﬁ the water.\t\u3000 \0 aaaaaaaaaaaaaaaa\n'.repeat(20)
const DAMAGED = 40

t.test('a model file with bytes changed, removed or doubled is refused, or encodes without a crash', async t => {
  const folder = temporaryFolder(t)
  const outcomes = { refused: 0, encoded: 0 }
  let state = 11
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % below
  }
  for (const { name, bytes } of encodings().filter(({ name }) =>
    ['own-rules', 'bytes', 'symbols', 'huge', 'ties'].includes(name))) {
    for (let i = 0; i < DAMAGED; i++) {
      const at = draw(bytes.length)
      const parts = [bytes.subarray(0, at), Buffer.from(bytes.subarray(at + draw(3)))]
      if (draw(3) === 0) parts.splice(1, 0, bytes.subarray(at, at + draw(9)))
      else if (parts[1]!.length > 0) parts[1]![0]! ^= 1 << draw(8)
      const path = put(folder, 'damaged.model', Buffer.concat(parts))
      try {
        const { encode, decode, vocabSize } = await loadTokenizer(path)
        const ids = encode(TEXT)
        if (!ids.every(id => id >= 0 && id < vocabSize)) t.fail(`${name} ${i}: ids outside the vocabulary`)
        decode(ids)
        outcomes.encoded++
      } catch (error) {
        if (!(error instanceof SluiceError) || !['ERR_TOKENIZER', 'ERR_DOCUMENT'].includes(error.code) ||
          !error.message.includes('damaged.model')) {
          t.fail(`${name} ${i}: ${String(error)}`)
        }
        outcomes.refused++
      }
    }
  }
  t.ok(outcomes.refused > 20 && outcomes.encoded > 20, JSON.stringify(outcomes))
})
