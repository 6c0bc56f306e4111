import { t } from '../../tap.ts'
import { readablePart } from '../../../lib/language/cld3.ts'

t.test('of a long text, the first 64 KiB are read, cut between characters', async t => {
  const wave = '🌊'.repeat(20_000) // 4 bytes each: 16,384 of them are 64 KiB
  t.equal(readablePart(wave), '🌊'.repeat(16_384))
  t.equal(readablePart('é'.repeat(40_000)).length, 32_768)
  t.equal(readablePart('x'.repeat(70_000)).length, 65_536)
  t.equal(readablePart(`x${wave}`), `x${'🌊'.repeat(16_383)}`)
})

t.test('noncharacters are replaced, and similar characters are kept', async t => {
  t.equal(readablePart('a\nb\u009fc\u{10ffff}d\u{1fffd}\ufdef\ufdf0'), 'a b c d\u{1fffd} \ufdf0')
})
