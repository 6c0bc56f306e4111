import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { type Charsmap, readCharsmap } from '../../../lib/sentencepiece/charsmap.ts'
import { ROOT, edgesOf, endsKey } from '../../../lib/sentencepiece/double-array.ts'
import { Normalizer } from '../../../lib/sentencepiece/normalizer.ts'
import { RULE_NAMES, type RuleName } from '../../../lib/sentencepiece/rule-names.ts'
import { charsmapOf } from '../../../lib/sentencepiece/rules.ts'
import { sha256 } from '../../../lib/hash.ts'
import { fixture, howMany, isThorough } from '../../helpers.ts'

/** Results of SentencePiece; recorded by `test/fixtures/make_rules.py`. */
interface Expected {
  readonly texts: readonly string[]
  readonly names: Readonly<Record<RuleName, {
    readonly rules: number
    readonly bytes: number
    /** The hash of all rules, a line for each. */
    readonly sha256: string
    /**
     * Hashes of the normalized scalar values, each normalized separately and joined with line feeds, by blocks: the
     * first 16 digits.
     */
    readonly scalars: readonly string[]
    /** The hash of the normalized random texts. */
    readonly drawn: string
    readonly answers: readonly string[]
  }>>
}

const BLOCK = 4096
const DRAWN = 20_000

/** Of the planes after the first, which are almost empty, every n-th block is normalized. */
const BLOCKS_EACH = howMany(64, 1)
const isTaken = (block: number): boolean =>
  block <= 0x1_0000 / BLOCK || block % BLOCKS_EACH === 0 || (block >= 29 && block <= 32)
const expected = JSON.parse(gunzipSync(readFileSync(fixture('rules.json.gz'))).toString()) as Expected
/** Compiling a table takes up to a second. */
const NAMES = isThorough() ? RULE_NAMES : ['nmt_nfkc_cf', 'identity'] as const
const charsmaps = new Map(NAMES.map(name => [name, charsmapOf(name)]))
const normalizers = new Map([...charsmaps].map(([name, precompiledCharsmap]) => [name, new Normalizer({
  name,
  precompiledCharsmap,
  addDummyPrefix: false,
  removeExtraWhitespaces: false,
  escapeWhitespaces: true
})]))

/** All rules of a table, in the order of their sources' bytes. */
function rulesOf ({ trie, replacements }: Charsmap): Array<readonly [source: string, target: string]> {
  const rules: Array<readonly [source: string, target: string]> = []
  const eachChild = edgesOf(trie)
  const way: number[] = []
  const visit = (node: number): void => {
    if (endsKey(trie, node)) {
      const from = trie.values[node]!
      rules.push([
        Buffer.from(way).toString(),
        Buffer.from(replacements.subarray(from, replacements.indexOf(0, from))).toString()
      ])
    }
    const children: Array<readonly [byte: number, node: number]> = []
    eachChild(node, (byte, child) => { children.push([byte, child]) })
    for (const [byte, child] of children.sort(([a], [b]) => a - b)) {
      way.push(byte)
      visit(child)
      way.pop()
    }
  }
  visit(ROOT)
  return rules
}

/** Texts made of sources, some truncated, and of their first characters; the same as in the fixture's script. */
function drawnTexts (sources: readonly string[]): string[] {
  let state = 8
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % below
  }
  return Array.from({ length: DRAWN }, () => {
    let text = ''
    for (let parts = 1 + draw(3); parts > 0; parts--) {
      const chars = [...sources[draw(sources.length)]!]
      text += draw(3) === 0 ? chars.slice(0, 1 + draw(chars.length)).join('') : chars.join('')
      if (draw(4) === 0) text += [...sources[draw(sources.length)]!][0]!
    }
    return text
  })
}

t.test('each table has the rules of SentencePiece\'s, and is at most as large', async t => {
  for (const [name, charsmap] of charsmaps) {
    const { rules, sha256: digest, bytes } = expected.names[name]
    if (name === 'identity') {
      t.strictSame([charsmap.length, rules, bytes], [0, 0, 0])
      continue
    }
    const found = rulesOf(readCharsmap(charsmap))
    t.equal(found.length, rules, name)
    t.equal(sha256(found.map(([source, target]) => `${source}\t${target}\n`).join('')), digest, name)
    t.ok(charsmap.length < 1.01 * bytes, `${name}: ${charsmap.length} bytes`)
  }
})

t.test('every scalar value is normalized as in SentencePiece', async t => {
  const scalars = Array.from({ length: 0x11_0000 }, (_, code) => code).filter(code => code < 0xd800 || code >= 0xe000)
    .map(code => String.fromCodePoint(code))
  for (const [name, normalizer] of normalizers) {
    const wrong = expected.names[name].scalars.flatMap((digest, block) => {
      if (!isTaken(block)) return []
      // A line feed is only in the rule for itself.
      const normalized = normalizer.normalize(scalars.slice(block * BLOCK, (block + 1) * BLOCK).join('\n'))
      return sha256(normalized).startsWith(digest) ? [] : [block]
    })
    t.strictSame(wrong, [], `${name}: the blocks that differ`)
  }
  t.equal(expected.names.identity.scalars.length, Math.ceil(scalars.length / BLOCK))
})

t.test('texts with characters from the rules are normalized as in SentencePiece', async t => {
  const sources = rulesOf(readCharsmap(charsmaps.get('nmt_nfkc_cf')!)).map(([source]) => source)
  const drawn = isThorough() ? drawnTexts(sources) : []
  for (const [name, normalizer] of normalizers) {
    t.strictSame(expected.texts.map(text => normalizer.normalize(text)), expected.names[name].answers, name)
    if (isThorough()) {
      t.equal(
        sha256(drawn.map(text => normalizer.normalize(text)).join('\n')),
        expected.names[name].drawn,
        `${name}, random texts`
      )
    }
  }
})

t.test('a table is the same on each call', async t => {
  t.strictSame(Buffer.from(charsmapOf(NAMES[0])).equals(charsmaps.get(NAMES[0])!), true)
})
