/** Normalizers of `tokenizer.json`, against Hugging Face's tokenizers. */
import type { JsonObject } from '../../../lib/bpe/json-fields.ts'
import { normalized } from '../../../lib/bpe/normalizers.ts'
import { normalizersOf } from '../../../lib/bpe/read-normalizers.ts'
import { sha256 } from '../../../lib/hash.ts'
import { howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { unpacked } from './fixtures.ts'

interface Recorded {
  readonly texts: readonly string[]
  readonly steps: ReadonlyArray<{
    readonly step: JsonObject
    readonly texts: readonly string[]
    /** For each 4,096 code points, a hash of `textOfPoints` after normalization. */
    readonly points?: readonly string[]
  }>
}

const CHUNK = 4096

function textOfPoints (from: number): string {
  const points = Array.from({ length: CHUNK }, (_, i) => from + i).filter(point => point < 0xd800 || point >= 0xe000)
  return points.map(point => {
    const c = String.fromCodePoint(point)
    return `${c} a${c}\u0301 ${c}\u0334\u0345 \u0345${c} e${c}${c}\n`
  }).join('')
}

const { texts, steps } = unpacked('normalizers') as Recorded

for (const { step, texts: expected, points } of steps) {
  t.test(`${JSON.stringify(step)} makes what tokenizers makes`, async t => {
    const normalizers = normalizersOf(step)
    const wrong = texts.filter((text, i) => normalized(text, normalizers) !== expected[i])
    t.strictSame(wrong, [])
    // Chunks without a letter or mark that changes are all alike.
    const every = howMany(5, 1)
    const wrongPoints = (points ?? []).flatMap((hash, i) => {
      if (i >= 48 && i % every !== 0) return []
      const made = normalized(textOfPoints(CHUNK * i), normalizers)
      return sha256(Buffer.from(made)).slice(0, 8) === hash ? [] : [CHUNK * i]
    })
    t.strictSame(wrongPoints, [])
  })
}

t.test('normalizers that are not known are refused by name', async t => {
  for (const type of ['BertNormalizer', 'Nmt', 'ByteLevel', 'Other']) {
    t.throws(() => normalizersOf({ type }), { message: new RegExp(`its normalizer is ${type}, which sluice`) })
  }
  const replace = { type: 'Replace', pattern: { Regex: ' {3,}' }, content: ' ' }
  t.throws(() => normalizersOf({ type: 'Sequence', normalizers: [replace] }), { message: /replaces " \{3,\}"/ })
  t.throws(() => normalizersOf({ ...replace, pattern: { String: '' } }), { message: /an empty text/ })
})
