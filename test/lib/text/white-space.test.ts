import assert from 'node:assert/strict'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { whiteSpaceKernel } from '../../../lib/text/white-space.ts'
import { normalizeText } from '../../../transforms/normalize.ts'
import { answers } from '../../helpers.ts'

const kernel = whiteSpaceKernel()!
const white = answers().white_space.map(point => String.fromCodePoint(point))
const ascii = white.filter(character => character < '\x80')

t.test('white space is that of Python\'s str.split(), for all UTF-16 units', async t => {
  const units: number[] = []
  for (let unit = 0; unit <= 0xffff; unit++) {
    if (kernel.normalized(`a${String.fromCharCode(unit)}b`) === 'a b') units.push(unit)
  }
  t.strictSame(units, answers().white_space)
})

t.test('property: texts are normalized as without the kernel', async t => {
  const others = ['é', '\u0100', '\u2010', '\u3001', '\ufeff', '🌊', '\ud800', '\udc00']
  const run = (from: readonly string[]): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom(...from), { maxLength: 20 }).map(parts => parts.join(''))
  const parts = (from: readonly string[]): fc.Arbitrary<string> =>
    fc.oneof(fc.constantFrom(...from), run(from), fc.nat(17).map(length => 'x'.repeat(length)))
  const text = fc.oneof(...[[...ascii, ' '], [...white, ...others]].map(from => fc.array(parts(from))))
    .map(parts => parts.join(''))
  t.doesNotThrow(() => {
    const property = fc.property(text, text => { assert.equal(kernel.normalized(text), normalizeText(text)) })
    fc.assert(property, { numRuns: 500 })
  })
})

t.test('what is left of a longer text doesn\'t become part of a shorter one', async t => {
  for (const filler of ['x', 'é']) {
    kernel.normalized(filler.repeat(100))
    for (let length = 0; length < 40; length++) {
      for (const end of ['', ' ', '\t\n', 'é', 'é ', '\u3000\u3000']) {
        const text = 'a'.repeat(length) + end
        t.equal(kernel.normalized(text), normalizeText(text), JSON.stringify(text))
      }
    }
  }
})

t.test('memory grows for long texts, except for very long ones', async t => {
  for (const unit of ['a\n\nb', 'é\u3000 ']) {
    for (const count of [2 ** 14, 2 ** 16, 2 ** 18]) {
      const text = unit.repeat(count)
      t.ok(kernel.normalized(text) === normalizeText(text), `${unit} ${count} times`)
    }
  }
  t.equal(kernel.normalized('a'.repeat(2 ** 22 + 1)), undefined)
})
