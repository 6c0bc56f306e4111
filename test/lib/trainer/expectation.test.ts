import { type Test, t } from '../../tap.ts'
import { expectPart } from '../../../lib/trainer/expectation.ts'
import { LENGTH_BITS, LENGTH_MASK, PARTS, UNKNOWN_PIECE } from '../../../lib/trainer/lattice.ts'
import type { TrainSettings } from '../../../lib/trainer/options.ts'
import { WordCounts } from '../../../lib/trainer/word-counts.ts'
import { type Built, Draw, build, buildOf, numbersOf, pieceTexts, segmentations, wordsOf } from './corpora.ts'

/** The expected counts of pieces, over all parts, and the logarithm of the total probability. */
function expect ({ lattice, pieces }: Built): { readonly sums: number[], readonly log: number } {
  let log = 0
  const sums = Array.from({ length: pieces.size + 1 }, () => 0)
  for (let part = 0; part < PARTS; part++) {
    log += expectPart(lattice, part, pieces.size, pieces.isStale)
    sums.forEach((_, piece) => { sums[piece]! += lattice.sums[part * (pieces.size + 1) + piece]! })
  }
  return { sums, log }
}

/**
 * The same over all segmentations of each word.
 *
 * @param factor by which the probabilities were multiplied, for each character
 */
function naive (built: Built, factor = 1): { readonly sums: number[], readonly log: number } {
  const { lattice: { probabilities }, pieces: { size } } = built
  const texts = pieceTexts(built)
  const numbers = numbersOf(texts)
  const sums = Array.from({ length: size + 1 }, () => 0)
  let log = 0
  for (const { word, count } of wordsOf(built)) {
    const ways = segmentations(word, numbers).map(way => ({
      way,
      probability: way.reduce(
        (product, piece) => product * probabilities[piece]! / factor ** ([...texts[piece]!].length || 1),
        1
      )
    }))
    const all = ways.reduce((sum, { probability }) => sum + probability, 0)
    for (const { way, probability } of ways) for (const piece of way) sums[piece]! += count * probability / all
    log += count * (Math.log(all) + word.length * Math.log(factor))
  }
  return { sums, log }
}

function near (t: Test, found: ReturnType<typeof expect>, expected: ReturnType<typeof naive>, what: string): void {
  const off = found.sums.map((sum, piece) => Math.abs(sum - expected.sums[piece]!) / Math.max(1, expected.sums[piece]!))
  t.equal(found.sums.length, expected.sums.length)
  t.ok(Math.max(...off) < 1e-12, `${what}: expected pieces`)
  t.ok(Math.abs(found.log / expected.log - 1) < 1e-12, `${what}: probability`)
}

const CASES: ReadonlyArray<readonly [string, Partial<TrainSettings>]> = [
  ['ab abab aab abba\nab b a abab', {}],
  ['aaaaaaa aaaa aaa\naaaaaaaa', {}],
  ['banana bananas ananas\nbanana', {}],
  ['aaa aab aac aad aae\naaf aaa', { characterCoverage: 0.8 }],
  ['x', {}]
]

t.test('expectations of short words equal those over all segmentations', t => {
  for (const [text, changes] of CASES) {
    const built = buildOf(text, changes)
    for (let round = 0; round < 4; round++) {
      const expected = naive({ ...built }) // of pieces with their current numbers
      near(t, expect(built), expected, `${text}, round ${round}`)
      built.pieces.maximize()
      near(t, expect(built), naive(built), `${text}, round ${round}, numbered anew`)
      built.pieces.isStale = false
    }
  }
  t.end()
})

t.test('probabilities that underflow a double', t => {
  for (const factor of [1e-40, 1e-30, 1e-62]) {
    for (const [text, changes] of CASES) {
      const built = buildOf(text, { ...changes, maxSentencepieceLength: 4 })
      const { lattice: { probabilities, lengths }, pieces: { size } } = built
      for (let piece = 0; piece <= size; piece++) probabilities[piece]! *= factor ** (lengths[piece]! || 1)
      near(t, expect(built), naive(built, factor), `${text}, ${factor}`)
    }
  }
  t.end()
})

/** The logarithm of the probability of a word, from the logarithms of its parts. */
function logProbability ({ lattice: { edges, edgeStarts, scores } }: Built, from: number, to: number): number {
  const logs = Array.from({ length: to - from + 1 }, () => -Infinity)
  logs[0] = 0
  for (let place = from; place < to; place++) {
    for (let edge = edgeStarts[place]!; edge < edgeStarts[place + 1]!; edge++) {
      const next = place - from + (edges[edge]! & LENGTH_MASK)
      const [a, b] = [logs[next]!, logs[place - from]! + scores[edges[edge]! >>> LENGTH_BITS]!]
      logs[next] = Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))
    }
  }
  return logs.at(-1)!
}

t.test('a word of 100,000 letters', t => {
  const draw = new Draw(8)
  const words = new WordCounts()
  for (const text of [draw.text([...'abcd'], 100_000), 'abc', draw.text([...'abz'], 250)]) {
    words.add(Buffer.from(text), 0, text.length, 'end')
  }
  const built = build(words)
  const { lattice, pieces } = built
  for (let round = 0; round < 2; round++) {
    const { sums, log } = expect(built)
    const covered = sums.reduce((sum, expected, piece) => sum + expected * (lattice.lengths[piece]! || 1), 0)
    t.ok(Math.abs(covered - 100_253) < 1e-6, 'each character is in a piece exactly once')
    const logs = [0, 1, 2].map(word => logProbability(
      built,
      lattice.wordStarts[word]!,
      lattice.wordStarts[word + 1]! - 1
    ))
    t.ok(Math.abs(log / logs.reduce((sum, log) => sum + log) - 1) < 1e-10)
    pieces.maximize()
  }
  t.end()
})

t.test('unknown characters are expected at their positions', t => {
  const built = buildOf('aaa aab aac aad aae\naaf aaa', { characterCoverage: 0.8 })
  const { sums } = expect(built)
  t.ok(Math.abs(sums[UNKNOWN_PIECE]! - 5) < 1e-12)
  t.end()
})
