import { t } from '../../tap.ts'
import { PARTS, UNKNOWN_PIECE } from '../../../lib/trainer/lattice.ts'
import { Pieces, digamma } from '../../../lib/trainer/maximization.ts'
import type { TrainSettings } from '../../../lib/trainer/options.ts'
import { losePieces, segmentPart } from '../../../lib/trainer/segmentation.ts'
import { doTask } from '../../../lib/trainer/tasks.ts'
import { type Built, buildOf, numbersOf, pieceTexts, segmentations, wordsOf } from './corpora.ts'

const TEXTS: ReadonlyArray<readonly [string, Partial<TrainSettings>]> = [
  ['ab abab aab abba\nab b a abab baab', {}],
  ['banana bananas ananas\nbanana nab anna', {}],
  ['aaa aab aac aad aae\naaf aaa bab', { characterCoverage: 0.9 }]
]

/** Scores of which no two sums are equal. */
function score ({ lattice: { scores }, pieces: { size } }: Built): void {
  for (let piece = 0; piece <= size; piece++) {
    scores[piece] = (piece === UNKNOWN_PIECE ? -20 : -3) - Math.abs(Math.sin(piece * piece + 1)) * 2
  }
}

function best (
  ways: readonly number[][],
  scores: Float64Array
): { readonly way: readonly number[], readonly score: number } {
  return ways.map(way => ({ way, score: way.reduce((sum, piece) => sum + scores[piece]!, 0) }))
    .reduce((a, b) => b.score > a.score ? b : a)
}

/**
 * The counts of pieces in the best of all segmentations; unknown characters count for the first piece, and it for them.
 */
function naiveFrequencies (built: Built): number[] {
  const numbers = numbersOf(pieceTexts(built))
  const found = Array.from({ length: built.pieces.size + 1 }, () => 0)
  for (const { word, count } of wordsOf(built)) {
    for (const piece of best(segmentations(word, numbers), built.lattice.scores).way) found[piece]! += count
  }
  found[0] = found[1] = found[0]! + found[1]!
  return found
}

function naiveLosses (built: Built, frequencies: readonly number[]): number[] {
  const { lattice: { scores }, pieces: { size } } = built
  const texts = pieceTexts(built)
  const numbers = numbersOf(texts)
  const total = frequencies.slice(1).reduce((sum, frequency) => sum + frequency, 0)
  const words = wordsOf(built).reduce((sum, { count }) => sum + count, 0)
  return texts.slice(1).map((text, i) => {
    const piece = i + 1
    const frequency = frequencies[piece]!
    if (frequency === 0) return -Infinity
    if ([...text].length === 1) return Infinity
    const other = best(segmentations([...text], numbers).filter(way => way.length > 1), scores)
    if (other.score > scores[piece]!) return -Infinity
    const without = other.way.map(other =>
      Math.log(frequencies[other]! + frequency) - Math.log(total + frequency * (size - 1)))
    return frequency / words * (Math.log(frequency) - Math.log(total) - without.reduce((sum, log) => sum + log, 0))
  })
}

t.test('best segmentations and losses equal those over all segmentations', t => {
  for (const [text, changes] of TEXTS) {
    const built = buildOf(text, changes)
    const { lattice, pieces } = built
    for (let round = 0; round < 3; round++) {
      score(built)
      const { size } = pieces
      const frequencies = naiveFrequencies(built)
      for (let part = 0; part < PARTS; part++) segmentPart(lattice, part, size, pieces.isStale)
      pieces.isStale = false
      t.same([...pieces.addUp().subarray(0, size + 1)], frequencies, `${text}, round ${round}: best segmentations`)
      const total = frequencies.slice(1).reduce((sum, frequency) => sum + frequency, 0)
      const totalCount = lattice.counts.reduce((sum, count) => sum + count, 0)
      for (let part = 0; part < PARTS; part++) {
        t.equal(doTask({ lattice, part, step: { step: 'lose', size, totalFrequency: total, totalCount } }), 0)
      }
      const expected = naiveLosses(built, frequencies)
      const losses = lattice.losses.slice(1, size + 1)
      t.ok(
        expected.every((loss, i) => loss === losses[i] || Math.abs(loss - losses[i]!) < 1e-12),
        `${text}, round ${round}: losses`
      )
      const texts = pieceTexts(built).slice(1)
      const wanted = Math.floor(0.75 * size)
      pieces.prune(wanted)
      const order = [...texts.keys()].filter(i => losses[i] !== -Infinity).sort((a, b) =>
        losses[a]! === losses[b]! ? a - b : losses[b]! - losses[a]!)
      t.same(
        pieceTexts(built).slice(1),
        order.slice(
          0,
          Math.max(wanted, losses.filter(loss => loss === Infinity).length)
        ).sort((a, b) => a - b).map(i => texts[i]),
        `${text}, round ${round}: kept`
      )
    }
  }
  t.end()
})

