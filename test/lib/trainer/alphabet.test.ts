import { t } from '../../tap.ts'
import {
  AT_BOTH, AT_END, AT_SPACE, type Alphabet, FIRST_CHARACTER, UNKNOWN, alphabetOf, corpusOf
} from '../../../lib/trainer/alphabet.ts'
import { reader } from './corpora.ts'

function alphabet (text: string, coverage: number): Alphabet {
  const read = reader()
  read.read(text)
  return alphabetOf(read.words, coverage)
}

function characters (text: string, coverage: number): string {
  return alphabet(text, coverage).characters.map(({ codePoint }) => String.fromCodePoint(codePoint)).join('')
}

t.test('the alphabet is the most frequent characters that cover the text', t => {
  const text = 'aaaaabbbcc' // and a space
  t.equal(characters(text, 1), 'abc\u2581')
  t.equal(characters(text, 10 / 11), 'abc')
  t.equal(characters(text, 8 / 11), 'ab')
  t.equal(characters(text, 8 / 11 + 1e-6), 'abc')
  t.equal(characters(text, 5 / 11), 'a')
  t.equal(characters(text, 1e-9), 'a', 'at least one')
  t.equal(alphabet(text, 0.5).total, 11)
  t.equal(characters('dcba', 1), 'abcd\u2581', 'ties are ordered by code point')
  t.end()
})

t.test('characters of one to four bytes are counted, and symbols are not split', t => {
  const { characters, codePoints, total } = alphabet('😀漢éa 漢😀 😀', 1)
  t.same(
    characters.map(({ codePoint, count }) => [String.fromCodePoint(codePoint), count]),
    [['\u2581', 3], ['😀', 3], ['漢', 2], ['a', 1], ['é', 1]]
  )
  t.equal(total, 10)
  t.same([...codePoints.subarray(0, FIRST_CHARACTER)], [0, 0, 0, 0])
  t.same(
    [...codePoints.subarray(FIRST_CHARACTER)].map(code => String.fromCodePoint(code)),
    ['a', 'é', '\u2581', '漢', '😀']
  )
  for (const { codePoint, symbol } of characters) t.equal(codePoints[symbol], codePoint)
  t.end()
})

t.test('some characters are never pieces', t => {
  t.equal(characters('a\0a\u2585a\ta', 1), 'a\u2581')
  t.equal(alphabet('a\0a\u2585a\ta', 1).total, 6, 'a tab counts, as in SentencePiece')
  t.equal(characters('aaaa\t\t\t\t\t\t\t\t\t\t', 0.5), '', 'it is no piece')
  t.equal(alphabetOf(reader().words, 1).characters.length, 0)
  t.end()
})

t.test('words become symbols', t => {
  const read = reader()
  read.read('ab a ab\nab ?')
  read.read('a b')
  const found = alphabetOf(read.words, 0.92)
  t.equal(found.characters.map(({ codePoint }) => String.fromCodePoint(codePoint)).join(''), '\u2581ab')
  const { symbols, starts, counts, longest } = corpusOf(read.words, found)
  const [a, b, space] = [FIRST_CHARACTER, FIRST_CHARACTER + 1, FIRST_CHARACTER + 2]
  t.same([...symbols], [space, a, b, AT_BOTH, space, a, AT_SPACE, space, UNKNOWN, AT_END, space, b, AT_END])
  t.same([...starts], [0, 4, 7, 10, 13])
  t.same([...counts], [3, 2, 1, 1])
  t.equal(longest, 3)
  t.end()
})
