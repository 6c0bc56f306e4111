import { t } from '../../tap.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'

function copyOf (buffer: IdBuffer, first: number, count: number): Int32Array {
  buffer.clear()
  for (let i = 0; i < count; i++) buffer.push(first + i)
  return buffer.copy()
}

t.test('copies of any length keep their ids, whether they share memory or not', async t => {
  const buffer = new IdBuffer()
  const counts = [0, 1, 63, 64, 0, 1023, 1024, 1025, ...Array.from({ length: 40 }, (_, i) => 100 + 11 * i)]
  const copies = counts.map((count, i) => copyOf(buffer, 10_000 * i, count))
  t.strictSame(copies.map(({ length }) => length), counts)
  const wrong = copies.filter((copy, i) => copy.some((id, place) => id !== 10_000 * i + place))
  t.strictSame(wrong, [])
})

t.test('memory that copies share can\'t be transferred away from them', async t => {
  const buffer = new IdBuffer()
  const [first, second] = [copyOf(buffer, 5, 3), copyOf(buffer, 7, 2)]
  t.equal(first.buffer, second.buffer)
  try {
    structuredClone(first, { transfer: [first.buffer as ArrayBuffer] })
  } catch {} // depends on Node's release
  t.strictSame([...second], [7, 8])
})
