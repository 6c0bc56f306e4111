import assert from 'node:assert/strict'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { readCharsmap } from '../../../lib/sentencepiece/charsmap.ts'
import { compileCharsmap } from '../../../lib/sentencepiece/compile-charsmap.ts'
import { type State, dartsUnits } from '../../../lib/sentencepiece/darts-writer.ts'
import { Normalizer } from '../../../lib/sentencepiece/normalizer.ts'
import '../../helpers.ts' // the same examples on every run
import { codePoint, howMany, isThorough } from '../../helpers.ts'

interface Match {
  readonly bytes: number
  readonly target: string
}

/** All keys of a table that are prefixes of a text, shortest first, like `commonPrefixSearch` of darts-clone. */
function matches (charsmap: Buffer, text: Uint8Array): Match[] {
  const trieBytes = charsmap.readUInt32LE()
  const unitAt = (place: number): number => {
    if (4 * place >= trieBytes) throw new Error(`unit ${place} of ${trieBytes / 4} was read`)
    return charsmap.readUInt32LE(4 + 4 * place)
  }
  const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
  const found: Match[] = []
  let place = offsetOf(unitAt(0))
  for (const [at, byte] of text.entries()) {
    place ^= byte
    const unit = unitAt(place)
    if ((unit & 0x8000_00ff) >>> 0 !== byte) break
    place ^= offsetOf(unit)
    if ((unit & 0x100) === 0) continue
    const from = 4 + trieBytes + (unitAt(place) & 0x7fff_ffff)
    found.push({ bytes: at + 1, target: charsmap.toString('utf8', from, charsmap.indexOf(0, from)) })
  }
  return found
}

function expectedMatches (rules: ReadonlyMap<string, string>, text: string): Match[] {
  return Array.from(text, (_, i) => [...text].slice(0, i + 1).join(''))
    .flatMap(beginning =>
      rules.has(beginning) ? [{ bytes: Buffer.byteLength(beginning), target: rules.get(beginning)! }] : [])
}

/** Rewrites a text by rules with a simple algorithm. */
function rewritten (rules: ReadonlyMap<string, string>, text: string): string {
  let out = ''
  for (let rest = text; rest !== '';) {
    const chars = [...rest]
    let length = chars.length
    while (length > 0 && !rules.has(chars.slice(0, length).join(''))) length--
    out += length === 0 ? chars[0]! : rules.get(chars.slice(0, length).join(''))!
    rest = chars.slice(Math.max(length, 1)).join('')
  }
  return out
}

function normalizerOf (precompiledCharsmap: Uint8Array): Normalizer {
  return new Normalizer({
    name: 'own',
    precompiledCharsmap,
    addDummyPrefix: false,
    removeExtraWhitespaces: false,
    escapeWhitespaces: false
  })
}

const few = fc.constantFrom(...'aabbcdé\u0301\u1100가😀\u{10ffff} ')
const any = fc.string({ unit: codePoint, minLength: 1, maxLength: 1 }).filter(char => char !== '\0')
const char = fc.oneof({ arbitrary: few, weight: 5 }, { arbitrary: any, weight: 1 })
const source = fc.array(char, { minLength: 1, maxLength: 6 }).map(chars => chars.join(''))
const target = fc.array(char, { maxLength: 4 }).map(chars => chars.join(''))
const rulesOf = fc.array(fc.tuple(source, target), { minLength: 1, maxLength: 60 }).map(rules => new Map(rules))

t.test('any rules: each key is found with its target, and no other key is found', async t => {
  t.doesNotThrow(() => {
    fc.assert(fc.property(rulesOf, fc.array(source, { maxLength: 20 }), (rules, others) => {
      const charsmap = Buffer.from(compileCharsmap(rules))
      for (const text of [...rules.keys(), ...others, ...Array.from(rules.keys(), key => `${key}\0${key}`)]) {
        assert.deepEqual(matches(charsmap, Buffer.from(text)), expectedMatches(rules, text))
      }
    }), { numRuns: howMany(10, 200) })
  })
})

t.test('any rules: the normalizer applies them', async t => {
  t.doesNotThrow(() => {
    fc.assert(fc.property(rulesOf, fc.array(source, { maxLength: 8 }).map(texts => texts.join('')), (rules, text) => {
      const normalizer = normalizerOf(compileCharsmap(rules))
      const whole = [...rules.keys()].join('') + text
      return normalizer.normalize(whole) === rewritten(rules, whole)
    }), { numRuns: howMany(10, 200) })
  })
})

