/**
 * Random texts, encoded by the kernel for unigram models and by the encoder without it: the ids must be the same. Each
 * kernel encodes all texts of its model, so that its table of words is tested as well.
 */
import fc from 'fast-check'
import { IdBuffer } from '../lib/sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../lib/sentencepiece/lexicon.ts'
import { type SentencePieceModel, readModel } from '../lib/sentencepiece/model.ts'
import { UnigramEncoder } from '../lib/sentencepiece/unigram-encoder.ts'
import { UnigramKernel } from '../lib/sentencepiece/unigram-kernel.ts'
import { unigramTables } from '../lib/sentencepiece/unigram-kernel-tables.ts'
import { texts } from './encode-fuzz.ts'
import { encodings } from './encodings.ts'

/** A model, with encoders of both kinds. */
export interface UnigramFuzzed {
  readonly name: string
  readonly model: SentencePieceModel
  readonly plain: UnigramEncoder
  /** With the usual table of words, and with one that is full after a few words. */
  readonly kernels: readonly UnigramKernel[]
}

/** All models of the fixture that the kernel takes, in both arithmetics. @param every uses every n-th model */
export function * unigramFuzzed (every = 1): Generator<UnigramFuzzed> {
  for (const [i, { name, bytes }] of encodings().entries()) {
    if (i % every !== 0) continue
    const model = readModel(bytes, name)
    for (const version of ['0.1.97', '0.2.2'] as const) {
      const fuzzed = fuzzedWith(model, name, version)
      if (fuzzed !== undefined) yield fuzzed
    }
  }
}

/** @returns undefined if the kernel doesn't take the model */
export function fuzzedWith (
  model: SentencePieceModel, name: string, version: SentencePieceVersion
): UnigramFuzzed | undefined {
  const tables = unigramTables(model, version)
  if (tables === undefined) return undefined
  const kernels = [new UnigramKernel(tables), new UnigramKernel(tables, 0)]
  const plain = new UnigramEncoder(model, { version, tableBytes: 0 })
  return { name: `${name} by ${version}`, model, plain, kernels }
}

/**
 * Compares the encoders on random texts.
 *
 * @param seed makes the same texts again
 * @returns null if they agree, else the shortest text found with different ids
 */
export function unigramDifference (
  { name, model, plain, kernels }: UnigramFuzzed, seed: number, runs: number
): string | null {
  const difference = (text: string): string | null => {
    const expected = new IdBuffer()
    plain.appendPlainly(text, expected)
    for (const [i, kernel] of kernels.entries()) {
      const ids = new IdBuffer()
      if (!kernel.append(text, ids)) return `kernel ${i} doesn't encode it`
      if (ids.copy().join() !== expected.copy().join()) {
        return `kernel ${i} has ids ${ids.copy().join()}, expected ${expected.copy().join()}`
      }
    }
    return null
  }
  const text = fc.oneof({ weight: 4, arbitrary: texts(model) }, { weight: 1, arbitrary: nearEdges(model) })
  const { failed, counterexample } = fc.check(
    fc.property(text, text => difference(text) === null), { seed, numRuns: runs }
  )
  if (!failed) return null
  const [shortest] = counterexample!
  return `${name}, seed ${seed}: ${JSON.stringify(shortest)}: ` +
    (difference(shortest)?.slice(0, 500) ?? 'differs only after other texts')
}

/** Bytes at which words have other keys, or none. */
const EDGES = [15, 16, 31, 32, 47, 48, 63, 64, 511, 512, 4095, 4096]

/** Words that are a few bytes shorter or longer than an edge. */
function nearEdges ({ pieces }: SentencePieceModel): fc.Arbitrary<string> {
  const beginnings = pieces.map(({ piece }) => piece.replaceAll('\u2581', '').slice(0, 8))
  const parts = fc.array(fc.constantFrom(...beginnings, 'a', 'é', '水', '😀'), { minLength: 1, maxLength: 6 })
  const bytes = fc.tuple(fc.constantFrom(...EDGES), fc.integer({ min: -4, max: 4 })).map(([edge, more]) => edge + more)
  const word = fc.tuple(parts, bytes).map(([all, length]) => cut(`${all.join('')}x`, length))
  return fc.array(word, { minLength: 1, maxLength: 4 }).map(words => words.join(' '))
}

/** A text repeated to a number of bytes, or a few less where a character would be cut. */
function cut (text: string, bytes: number): string {
  const repeated = Buffer.from(text.repeat(Math.ceil(bytes / Buffer.byteLength(text)))).subarray(0, bytes)
  return repeated.toString().replace(/\ufffd+$/, '')
}
