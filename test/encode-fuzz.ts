/**
 * Random texts, made of difficult parts, encoded and decoded by our encoder and by SentencePiece compiled to wasm: the
 * results must be the same. Each model has one encoder for all texts, so that its cache is tested as well.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sentencepiece from 'sentencepiece-js'
import { loadEmscripten } from '../lib/emscripten.ts'
import { packageRoot } from '../lib/package.ts'
import type { SentencePieceModel } from '../lib/sentencepiece/model.ts'
import { loadWasmEncoder } from '../lib/sentencepiece/wasm.ts'
import { type Tokenizer, loadTokenizer } from '../lib/tokenizer/tokenizer.ts'
import { bpeEncodings } from './bpe-encodings.ts'
import { encodings } from './encodings.ts'
import { put, codePoint } from './helpers.ts'

/** Unigram models of the fixture: one for each property that encoding depends on. */
const MODELS = new Set([
  'nmt_nfkc', 'nmt_nfkc_cf', 'identity', 'no-prefix-keep', 'suffix', 'suffix-keep', 'bytes', 'symbols', 'symbols-keep',
  'no-split', 'no-split-suffix', 'only-spaces', 'own-rules', 'own-rules-keep', 'spaces-nmt_nfkc',
  'unescaped-suffix-keep', 'unused', 'positive', 'positive-symbols', 'no-space-piece', 'ties', 'near', 'tenths',
  'wide', 'symbol-scores', 'symbol-scores-positive', 'symbol-rounding', 'unused-letters', 'sentence',
  'each-byte-symbols'
])

/** A model, and its two encoders. */
export interface Fuzzed {
  readonly name: string
  readonly ours: Tokenizer
  readonly theirs: Pick<Tokenizer, 'encode' | 'decode'>
}

/**
 * @param folder to write models into
 * @param every uses every n-th model
 */
export async function fuzzedModels (folder: string, every = 1): Promise<Fuzzed[]> {
  const quickstart = { name: 'quickstart', bytes: readFileSync(join(packageRoot(), 'test/fixtures/quickstart.model')) }
  const unigram = encodings().filter(({ name }) => MODELS.has(name))
  const bpe = bpeEncodings().map(({ name, bytes }) => ({ name: `bpe-${name.replaceAll(/\W+/g, '-')}`, bytes }))
  const models = [quickstart, ...[...unigram, ...bpe].filter((_, i) => i % every === 0)]
  const fuzzed: Fuzzed[] = []
  for (const { name, bytes } of models) {
    const path = put(folder, `${name}.model`, bytes)
    const ours = await loadTokenizer(path, { version: '0.1.97' })
    const processor = new sentencepiece.SentencePieceProcessor()
    await loadEmscripten(() => processor.load(path))
    fuzzed.push({
      name,
      ours,
      theirs: { encode: await loadWasmEncoder(path, ours.sha256), decode: ids => processor.decodeIds(Array.from(ids)) }
    })
  }
  return fuzzed
}

/**
 * Compares the two on random texts.
 *
 * @param seed makes the same texts again
 * @returns null if they agree, else the shortest text found with different results, and the difference
 */
export function fuzzEncoding ({ name, ours, theirs }: Fuzzed, seed: number, runs: number): string | null {
  const difference = (text: string): string | null => {
    const [got, expected] = [ours.encode(text).join(), theirs.encode(text).join()]
    if (got !== expected) return `ids ${got}, expected ${expected}`
    const ids = theirs.encode(text)
    const [decoded, meant] = [ours.decode(ids), theirs.decode(ids)].map(withoutMark)
    return decoded === meant ? null : `decoded to ${JSON.stringify(decoded)}, expected ${JSON.stringify(meant)}`
  }
  const { failed, counterexample } = fc.check(
    fc.property(texts(ours.model!), text => difference(text) === null), { seed, numRuns: runs }
  )
  if (!failed) return null
  const [text] = counterexample!
  return `${name}, seed ${seed}: ${JSON.stringify(text)}: ` +
    (difference(text)?.slice(0, 500) ?? 'differs only after other texts')
}

/** sentencepiece-js passes text through a TextDecoder, which drops a byte order mark at its start. */
function withoutMark (text: string): string {
  return text.replaceAll('\ufeff', '')
}

const SPACES = [...' \u00a0\u1680\u2003\u202f\u3000\t\n\r\u0085\u2028\u200b\u00ad\ufeff', '  ', '   ']
const MARKS = [...'\u0300\u0301\u0308\u0323\u0338\u3099\u309a\u05bc\u064b\u0e33\u200d\ufe0f']
const ODD = [
  '\u2581', '\u2581\u2581', '\0', '\ufffd', '\ud800', '\udc00', '\ud83c', '\ufb01', '\uff21', '\ua66e', '\u{1f30a}',
  '\u{1d518}', '\u{2f800}', '\ufdfa', '\u2026', '\u0130', '\u1e9b', '<s>', '<unk>', '<0x41>', '...', '--', '=='
]
const LETTERS = [
  ...'aaabbbeeoxyzthTHE019.,-_"', '\u00e9', '\u00df', '\u0436', '\u05d0', '\u0639', '\u0928', '\u0e19', '\u6c34',
  '\u304b', '\uac01'
]

/** Texts of pieces, and of what is difficult for any model. */
export function texts ({ pieces: all }: Pick<SentencePieceModel, 'pieces'>): fc.Arbitrary<string> {
  const pieces = all.map(({ piece }) => piece.slice(0, 40))
  const letter = fc.constantFrom(...LETTERS)
  const any = fc.constantFrom(...SPACES, ...MARKS, ...ODD, ...LETTERS)
  const piece = fc.constantFrom(...pieces)
  const part = fc.oneof(
    { weight: 4, arbitrary: piece.map(text => text.replaceAll('\u2581', ' ')) },
    { weight: 1, arbitrary: piece },
    { weight: 2, arbitrary: fc.tuple(piece, fc.nat(6)).map(([text, end]) => text.slice(0, end)) },
    { weight: 4, arbitrary: letter },
    { weight: 2, arbitrary: fc.constantFrom(...SPACES) },
    { weight: 2, arbitrary: any },
    { weight: 1, arbitrary: fc.tuple(any, fc.nat(40)).map(([text, count]) => text.repeat(count)) },
    { weight: 1, arbitrary: fc.string({ unit: codePoint, maxLength: 4 }) }
  )
  const text = fc.array(part, { maxLength: 40, size: 'max' }).map(parts => parts.join(''))
  // A long text has a large sum, for which rounding decides more often.
  return fc.oneof({ weight: 60, arbitrary: text }, { weight: 1, arbitrary: text.map(text => text.repeat(200)) })
}
