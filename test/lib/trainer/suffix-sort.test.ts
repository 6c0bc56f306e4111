import { type Test, t } from '../../tap.ts'
import { AT_BOTH } from '../../../lib/trainer/alphabet.ts'
import { sortPlaces } from '../../../lib/trainer/suffix-sort.ts'
import { howMany, strictSame } from '../../helpers.ts'
import { Draw } from './corpora.ts'

/** Words of symbols from 3 on, each followed by one of the first three. */
function drawnSymbols (draw: Draw, alphabet: number, words: number, longest: number): Int32Array {
  return Int32Array.from(Array.from(
    { length: words },
    () => [...Array.from({ length: draw.below(longest + 1) }, () => 3 + draw.below(alphabet)), draw.below(3)]
  ).flat())
}

function lengthsOf (symbols: Int32Array, most: number): Uint16Array {
  const lengths = new Uint16Array(symbols.length)
  let end = 0
  for (let at = symbols.length - 1; at >= 0; at--) {
    if (symbols[at]! < 3) end = at
    lengths[at] = Math.min(end - at, most)
  }
  return lengths
}

/** The compared symbols at a position, and the symbol after them. */
function keyAt (symbols: Int32Array, lengths: Uint16Array, place: number): number[] {
  return [...symbols.subarray(place, place + lengths[place]! + 1)]
}

function compare (a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((symbol, i) => symbol !== b[i])
  return at === -1 ? 0 : a[at]! - b[at]!
}

function inCommon (a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((symbol, i) => symbol !== b[i] || symbol === AT_BOTH)
  return at === -1 ? a.length : at
}

function check (t: Test, symbols: Int32Array, most: number, alphabet: number): void {
  const lengths = lengthsOf(symbols, most)
  const { places, common } = sortPlaces(symbols, lengths, 3 + alphabet)
  const begins = [...symbols.keys()].filter(place => lengths[place]! >= 2)
  strictSame(t, [...places].sort((a, b) => a - b), begins, 'each place once')
  const keys = [...places].map(place => keyAt(symbols, lengths, place))
  strictSame(t, keys, begins.map(place => keyAt(symbols, lengths, place)).sort(compare), 'in order')
  strictSame(
    t,
    [...common],
    keys.map((key, i) => i === 0 ? 0 : inCommon(keys[i - 1]!, key)),
    'what they have in common'
  )
}

t.test('positions are sorted like by a naive sort', t => {
  const draw = new Draw(1)
  for (const alphabet of [1, 2, 3, 30, 3000]) {
    for (const longest of [1, 2, 5, 40]) {
      for (const most of [1, 2, 3, 16, 512]) check(t, drawnSymbols(draw, alphabet, 60, longest), most, alphabet)
    }
  }
  t.end()
})

t.test('a frequent word, and groups of many positions', t => {
  const draw = new Draw(2)
  const word = Array.from({ length: 30 }, () => 3 + draw.below(4))
  const texts = [Array.from({ length: 50 }, () => [...word, draw.below(3)]).flat(), Array.from({ length: 300 }, () => [
    3, 4, 5, 3 + draw.below(20), 3 + draw.below(20), 3 + draw.below(20), 0
  ]).flat()]
  for (const text of texts) check(t, Int32Array.from(text), 16, 40)
  t.end()
})

t.test('one repeated letter, and no position at all', t => {
  check(t, Int32Array.from([...Array.from({ length: howMany(1000, 3000) }, () => 3), 0]), 16, 1)
  check(t, Int32Array.from([0, 3, 0, 1]), 16, 1)
  check(t, Int32Array.from([]), 16, 1)
  const long = new Int32Array(200_000).fill(3)
  long[199_999] = 0
  const { places, common } = sortPlaces(long, lengthsOf(long, 512), 4)
  t.equal(places.length, 199_998)
  t.equal(common.reduce((most, depth) => Math.max(most, depth)), 513)
  t.end()
})
