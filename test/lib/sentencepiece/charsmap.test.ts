import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { readCharsmap } from '../../../lib/sentencepiece/charsmap.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { Normalizer } from '../../../lib/sentencepiece/normalizer.ts'
import { ROOT as PROJECT } from '../../helpers.ts'

/** A unit of darts-clone: a node with the offset of its children, or a value. */
const node = (offset: number, label: number, hasValue = false): number =>
  (offset << 10 | (hasValue ? 0x100 : 0) | label) >>> 0
const value = (at: number): number => (0x8000_0000 | at) >>> 0

/** A table of one block: its units by position, and its replacements. */
function tableOf (units: Readonly<Record<number, number>>, replacements: string | Uint8Array): Buffer {
  const table = Buffer.alloc(4 + 4 * 256)
  table.writeUInt32LE(4 * 256)
  for (const [place, unit] of Object.entries(units)) table.writeUInt32LE(unit, 4 + 4 * Number(place))
  return Buffer.concat([table, Buffer.from(replacements)])
}

const A = 0x61
const B = 0x62

// "a" becomes "xy": the root's children are at 0x80 ^ label, the value of "a" at the base of its children.
const GOOD = { 0: node(0x80, 0), [0x80 ^ A]: node(0x10, A, true), [0x80 ^ A ^ 0x10]: value(2) }

t.test('a table rewrites text', async t => {
  const spec = { name: 'own', addDummyPrefix: false, removeExtraWhitespaces: false, escapeWhitespaces: false }
  const normalizer = new Normalizer({ ...spec, precompiledCharsmap: tableOf(GOOD, 'q\0xy\0') })
  t.equal(normalizer.normalize('banana'), 'bxynxynxy')
  const quickstart = readModel(readFileSync(join(PROJECT, 'test/fixtures/quickstart.model')), 'quickstart.model')
  const nmtNfkc = new Normalizer({ ...spec, precompiledCharsmap: quickstart.normalizer.precompiledCharsmap })
  t.equal(nmtNfkc.normalize('ﬁ\ufeffve\t①　Ａe\u0301\u00ad\ud800'), 'fi ve 1 Aé\u00ad ')
})

t.test('a damaged table is refused with the reason', async t => {
  const e9 = Buffer.from('\u00e9')
  const cases: ReadonlyArray<readonly [Uint8Array, RegExp]> = [
    [Buffer.of(1), /it has 1 bytes, of which 0 are its trie/],
    [Buffer.alloc(9), /it has 9 bytes, of which 0 are its trie/],
    [Buffer.of(255, 255, 255, 255, 0, 0), /it has 6 bytes, of which 4294967295 are its trie/],
    [Buffer.of(3, 0, 0, 0, 1, 2, 3, 0), /it has 8 bytes, of which 3 are its trie/],
    [Buffer.concat([Buffer.of(4, 0, 0, 1), Buffer.alloc(2 ** 24 + 5)]), /its trie has 4194305 units/],
    [tableOf(GOOD, ''), /of which 1024 are its trie/],
    [tableOf(GOOD, 'q\0xy'), /its last replacement is cut off/],
    [tableOf(GOOD, Buffer.of(0xff, 0)), /its replacements are not UTF-8/],
    [tableOf({ 0: node(0x100, 0) }, '\0'), /unit 0 of its trie points outside the trie/],
    [
      tableOf({ 0: node(0x80, 0), [0x80 ^ A]: node(0x1f_ffff, A) }, '\0'),
      /unit 225 of its trie points outside the trie/
    ],
    [
      tableOf({ 0: node(0x80, 0), [0x80 ^ A]: node(0x10, A, true) }, '\0'),
      /unit 225 of its trie points outside the trie/
    ],
    [tableOf(GOOD, '\0'), /a replacement at byte 2 of 1/],
    [
      tableOf({ ...GOOD, [0x80 ^ A ^ 0x10]: value(1) }, Buffer.concat([e9, Buffer.of(0)])),
      /a replacement that begins inside a character, at byte 1/
    ],
    [tableOf({ 0: node(0x80, 0), [0x80 ^ A]: node(A, A) }, '\0'), /goes in a circle/],
    [
      tableOf({ 0: node(0x80, 0), [0x80 ^ 0xc3]: node(0x10, 0xc3, true), [0x80 ^ 0xc3 ^ 0x10]: value(0) }, '\0'),
      /the key at unit 67 of its trie ends inside a character/
    ]
  ]
  for (const [table, message] of cases) t.throws(() => readCharsmap(table), { message }, String(message))
})

t.test('the bytes that occur in keys are known, so that text can be split where no key matches', async t => {
  // The keys "a" and "ab".
  const { beginnings, insides } = readCharsmap(tableOf(
    { ...GOOD, [0x80 ^ A ^ 0x10 ^ B]: node(0x20, B, true), [0x80 ^ A ^ 0x10 ^ B ^ 0x20]: value(0) },
    'q\0xy\0'
  ))
  t.strictSame([...beginnings].map(([first, next]) => [first, [...next]]), [[A, [B]]])
  t.strictSame([...insides], [B])
})