t.test('variants give the same table as the rules for all combinations', async t => {
  const variants = new Map([['a', ['x', 'é']], ['b', ['y']], ['c', []]])
  const base = fc.array(fc.constantFrom(...'abcd'), { minLength: 1, maxLength: 4 }).map(chars => chars.join(''))
  t.doesNotThrow(() => {
    fc.assert(fc.property(fc.array(
      fc.tuple(base, target),
      { minLength: 1, maxLength: 20 }
    ), fc.array(fc.tuple(fc.constantFrom('x', 'y', 'é', 'z'), target)), (sequences, singles) => {
      const rules = new Map([...sequences, ...singles])
      const all = new Map(rules)
      for (const [source, target] of rules) {
        if (source.length === 1) continue
        const ways = Array.from(source).reduce<string[]>(
          (ways, char) => ways.flatMap(way => [char, ...variants.get(char) ?? []].map(next => way + next)),
          ['']
        )
        for (const way of ways) all.set(way, target)
      }
      return Buffer.compare(compileCharsmap(rules, variants), compileCharsmap(all)) === 0
    }), { numRuns: howMany(10, 200) })
  })
})

t.test('a NUL in a text matches no key', async t => {
  const charsmap = Buffer.from(compileCharsmap(new Map([['\x01', 'x'], ['\x02\x01', 'y']])))
  for (const text of ['\0', '\0\x01', '\x02\0\x01', '\x02\0']) {
    t.strictSame(matches(charsmap, Buffer.from(text)), [], JSON.stringify(text))
  }
  t.equal(normalizerOf(charsmap).normalize('\0\x01\x02\0\x01\x02\x01'), '\0x\x02\0xy')
})

t.test('keys with the same ending share their units', async t => {
  const digits = [...'0123456789']
  const rules = new Map(digits.flatMap(a =>
    digits.flatMap(b => digits.flatMap(c => digits.map(d => [a + b + c + d, '#'] as const)))))
  const charsmap = compileCharsmap(rules)
  t.equal(charsmap.length, 4 + 4 * 256 + 2)
  t.equal(normalizerOf(charsmap).normalize('12345678 123'), '## 123')
})

t.test('large sets of keys, and sets that fill a whole block, are compiled', async t => {
  const numbers = new Map(Array.from(
    { length: howMany(1000, 30_000) },
    (_, i) => [i.toString(36), (i * 7).toString(5)]
  ))
  t.doesNotThrow(() => readCharsmap(compileCharsmap(numbers)))
  const charsmap = Buffer.from(compileCharsmap(numbers))
  t.ok([...numbers].every(([key, target]) => matches(charsmap, Buffer.from(key)).at(-1)?.target === target))
  const count = howMany(0xfff, 0xd7ff)
  const chars = new Map(Array.from(
    { length: count },
    (_, i) => [String.fromCharCode(i + 1), String.fromCharCode(count - i)]
  ))
  const every = Buffer.from(compileCharsmap(chars))
  t.ok([...chars].every(([key, target]) => matches(every, Buffer.from(`${key}a`)).at(-1)?.target === target))
  t.strictSame(matches(every, Buffer.from('\0')), [])
})

t.test('no rules give an empty table', async t => {
  t.strictSame(compileCharsmap(new Map()), new Uint8Array())
})

t.test('rules that no table can hold are refused with the reason', async t => {
  type Case = readonly [rules: ReadonlyMap<string, string>, says: RegExp, variants?: ReadonlyMap<string, string[]>]
  const cases: readonly Case[] = [
    [new Map([['', 'a']]), /the source of a rule is empty/],
    [new Map([['a\0', 'a']]), /the source of a rule is "a\\u0000", expected well-formed Unicode without NUL/],
    [new Map([['a', '\0']]), /the target of a rule is "\\u0000"/],
    [new Map([['\ud800', 'a']]), /the source of a rule is "\\ud800"/],
    [new Map([['a', '\udfff']]), /the target of a rule is "\\udfff"/],
    [
      new Map(Array.from({ length: 32 }, (_, i) => ['a'.repeat(i + 1), 'b'])),
      /32 sources of rules are prefixes of one another, expected at most 31/
    ],
    [
      new Map([['ab', 'c'], ['xy', 'z']]),
      /"x" stands for "a", but something else follows it/,
      new Map([['a', ['x']]])
    ]
  ]
  for (const [rules, message, variants] of cases) {
    t.throws(() => compileCharsmap(rules, variants), { name: 'RangeError', message }, String(message))
  }
  t.doesNotThrow(() => compileCharsmap(new Map(Array.from({ length: 31 }, (_, i) => ['a'.repeat(i + 1), 'b']))))
})

t.test('too many keys are refused', async t => {
  const states = (count: number, of: (i: number) => State): State =>
    ({ value: -1, edges: Array.from({ length: count }, (_, i) => [i + 1, of(i)]) })
  const end: State = { value: 0, edges: [] }
  if (isThorough()) t.ok(dartsUnits(states(31, () => states(255, () => states(255, () => end)))).length <= 2 ** 21)
  t.throws(
    () => dartsUnits(states(34, () => states(255, () => states(255, () => end)))),
    { name: 'RangeError', message: /expected at most 2097152/ }
  )
})
