/**
 * Random texts, out of what is known to be hard, by the kernel and the plain path of BPE models whose tokens are pieces
 * of text: the ids must be the same. Models are those of families, and ones with random merges.
 */
import fc from 'fast-check'
import { piecesEncoder, plainPieces } from '../lib/tokenizer/pieces/encoder.ts'
import type { PiecesModel } from '../lib/tokenizer/pieces/model.ts'
import { codePoint } from './helpers.ts'
import { idsOf, piecesFile, piecesModel } from './lib/tokenizer/pieces/fixtures.ts'

export const FUZZED_PIECES = ['llama2', 'mistral', 'gemma', 'codellama', 'fused', 'random merges']

const PARTS = [
  ...'aabcdest01', '\u00e9', '\u4e2d', '\u3042', '\u0301', '\u{1f600}', ' ', ' ', '  ', '\u2581', '\u2581\u2581', '\n',
  '\t', '\r\n', '\u00a0', '\0', '\ud800', '<0x0A>', '<unk>', '<s>', '</s>', '\u2581<PRE>', 'word', '\ufffd', '\ufeff'
]

function texts ({ pieces }: PiecesModel): fc.Arbitrary<string> {
  const repeated = fc.tuple(fc.constantFrom(...PARTS), fc.nat(70)).map(([text, count]) => text.repeat(count))
  const part = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...pieces.byId.filter(piece => piece !== undefined)) },
    { weight: 8, arbitrary: fc.constantFrom(...PARTS) },
    { weight: 1, arbitrary: repeated },
    { weight: 1, arbitrary: fc.string({ unit: codePoint, maxLength: 4 }) }
  )
  const text = fc.array(part, { maxLength: 40, size: 'max' }).map(parts => parts.join(''))
  return fc.oneof({ weight: 40, arbitrary: text }, { weight: 1, arbitrary: text.map(text => text.repeat(100)) })
}

/**
 * Compares both on random texts.
 *
 * @param name of `FUZZED_PIECES`
 * @param seed makes the same texts again
 * @returns null if they agree, otherwise the shortest text found that they differ on, and how
 */
export function fuzzPieces (name: string, seed: number, runs: number): string | null {
  const model = name === 'random merges' ? randomModel(seed) : piecesModel(piecesFile(name))
  const [kernel, plain] = [piecesEncoder(model, 'encode'), plainPieces(model, 'encode')]
  if (kernel.shared === undefined) return `${name}: there is no kernel`
  const isSame = (text: string): boolean => idsOf(kernel, text).join() === idsOf(plain, text).join()
  const { failed, counterexample } = fc.check(fc.property(texts(model), isSame), { seed, numRuns: runs })
  if (!failed) return null
  const [text] = counterexample!
  const [got, expected] = [kernel, plain].map(encoder => idsOf(encoder, text).join())
  return `${name}, seed ${seed}: ${JSON.stringify(text)}: ids ${got}, expected ${expected}`.slice(0, 1000)
}

/** A model whose merges are in any order, so that a piece may arise of several pairs of different ranks. */
function randomModel (seed: number): PiecesModel {
  let state = seed
  const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
  const choose = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const hasBytes = random() < 0.5
  const bytes = Array.from({ length: hasBytes ? 256 : 0 }, (_, byte) =>
    `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  const parts = [...'\u2581abcdest\u4e2d\n']
  const tokens = ['<unk>', ...bytes, ...parts]
  const merges: Array<readonly [string, string]> = []
  for (let i = 0; i < 400; i++) {
    const [left, right] = [choose(parts), choose(parts)]
    if (left.length + right.length > 12) continue
    if (!tokens.includes(left + right)) {
      tokens.push(left + right)
      parts.push(left + right)
    }
    merges.push([left, right])
  }
  const scheme = choose(['always', 'first'])
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
  return piecesModel({
    added_tokens: [],
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: scheme, split: false },
    model: { type: 'BPE', vocab, merges, unk_token: '<unk>', fuse_unk: true, byte_fallback: hasBytes }
  })
}
