import fc from 'fast-check'
import { t } from '../tap.ts'
import { normalize, normalizeText } from '../../transforms/normalize.ts'
import { answers, doc, through } from '../helpers.ts'

t.test('white space is that of Python\'s str.split(), for all code points', async t => {
  const white: number[] = []
  for (let point = 0; point <= 0x10ffff; point++) {
    if (normalizeText(`a${String.fromCodePoint(point)}b`) === 'a b') white.push(point)
  }
  t.strictSame(white, answers().white_space)
})

t.test('texts are trimmed, and runs of white space become one space', async t => {
  for (const [text, normal] of [
    ['', ''], [' ', ''], ['a', 'a'], ['a b', 'a b'], [' a', 'a'], ['a ', 'a'], ['a  b', 'a b'], [
      '\ta\r\n\u3000b\u0085', 'a b'
    ],
    ['\u001cx\u001f', 'x'], ['\ufeffx\ufeff', '\ufeffx\ufeff'], ['a\u200bb', 'a\u200bb'], ['a\u00a0b', 'a b']
  ] as const) t.equal(normalizeText(text), normal, JSON.stringify(text))
})

t.test('property: the result equals split and join, and a second pass changes nothing', async t => {
  const white = answers().white_space.map(point => String.fromCodePoint(point))
  const text = fc.array(
    fc.oneof(fc.constantFrom(...white), fc.constantFrom('a', 'é', '\ufeff', '🌊', ' ')), { maxLength: 30 }
  ).map(parts => parts.join(''))
  let checked = 0
  fc.assert(fc.property(text, text => {
    const words = [...text].reduce((words, char) =>
      white.includes(char) ? [...words, ''] : [...words.slice(0, -1), words.at(-1)! + char], [''])
    t.equal(normalizeText(text), words.filter(word => word !== '').join(' '))
    t.equal(normalizeText(normalizeText(text)), normalizeText(text))
    checked++
  }))
  t.equal(checked, 100)
})

t.test('the stage keeps every document, and returns an unchanged one as the same object', async t => {
  const [tidy, untidy] = [doc('a', 'x y', { m: 1 }), doc('b', ' x  y ', { m: 2 })]
  const got = await through([tidy, untidy], normalize())
  t.strictSame(got, [tidy, doc('b', 'x y', { m: 2 })])
  t.equal(got[0], tidy)
  t.equal(untidy.text, ' x  y ', 'the input document is unchanged')
})