t.test('a piece without an alternative is kept, whatever the wanted size', t => {
  const built = buildOf('ab abab aabq abba\nab b a abab baab')
  const { lattice, pieces } = built
  for (let part = 0; part < PARTS; part++) segmentPart(lattice, part, pieces.size, false)
  pieces.addUp()
  losePieces(lattice, 1, pieces.size + 1, { size: pieces.size, totalFrequency: 100, totalCount: 10 })
  const needed = pieceTexts(built).slice(1).filter((_, i) => lattice.losses[i + 1] === Infinity)
  t.not(needed.length, 0)
  pieces.prune(0)
  t.same(pieceTexts(built).slice(1), needed)
  t.end()
})

t.test('a piece whose split scores better is pruned, however frequent it is', t => {
  const built = buildOf('abab abc abd')
  const { lattice, pieces } = built
  const piece = pieceTexts(built).indexOf('ab')
  lattice.frequencies.fill(5)
  lattice.scores[piece] = -100 // the score of the first piece, which unknown characters count for
  losePieces(lattice, 1, pieces.size + 1, { size: pieces.size, totalFrequency: 100, totalCount: 10 })
  t.equal(lattice.losses[piece], -Infinity)
  pieces.prune(pieces.size)
  t.notOk(pieceTexts(built).includes('ab'))
  t.end()
})

t.test('maximization prunes pieces with a low expectation', t => {
  const built = buildOf('ab abab aab abba\nab b a abab baab')
  const { lattice, pieces } = built
  const texts = pieceTexts(built)
  const { size } = pieces
  lattice.sums.fill(0)
  for (let piece = 1; piece <= size; piece++) {
    lattice.sums[(piece % PARTS) * (size + 1) + piece] = piece % 3 === 0 ? 0.499 : piece / 2
  }
  const kept = texts.slice(1).filter((_, i) => (i + 1) % 3 !== 0)
  pieces.maximize()
  t.same(pieceTexts(built).slice(1), kept)
  t.ok(pieces.isStale)
  const expected = Array.from({ length: size }, (_, i) => i + 1).filter(piece => piece % 3 !== 0)
    .map(piece => piece / 2)
  const total = expected.reduce((sum, value) => sum + value)
  t.same([...lattice.scores.subarray(1, pieces.size + 1)], expected.map(value => digamma(value) - digamma(total)))
  t.equal(pieces.leastScore, digamma(0.5) - digamma(total))
  t.equal(lattice.scores[UNKNOWN_PIECE], pieces.leastScore - 10)
  t.equal(lattice.probabilities[1], Math.exp(lattice.scores[1]!))
  t.equal(pieces.severalCharacters, kept.filter(text => text.length > 1).length)
  t.end()
})

t.test('if all expectations are below one half, one piece is kept', t => {
  const built = buildOf('aaaaaaaa')
  const { lattice, pieces } = built
  const texts = pieceTexts(built)
  lattice.sums.fill(0)
  lattice.sums.fill(0.1, 1, pieces.size + 1)
  lattice.sums[3] = 0.2
  pieces.maximize()
  t.same(pieceTexts(built), ['', texts[3]])
  t.equal(pieces.leastScore, 0)
  t.end()
})

t.test('seeds are scored by the text they cover', t => {
  const { lattice, seeds } = buildOf('abab aab\nab')
  const total = seeds.weights.reduce((sum, weight) => sum + weight, 0)
  const pieces = new Pieces(lattice, seeds.weights)
  seeds.weights.forEach((weight, i) => { t.ok(Math.abs(lattice.probabilities[i + 1]! - weight / total) < 1e-15) })
  t.equal(pieces.size, seeds.length)
  t.end()
})

t.test('digamma is accurate', t => {
  const known = [
    [0.5, -1.9635100260214235], [1, -0.5772156649015329], [2, 0.4227843350984671], [7, 1.872784335098467],
    [10, 2.251752589066721], [1e6, 13.815510057964191]
  ] as const
  for (const [x, value] of known) t.ok(Math.abs(digamma(x) - value) < 1e-9, `at ${x}`)
  for (const x of [0.01, 0.7, 3.3, 6.999, 50]) {
    t.ok(Math.abs(digamma(x + 1) - digamma(x) - 1 / x) < 1e-9, `recurrence at ${x}`)
  }
  t.end()
})
