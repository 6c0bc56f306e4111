import { t } from '../../tap.ts'
import { longRuns } from '../../../lib/trainer/long-runs.ts'
import { META, type WordReader } from '../../../lib/trainer/read-words.ts'
import { WordCounts } from '../../../lib/trainer/word-counts.ts'
import { Draw, reader } from './corpora.ts'

/** The counts of each word, before spaces and at line ends. A space is shown as `_` and a symbol as `*`. */
function found ({ words }: WordReader): Record<string, readonly [number, number]> {
  return Object.fromEntries(Array.from({ length: words.length }, (_, word) => [
    Buffer.from(words.bytes.subarray(words.start(word), words.end(word))).toString().replaceAll(' ', '_').replaceAll(
      String.fromCharCode(META),
      '*'
    ),
    [words.count(word, 'space'), words.count(word, 'end')] as const
  ]))
}

t.test('words of lines are counted by what follows them', t => {
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

t.test('whole lines can be words', t => {
  const words = reader([], false)
  words.read('a b\na b\nc')
  t.same(found(words), { _a_b: [0, 2], _c: [0, 1] })
  t.end()
})

t.test('symbols are found in the text', t => {
  const words = reader(['<s>', 'ab', 'abcd', 'x\u2581y', 'é', 'not this', 'nor\0this'])
  words.read('abc abcd abce <s>q <t> x y eé nor not this ab')
  // `x y` is one symbol, which contains a space.
  t.same(found(words), {
    '_*c': [1, 0],
    '_*': [2, 1],
    '_*ce': [1, 0],
    '_*q': [1, 0],
    '_<t>': [1, 0],
    '_e*': [1, 0],
    _nor: [1, 0],
    _not: [1, 0],
    _this: [1, 0]
  })
  t.end()
})

t.test('long lines are split, at a space if there is one', t => {
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

t.test('no character is split', t => {
  const words = reader()
  words.read('x' + '😀'.repeat(5000))
  t.equal(words.cutLines, 1)
  const texts = Object.keys(found(words))
  t.ok(texts.every(text => !text.includes('\ufffd')))
  t.equal(texts.join('').replaceAll('_', ''), 'x' + '😀'.repeat(5000))
  t.end()
})

t.test('a long line without spaces takes no longer than one with spaces', t => {
  const words = reader()
  const start = performance.now()
  words.read('x' + ' '.repeat(2) + 'ab'.repeat(8_000_000))
  t.ok(performance.now() - start < 3000)
  t.equal(words.sentences, 3818)
  t.end()
})

t.test('many words are counted', t => {
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
  const found = Array.from(
    { length: words.length },
    (_, word) =>
      [Buffer.from(words.bytes.subarray(words.start(word), words.end(word))).toString(), words.total(word)] as const
  )
  t.ok(found.every(([word, count]) => expected.get(word) === count))
  t.same(
    found.slice(0, 1000).map(([word]) => word),
    [...expected.keys()].slice(0, 1000),
    'in the order of first occurrence'
  )
  t.end()
})

t.test('words with the same hash are distinguished', t => {
  const words = new WordCounts()
  for (const text of ['\0', '\0\0', '\0\0\0', '\0\0', '\0']) words.add(Buffer.from(text), 0, text.length, 'end')
  t.same(Array.from({ length: 3 }, (_, word) => words.total(word)), [2, 2, 1])
  t.end()
})

t.test('long runs without a space are skipped, and the text around them is not joined', t => {
  const left = (text: string, most = 5): unknown => {
    const words = reader([], true, most)
    words.read(text)
    return [found(words), words.longRuns, words.longRunCharacters]
  }
  t.same(left('a 123456 b'), [{ _a: [0, 1], _b: [0, 1] }, 1, 6])
  t.same(left('a 12345 b'), [{ _a: [1, 0], _12345: [1, 0], _b: [0, 1] }, 0, 0])
  t.same(left('123456'), [{}, 1, 6])
  t.same(
    left('a\t123456\tb\n123456\nc'),
    [{ '_a*': [0, 1], '_*b': [0, 1], _c: [0, 1] }, 2, 12],
    'any white space ends a run'
  )
  t.same(left('привет 123éàю', 5), [{}, 2, 12], 'letters of other scripts with spaces')
  t.same(left('中文中文中文中文'), [{ _中文中文中文中文: [0, 1] }, 0, 0], 'Han is kept')
  t.same(left('中文123456中文、12345。'), [{ _中文: [0, 1], '_中文、12345。': [0, 1] }, 1, 6], 'the rest of a mixed text is kept')
  for (const text of [
    'ひらがなカタカナー', 'ภาษาไทยภาษาไทย', 'ພາສາລາວພາສາ', 'ភាសាខ្មែរភាសា', 'မြန်မာဘာသာစကား', 'བོད་སྐད་བོད་སྐད་', 'ꦧꦱꦗꦮꦧꦱꦗꦮ',
    'ꆈꌠꉙꆈꌠꉙ'
  ]) {
    t.match(left(text), [{ ['_' + text]: [0, 1] }, 0, 0])
  }
  t.same(left('😀😀😀😀😀😀😀😀'), [{ '_😀😀😀😀😀😀😀😀': [0, 1] }, 0, 0])
  t.same(left('𐌰𐌱𐌲𐌳𐌴 x'), [{ '_𐌰𐌱𐌲𐌳𐌴': [1, 0], _x: [0, 1] }, 0, 0], 'code points count, not code units')
  t.same(left('a 123456 b', 0), [{ _a: [1, 0], _123456: [1, 0], _b: [0, 1] }, 0, 0], '0 skips none')
  const [cut, longRuns] = left(
    `${'ab '.repeat(3000)}${'x'.repeat(9000)} ${'ab '.repeat(3000)}`,
    256
  ) as [Record<string, unknown>, number]
  t.same([Object.keys(cut), longRuns], [['_ab'], 1], 'a run across the end of a split line is skipped as a whole')
  t.end()
})

t.test('testing few characters finds the same runs as testing all', t => {
  const draw = new Draw(5)
  for (let i = 0; i < 500; i++) {
    const text = draw.text([' ', 'a', 'b', '7', '\t', 'é', '中'], 60).replaceAll('b', 'xyz')
    const most = 1 + draw.below(8)
    const expected = [...text.matchAll(/[^\s中]+/g)].filter(([run]) => run.length > most).map(({ index, 0: run }) =>
      [index, index + run.length])
    t.same(longRuns(text, 0, text.length, most), expected, text)
  }
  t.end()
})
