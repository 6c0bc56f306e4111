/** Ids of each family, by the kernel and the plain path, against those of tiktoken and Hugging Face's tokenizers. */
import { ByteLevelDecoder } from '../../../lib/bpe/decoder.ts'
import { bpeEncoder, plainBpeEncoder } from '../../../lib/bpe/encoder.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { sha256 } from '../../../lib/hash.ts'
import { howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { FAMILIES, TEXTS, idsOf, modelOf, recorded } from './fixtures.ts'

/** The plain path is slow: `npm test` takes each of so many texts. */
const EVERY = howMany(16, 1)

for (const family of FAMILIES) {
  t.test(`${family}: the ids of all texts, and texts of the ids`, async t => {
    const answers = recorded(family)
    const model = modelOf(family, answers)
    const encoders = { kernel: bpeEncoder(model, 'text'), plain: plainBpeEncoder(model, 'text') }
    t.ok(encoders.kernel.shared, 'there is a scanner for it')
    const decoder = new ByteLevelDecoder(model, family)
    const wrong: string[] = []
    for (const [path, encoder] of Object.entries(encoders)) {
      const every = path === 'plain' ? EVERY : howMany(4, 1)
      for (let i = 0; i < TEXTS.length; i += every) {
        const text = TEXTS[i]!
        const ids = idsOf(encoder, text)
        if (ids.join() !== answers.ids[i]!.join()) wrong.push(`${path}, ids of ${JSON.stringify(text)}`)
        const decoded = decoder.decode(ids)
        if (decoded !== normalizedBy(family, text)) wrong.push(`${path}, text: ${JSON.stringify(decoded)}`)
      }
    }
    t.strictSame(wrong, [])
  })
}

/** What decoding gives back: models that change a text can't give the text itself. */
function normalizedBy (family: string, text: string): string {
  if (family.startsWith('qwen')) return text.normalize('NFC')
  return family === 'roberta' && text !== '' && !text.startsWith(' ') ? ` ${text}` : text
}

/** The text of 1,000 code points in context. */
function textOfPoints (from: number): string {
  const points = Array.from({ length: Math.min(1000, 0x11_0000 - from) }, (_, i) => from + i)
  return points.filter(point => point < 0xd800 || point >= 0xe000).map(point => {
    const each = String.fromCodePoint(point)
    return `x${each}1 ${each}Y\n${each}${each}'s ${each}\n`
  }).join('')
}

t.test('cl100k: each code point in context', async t => {
  const { points, ...rest } = recorded('cl100k')
  const model = modelOf('cl100k', rest)
  const encoder = bpeEncoder(model, 'text')
  const ids = new IdBuffer()
  const wrong = points!.flatMap((hash, i) => {
    if (i % howMany(32, 1) !== 0) return []
    ids.clear()
    encoder.append(textOfPoints(1000 * i), ids)
    const bytes = new Uint8Array(ids.copy().buffer)
    return sha256(bytes).slice(0, 8) === hash ? [] : [1000 * i]
  })
  t.strictSame(wrong, [])
})
