import { shuffleKey } from '../../../lib/shuffle/key.ts'
import { t } from '../../tap.ts'

/** MurmurHash3_x86_32 of whole blocks, written with BigInt from its definition. */
function murmur (words: readonly number[], seed: number): number {
  const most = 0xffff_ffffn
  const rotated = (x: bigint, bits: bigint): bigint => (x << bits | x >> 32n - bits) & most
  let hash = BigInt(seed)
  for (const word of words) {
    hash ^= rotated(BigInt(word) * 0xcc9e2d51n & most, 15n) * 0x1b873593n & most
    hash = rotated(hash, 13n) * 5n + 0xe6546b64n & most
  }
  hash ^= BigInt(4 * words.length)
  hash = (hash ^ hash >> 16n) * 0x85ebca6bn & most
  hash = (hash ^ hash >> 13n) * 0xc2b2ae35n & most
  return Number(hash ^ hash >> 16n)
}

t.test('the reference is MurmurHash3: values of its test suites', async t => {
  t.equal(murmur([], 0), 0)
  t.equal(murmur([], 1), 0x514e28b7)
  t.equal(murmur([0], 0), 0x2362f9de)
  t.equal(murmur([0x87654321], 0), 0xf55b516b)
  t.equal(murmur([0x87654321], 0x5082edee), 0x2362f9de)
})

t.test('a key is 48 bits of two hashes of the seed and the parts, each as 64 bits', async t => {
  const of = (words: readonly number[]): number =>
    murmur(words, 0) * 2 ** 16 + Math.floor(murmur(words, 1) / 2 ** 16)
  t.equal(shuffleKey(0), of([0, 0]))
  t.equal(shuffleKey(42, 1, 2, 3), of([42, 0, 1, 0, 2, 0, 3, 0]))
  t.equal(shuffleKey(2 ** 53 - 1, 2 ** 32 + 5), of([0xffff_ffff, 0x1f_ffff, 5, 1]))
  t.equal(shuffleKey(7, 0xfedc_ba98_7654_3210n, 1), of([7, 0, 0x7654_3210, 0xfedc_ba98, 1, 0]))
  t.equal(shuffleKey(7, 12n), shuffleKey(7, 12), 'a number and a bigint of the same value have the same key')
})

t.test('keys of neighbouring identities and seeds differ in half of their bits', async t => {
  const bits = (key: number): string => key.toString(2).padStart(48, '0')
  for (const pair of [
    (i: number) => [shuffleKey(1, 0, 0, i), shuffleKey(1, 0, 0, i + 1)],
    (i: number) => [shuffleKey(1, i, 0, 5), shuffleKey(1, i + 1, 0, 5)],
    (i: number) => [shuffleKey(i, 0, 0, 5), shuffleKey(i + 1, 0, 0, 5)]
  ]) {
    const differing = new Array<number>(48).fill(0)
    for (let i = 0; i < 4096; i++) {
      const [a, b] = pair(i).map(bits) as [string, string]
      for (let bit = 0; bit < 48; bit++) if (a[bit] !== b[bit]) differing[bit]!++
    }
    // Six standard deviations of a binomial distribution with 4,096 draws: 6 * 32.
    t.strictSame(differing.filter(count => Math.abs(count - 2048) > 192), [])
  }
})

t.test('400,000 identities have different keys', async t => {
  const keys = new Set<number>()
  for (let source = 0; source < 4; source++) {
    for (let i = 0; i < 100_000; i++) keys.add(shuffleKey(42, source, 0, i))
  }
  t.equal(keys.size, 400_000)
})
