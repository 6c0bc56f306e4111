import { t } from '../../tap.ts'
import {
  type DoubleArray, ROOT, buildDoubleArray, edgesOf, endsKey, step
} from '../../../lib/sentencepiece/double-array.ts'
import { howMany } from '../../helpers.ts'

/** Numbers below a bound, the same on every run. */
function numbers (seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % below
  }
}

/** Distinct keys of random bytes; some are prefixes of others. */
function keysOf (count: number): Uint8Array[] {
  const draw = numbers(7)
  const keys = new Map<string, Uint8Array>()
  while (keys.size < count) {
    const key = Uint8Array.from({ length: 1 + draw(6) }, () => 1 + draw(draw(3) === 0 ? 255 : 20))
    keys.set(key.join(), key)
  }
  return [...keys.values()]
}

/** A trie of keys whose values are their indices. */
function trieOf (keys: readonly Uint8Array[]): DoubleArray {
  return buildDoubleArray(new Map(keys.map((key, i) => [Buffer.from(key).toString('latin1'), i])))
}

t.test('each key is found with its value, and nothing else is found', async t => {
  const keys = keysOf(howMany(1000, 4000))
  const trie = trieOf(keys)
  const values = new Map(keys.map((key, i) => [key.join(), i]))
  const prefixes = new Set(keys.flatMap(key => Array.from(key, (_, end) => key.subarray(0, end + 1).join())))
  const waiting: Array<readonly [node: number, way: number[]]> = [[ROOT, []]]
  const edges = edgesOf(trie)
  let nodes = 0
  while (waiting.length > 0) {
    const [node, way] = waiting.pop()!
    const value = values.get(way.join())
    if (endsKey(trie, node) !== (value !== undefined) || (value !== undefined && trie.values[node] !== value)) {
      t.fail(`at ${way.join()}`)
    }
    const children = []
    for (let byte = 0; byte < 256; byte++) {
      const child = step(trie, node, byte)
      if ((child !== -1) !== prefixes.has([...way, byte].join())) t.fail(`byte ${byte} at ${way.join()}`)
      if (child === -1) continue
      children.push([byte, child])
      waiting.push([child, [...way, byte]])
      nodes++
    }
    const seen: Array<[byte: number, child: number]> = []
    if (nodes % 300 === 1) {
      edges(node, (byte, child) => { seen.push([byte, child]) })
      t.strictSame(seen.toSorted(([a], [b]) => a - b), children)
    }
  }
  t.equal(nodes, prefixes.size)
})

t.test('a node may have all children except NUL, and a trie may be just its root', async t => {
  const keys = Array.from({ length: 255 }, (_, i) => Uint8Array.of(i + 1))
  const trie = trieOf(keys)
  t.strictSame(keys.map(([byte]) => trie.values[step(trie, ROOT, byte!)]), keys.map((_, i) => i))
  t.equal(step(trie, ROOT, 0), -1)
  const empty = trieOf([])
  t.strictSame(Array.from({ length: 256 }, (_, byte) => step(empty, ROOT, byte)), Array<number>(256).fill(-1))
})

t.test('too many keys are refused', async t => {
  const draw = numbers(1)
  const keys = Array.from({ length: 4500 }, () => Uint8Array.from({ length: 1000 }, () => 1 + draw(255)))
  t.throws(() => trieOf(keys), { name: 'RangeError', message: /expected at most 4194304/ })
})
