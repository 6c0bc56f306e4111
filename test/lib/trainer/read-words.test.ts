import t from 'tap'
import { META, type WordReader } from '../../../lib/trainer/read-words.ts'
import { WordCounts } from '../../../lib/trainer/word-counts.ts'
import { Draw, reader } from './corpora.ts'

/** Words as they are counted, a space as `_` and what stands for a symbol as `*`: before spaces, and at ends. */
function found ({ words }: WordReader): Record<string, readonly [number, number]> {
  return Object.fromEntries(Array.from({ length: words.length }, (_, word) => [
    Buffer.from(words.bytes.subarray(words.start(word), words.end(word))).toString().replaceAll(' ', '_').replaceAll(String.fromCharCode(META), '*'),
    [words.count(word, 'space'), words.count(word, 'end')] as const
  ]))
}

t.test('words of lines, with what stands behind them', t => {
  const words = reader()
  words.read('a b a\n\n  \n b\n')
  words.read('')
  words.read('\n')
  words.read('a')
  t.same(found(words), { _a: [1, 2], _b: [1, 1] })
  t.equal(words.sentences, 3)
  t.equal(words.cutLines, 0)
  t.equal(words.words.total(0), 3)
  t.end()
})

t.test('lines as words', t => {
  const words = reader([], false)
  words.read('a b\na b\nc')
  t.same(found(words), { _a_b: [0, 2], _c: [0, 1] })
  t.end()
})

t.test('symbols', t => {
  const words = reader(['<s>', 'ab', 'abcd', 'x\u2581y', 'é', 'not this', 'nor\0this'])
  words.read('abc abcd abce <s>q <t> x y eé nor not this ab')
  t.same(found(words), { '_*c': [1, 0], '_*': [2, 1], '_*ce': [1, 0], '_*q': [1, 0], '_<t>': [1, 0], '_e*': [1, 0], _nor: [1, 0], _not: [1, 0], _this: [1, 0] }) // x y is one, with the space in it
  t.end()
})

t.test('long lines are cut, at a space where there is one', t => {
  const words = reader()
  const line = 'abcdefg '.repeat(1000).trim()
  words.read(line + '\nshort')
  t.same(found(words), { _abcdefg: [998, 2], _short: [0, 1] })
  t.equal(words.sentences, 3)
  t.equal(words.cutLines, 1)
  const exact = reader()
  exact.read('x'.repeat(4192))
  t.equal(exact.cutLines, 0)
  exact.read('x'.repeat(4193))
  t.equal(exact.cutLines, 1)
  t.same(Object.keys(found(exact)).map(word => word.length), [4193, 2])
  t.end()
})

t.test('no character is cut in two', t => {
  const words = reader()
  words.read('x' + '😀'.repeat(5000))
  t.equal(words.cutLines, 1)
  const texts = Object.keys(found(words))
  t.ok(texts.every(text => !text.includes('\ufffd')))
  t.equal(texts.join('').replaceAll('_', ''), 'x' + '😀'.repeat(5000))
  t.end()
})

t.test('a line without an end takes no longer than one with spaces', t => {
  const words = reader()
  const start = performance.now()
  words.read('x' + ' '.repeat(2) + 'ab'.repeat(8_000_000))
  t.ok(performance.now() - start < 3000)
  t.equal(words.sentences, 3818)
  t.end()
})

t.test('counts of many words', t => {
  const words = new WordCounts()
  const draw = new Draw(9)
  const expected = new Map<string, number>()
  for (let i = 0; i < 120_000; i++) {
    const word = draw.text([...'abcdefghijklmnop'], 4 + draw.below(3))
    expected.set(word, (expected.get(word) ?? 0) + 1)
    const bytes = Buffer.from(`-${word}`)
    words.add(bytes, 1, bytes.length, i % 2 === 0 ? 'space' : 'end')
  }
  t.equal(words.length, expected.size)
  t.ok(words.length > 2 ** 16)
  const found = Array.from({ length: words.length }, (_, word) => [Buffer.from(words.bytes.subarray(words.start(word), words.end(word))).toString(), words.total(word)] as const)
  t.ok(found.every(([word, count]) => expected.get(word) === count))
  t.same(found.slice(0, 1000).map(([word]) => word), [...expected.keys()].slice(0, 1000), 'in the order in which they were met')
  t.end()
})

t.test('words whose hashes are the same', t => {
  const words = new WordCounts()
  for (const text of ['\0', '\0\0', '\0\0\0', '\0\0', '\0']) words.add(Buffer.from(text), 0, text.length, 'end')
  t.same(Array.from({ length: 3 }, (_, word) => words.total(word)), [2, 2, 1])
  t.end()
})
