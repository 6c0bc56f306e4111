/**
 * Random texts, out of what is known to be hard, by the kernel of byte-level BPE and by its plain path: the ids must be
 * the same, and be decoded to the text. Each model has one kernel for all of its texts, with the words that it keeps.
 */
import fc from 'fast-check'
import { BpeDecoder } from '../lib/bpe/decode.ts'
import { bpeEncoder } from '../lib/bpe/encoder.ts'
import type { ExpressionName } from '../lib/bpe/expressions.ts'
import { kernelTables } from '../lib/bpe/kernel-tables.ts'
import type { BpeModel, PreTokenizer } from '../lib/bpe/model.ts'
import { Vocabulary } from '../lib/bpe/vocabulary.ts'
import { codePoint } from './helpers.ts'
import { idsOf, modelOf } from './lib/bpe/fixtures.ts'

/** Those of `test/fixtures/bpe` that the kernel cuts text for, each in another way. */
const FAMILIES = [
  'r50k', 'cl100k', 'o200k', 'gpt2', 'llama3', 'qwen3', 'qwen35', 'tekken', 'deepseek', 'starcoder', 'numbers'
]

export const FUZZED_BPE = [...FAMILIES, 'random merges', 'random ranks']

const LETTERS = [
  ...'aabestST\u017fxyzKDM01', '\u00e9', '\u00df', '\u0130', '\u01c5', '\u02b0', '\u0416', '\u05d0', '\u0639', '\u0928',
  '\u0e19', '\u4e2d', '\u6587', '\u3042', '\u30fb', '\u3040', '\uac01', '\u1d2c', '\u{1d518}', '\u{10d50}', '\u{11de3}'
]
const NUMBERS = [...'0123456789', '\u00b2', '\u0663', '\u2167', '\u00bd', '\u{1d7d8}', '\u{16ff5}', '\u3007']
const SPACES = [...' \n\r\t\u00a0\u0085\u2028\u3000\v\f\x1c', '  ', '   ', '\r\n', ' \n']
const MARKS = [...'\u0300\u0301\u0323\u0903\u0e33\u200d\u200c\ufe0f\u20dd']
const SYMBOLS = [
  ...'\'\'\'!/-._=<>|#$%&()*+,:;?@[]^`{}~\\"\x00\x7f\ufeff\u200b\ufffd\u2019', '\u20ac', '\u{1f600}', '\ud800',
  '\udc00', '\'s', '\'re', '\'LL', '\'\u017f', '<|endoftext|>', '//', '==='
]
const ANY = [...LETTERS, ...NUMBERS, ...SPACES, ...MARKS, ...SYMBOLS]

function texts (model: BpeModel): fc.Arbitrary<string> {
  const tokens = Array.from({ length: model.vocabulary.size }, (_, id) =>
    Buffer.from(model.vocabulary.bytesOf(id)).toString().slice(0, 40))
  const part = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...tokens) },
    { weight: 4, arbitrary: fc.constantFrom(...LETTERS) },
    { weight: 2, arbitrary: fc.constantFrom(...NUMBERS) },
    { weight: 3, arbitrary: fc.constantFrom(...SPACES) },
    { weight: 3, arbitrary: fc.constantFrom(...SYMBOLS) },
    { weight: 1, arbitrary: fc.constantFrom(...MARKS) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...ANY), fc.nat(70)).map(([text, count]) => text.repeat(count)) },
    { weight: 1, arbitrary: fc.string({ unit: codePoint, maxLength: 4 }) }
  )
  const text = fc.array(part, { maxLength: 40, size: 'max' }).map(parts => parts.join(''))
  return fc.oneof({ weight: 40, arbitrary: text }, { weight: 1, arbitrary: text.map(text => text.repeat(100)) })
}

/**
 * Compares both on random texts.
 *
 * @param name of `FUZZED_BPE`
 * @param seed makes the same texts again
 * @returns null if they agree, otherwise the shortest text found that they differ on, and how
 */
export function fuzzBpe (name: string, seed: number, runs: number): string | null {
  const model = FAMILIES.includes(name) ? modelOf(name) : randomModel(seed, name === 'random merges')
  const tables = kernelTables(model)
  if (tables === undefined) return `${name}: there is no kernel`
  const [kernel, plain] = [bpeEncoder(model, tables), bpeEncoder(model, undefined)]
  const decoder = new BpeDecoder(model, name)
  const difference = (text: string): string | null => {
    const [got, expected] = [idsOf(kernel, text), idsOf(plain, text)]
    if (got.join() !== expected.join()) return `ids ${got.join()}, expected ${expected.join()}`
    const decoded = decoder.decode(got)
    const isSame = model.normalizers.length > 0 || decoded === text.replace(/\p{Surrogate}/gu, '\ufffd')
    return isSame ? null : `decoded to ${JSON.stringify(decoded)}`
  }
  const { failed, counterexample } = fc.check(
    fc.property(texts(model), text => difference(text) === null), { seed, numRuns: runs }
  )
  if (!failed) return null
  const [text] = counterexample!
  return `${name}, seed ${seed}: ${JSON.stringify(text)}: ` +
    (difference(text)?.slice(0, 500) ?? 'differs only after other texts')
}

/** A model whose merges are in any order, so that tokens arise in ways that training doesn't bring about. */
function randomModel (seed: number, hasMerges: boolean): BpeModel {
  const choose = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  let state = seed
  const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  const parts = [...'abestx0 ', '\xc3', '\xa9']
  const merges: number[] = []
  for (let i = 0; i < 600; i++) {
    const [left, right] = [choose(parts), choose(parts)]
    const merged = left + right
    if (merged.length > 20) continue
    if (!tokens.includes(merged)) {
      tokens.push(merged)
      parts.push(merged)
    }
    merges.push(tokens.indexOf(left), tokens.indexOf(right), tokens.indexOf(merged))
  }
  const expression: ExpressionName = choose(['gpt2', 'llama3', 'o200k'])
  const preTokenizers: PreTokenizer[] = [{ type: 'split', expression }]
  return {
    vocabulary: Vocabulary.of(tokens),
    merges: hasMerges ? Int32Array.from(merges) : undefined,
    wholeWords: !hasMerges || random() < 0.5,
    normalizers: [],
    preTokenizers,
    added: [],
    bosId: -1,
    eosId: -1,
    padId: -1,
    unkId: -1,
    vocabSize: tokens.length
  }
}
