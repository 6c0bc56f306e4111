import { type Test, t } from '../../tap.ts'
import { LENGTH_BITS, LENGTH_MASK } from '../../../lib/trainer/lattice.ts'
import type { TrainSettings } from '../../../lib/trainer/options.ts'
import { heaviest } from '../../../lib/trainer/seeds.ts'
import { Draw, buildOf, isValidPiece, pieceTexts, settings } from './corpora.ts'

/** The words of a text's lines, each with what follows it: for the last word of a line, the end. */
function wordsOfText (text: string, splits: boolean): Array<{
  readonly word: readonly string[]
  readonly next: string
}> {
  return text.split('\n').filter(line => line.trim() !== '').flatMap(line => {
    const escaped = '\u2581' + line.trim().replaceAll(/ +/g, '\u2581')
    const words = splits ? escaped.match(/\u2581[^\u2581]*/g)! : [escaped]
    return words.map((word, i) => ({ word: [...word], next: i === words.length - 1 ? 'end' : 'space' }))
  })
}

/** Pieces of several characters that different characters follow, with the amount of text they cover. */
function naiveSeeds (text: string, rules: TrainSettings): Map<string, number> {
  const found = new Map<string, { count: number, readonly next: Set<string> }>()
  for (const { word, next } of wordsOfText(text, rules.splitByWhitespace)) {
    for (let from = 0; from < word.length; from++) {
      for (let to = from + 2; to <= word.length; to++) {
        const piece = word.slice(from, to)
        if (!isValidPiece(piece, rules)) continue
        const seen = found.get(piece.join('')) ?? { count: 0, next: new Set() }
        found.set(piece.join(''), seen)
        seen.count++
        seen.next.add(word[to] ?? next)
      }
    }
  }
  return new Map([...found].filter(([, { next }]) => next.size > 1).map(([piece, { count }]) =>
    [piece, count * [...piece].length]))
}

function check (t: Test, text: string, changes: Partial<TrainSettings>): void {
  const built = buildOf(text, changes)
  const { seeds, alphabet: { characters } } = built
  const texts = pieceTexts(built).slice(1)
  t.equal(texts.length, seeds.length)
  t.same(
    texts.slice(0, characters.length),
    characters.map(({ codePoint }) => String.fromCodePoint(codePoint)),
    'characters first'
  )
  t.same([...seeds.weights.subarray(0, characters.length)], characters.map(({ count }) => count))
  const several = texts.slice(characters.length).map((piece, i) =>
    [piece, seeds.weights[characters.length + i]!] as const)
  t.same(
    Object.fromEntries(several),
    Object.fromEntries(naiveSeeds(text, settings(changes))),
    JSON.stringify(text).slice(0, 60)
  )
}

/** There must be an edge for each piece at a position, and one for its character. */
function checkEdges (t: Test, text: string): void {
  const built = buildOf(text)
  const { lattice: { edges, edgeStarts }, corpus: { symbols, starts }, alphabet: { codePoints } } = built
  const texts = pieceTexts(built)
  const wrong: number[] = []
  for (let word = 0; word < starts.length - 1; word++) {
    for (let place = starts[word]!; place < starts[word + 1]! - 1; place++) {
      const rest = Array.from(
        symbols.subarray(place, starts[word + 1]! - 1),
        symbol => String.fromCodePoint(codePoints[symbol]!)
      ).join('')
      const here = edges.subarray(edgeStarts[place], edgeStarts[place + 1])
      const found = Array.from(here, edge => texts[edge >>> LENGTH_BITS]!)
      const expected = texts.slice(1).filter(piece => rest.startsWith(piece))
      if (found.toSorted().join() !== expected.toSorted().join()) wrong.push(place)
      if (here.some((edge, i) => (edge & LENGTH_MASK) !== found[i]!.length) || (here[0]! & LENGTH_MASK) !== 1) {
        wrong.push(place)
      }
    }
    if (edgeStarts[starts[word + 1]! - 1] !== edgeStarts[starts[word + 1]!]) wrong.push(starts[word + 1]!)
  }
  t.same(wrong, [])
}

t.test('seeds are the pieces that different characters follow', t => {
  const draw = new Draw(4)
  for (let i = 0; i < 25; i++) {
    const characters = draw.of(['a', 'ab ', 'ab\n ', 'abcdef\n  ', 'aя1\u0301 \n漢か'])
    const changes = draw.of<Partial<TrainSettings>>([
      {}, { maxSentencepieceLength: 3 }, { splitByWhitespace: false }, { splitByUnicodeScript: false },
      { splitDigits: true }
    ])
    check(t, draw.text([...characters], 1 + draw.below(150)) + 'a', changes)
  }
  t.end()
})

t.test('a word before spaces and before line ends is a piece', t => {
  const texts = pieceTexts(buildOf('abc\nabc x'))
  t.ok(texts.includes('\u2581abc'))
  t.ok(texts.includes('bc'))
  t.notOk(texts.includes('ab'))
  t.notOk(pieceTexts(buildOf('abc\nabc')).includes('\u2581abc'), 'all line ends are the same')
  t.notOk(pieceTexts(buildOf('abc x\nabc x')).includes('\u2581abc'), 'all spaces are the same')
  t.end()
})

t.test('the number of seeds is limited', t => {
  const draw = new Draw(5)
  const text = draw.text([...'abcdefgh    '], 4000)
  check(t, text, {})
  const all = buildOf(text)
  const some = buildOf(text, { seedSentencepieceSize: 50 })
  t.equal(some.seeds.length, 50)
  const weights = [...all.seeds.weights.subarray(9)].toSorted((a, b) => b - a)
  t.same([...some.seeds.weights.subarray(9)].toSorted((a, b) => b - a), weights.slice(0, 41), 'those that cover most')
  t.equal(buildOf(text, { seedSentencepieceSize: 1 }).seeds.length, 9, 'characters are always included')
  t.end()
})

t.test('edges of the lattice', t => {
  const draw = new Draw(6)
  for (let i = 0; i < 10; i++) {
    checkEdges(t, draw.text([...draw.of(['a', 'ab ', 'abc  \n'])], 1 + draw.below(300)) + 'a')
  }
  t.end()
})

t.test('the pieces with the largest weights', t => {
  t.same([...heaviest(Float64Array.of(3, 1, 3, 2, 3, 2), 4)], [0, 2, 3, 4], 'of equal ones the first')
  t.same([...heaviest(Float64Array.of(1, 2), 5)], [0, 1])
  t.same([...heaviest(Float64Array.of(1, 2), 2)], [0, 1])
  t.same([...heaviest(Float64Array.of(1, 2), 0)], [])
  t.same([...heaviest(Float64Array.of(-Infinity, Infinity, 0, Infinity), 3)], [1, 2, 3])
  const draw = new Draw(7)
  for (let i = 0; i < 20; i++) {
    const weights = Float64Array.from({ length: 1 + draw.below(50) }, () => draw.below(6))
    const count = draw.below(weights.length)
    const naive = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b).slice(
      0,
      count
    ).sort((a, b) => a - b)
    t.same([...heaviest(weights, count)], naive)
  }
  t.end()
})
