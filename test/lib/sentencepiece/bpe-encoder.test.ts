/** Ids of BPE models, by the kernel and in plain JavaScript, against those of SentencePiece. */
import { loadSentencePieceBpe } from '../../../lib/bpe/load-sentencepiece.ts'
import { SentencePieceKernelEncoder } from '../../../lib/bpe/sentencepiece-encoder.ts'
import { sentencePieceTables } from '../../../lib/bpe/sentencepiece-tables.ts'
import { BpeEncoder } from '../../../lib/sentencepiece/bpe-encoder.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../../../lib/sentencepiece/lexicon.ts'
import type { Piece, SentencePieceModel } from '../../../lib/sentencepiece/model.ts'
import { bpeEncodings } from '../../bpe-encodings.ts'
import { sameIds, shown } from '../../encodings.ts'
import { howMany, isThorough, strictSame } from '../../helpers.ts'
import { t } from '../../tap.ts'

interface Encodes {
  append: (text: string, ids: IdBuffer) => void
}

const models = bpeEncodings()

/** The plain path is slow: `npm test` takes each of so many texts. */
const EVERY = howMany(8, 1)

/** A model of the fixture that doesn't fit the kernel: how its unused pieces are split depends on the whole text. */
const PLAIN = ['unused']

function ids (encoder: Encodes, text: string): Int32Array {
  const out = new IdBuffer()
  encoder.append(text, out)
  return out.copy()
}

function kernelOf (model: SentencePieceModel, version: SentencePieceVersion = '0.2.2'): Encodes {
  return new SentencePieceKernelEncoder(model, sentencePieceTables(model, version)!)
}

for (const version of ['0.1.97', '0.2.2'] as const) {
  t.test(`the kernel returns the ids of SentencePiece ${version}, from a table of words or not`, async t => {
    for (const { name, model, cases } of models.filter(({ name }) => !PLAIN.includes(name))) {
      const encoder = kernelOf(model, version)
      const wrong = [...cases, ...cases.toReversed()].filter(item => !sameIds(ids(encoder, item.text), item[version]))
      t.strictSame(wrong.map(({ text }) => shown(text)), [], name)
    }
  })

  t.test(`so does plain JavaScript, as of ${version}`, async t => {
    for (const [number, { name, model, cases }] of models.entries()) {
      const encoder = new BpeEncoder(model, version)
      const wrong = cases.filter((_, place) => PLAIN.includes(name) || place % EVERY === number % EVERY)
        .filter(item => !sameIds(ids(encoder, item.text), item[version]))
      t.strictSame(wrong.map(({ text }) => shown(text)), [], name)
    }
  })
}

t.test('the kernel takes every model but those with unused pieces that can be split in several ways', async t => {
  const plain = models.filter(({ model }) => sentencePieceTables(model, '0.2.2') === undefined)
  t.strictSame(plain.map(({ name }) => name), PLAIN)
  const { model, cases } = models.find(({ name }) => name === 'unused')!
  const { append, tables } = loadSentencePieceBpe(model, 'unused.model', '0.2.2')
  t.equal(tables, undefined)
  t.ok(sameIds(ids({ append }, cases[40]!.text), cases[40]!['0.2.2']))
})

const modelOf = (name: string): SentencePieceModel => models.find(model => model.name === name)!.model
const llama = modelOf('llama')
const gemma = modelOf('gemma')
const identity = modelOf('identity')
const overSpaces = modelOf('over-spaces-keep')

t.test('lengths around those of the table of words, and of parts that a heap merges', async t => {
  const units = ['a', 'er', 'é', '漢', '🌊', ' ', '\u2581', '\n', ' \n', '=']
  for (const model of [llama, gemma, identity, overSpaces]) {
    const [kernel, plain] = [kernelOf(model), new BpeEncoder(model, '0.2.2')]
    for (const length of [1, 14, 15, 16, 17, 31, 32, 33, 46, 47, 48, 49, 63, 64, 65, 66, 130]) {
      for (const unit of units) {
        for (const text of [unit.repeat(length), `the ${unit.repeat(length)} the`, `${'a'.repeat(length)}${unit}b`]) {
          strictSame(t, ids(kernel, text), ids(plain, text), shown(text))
        }
      }
    }
  }
})

t.test('300,000 characters without a space, texts larger than the memory for ids, and what comes after', async t => {
  const long = ['er'.repeat(150_000), 'a'.repeat(300_000), '漢a'.repeat(100_000), '\u0301e'.repeat(100_000)]
  for (const [i, model] of [llama, identity, overSpaces].entries()) {
    const [kernel, plain] = [kernelOf(model), new BpeEncoder(model, '0.2.2')]
    const words = 'the water '.repeat(howMany(4000, 20_000))
    for (const text of [...(isThorough() ? long : [long[i]!]), words, 'the gate']) {
      strictSame(t, ids(kernel, text), ids(plain, text), shown(text))
    }
  }
})

t.test('a text\'s ids don\'t depend on the text before it, which may end with unknown characters', async t => {
  const [kernel, plain] = [kernelOf(identity), new BpeEncoder(identity, '0.2.2')]
  for (const text of ['the ꙮ', 'ꙮ the', 'ꙮꙮ\nꙮ', 'ꙮ', '', 'ꙮ\u2581ꙮ']) {
    strictSame(t, ids(kernel, text), ids(plain, text), shown(text))
  }
})

t.test('the table of words may overflow', async t => {
  const [kernel, plain] = [kernelOf(llama), new BpeEncoder(llama, '0.2.2')]
  for (let round = 0; round < howMany(20, 200); round++) {
    const words = Array.from({ length: 2000 }, (_, i) => ((i + 1) * (round + 7919) ** 2).toString(36))
    strictSame(t, ids(kernel, words.join(' ')), ids(plain, words.join(' ')))
  }
})

t.test('characters that only occur in longer pieces are merged, and unknown by themselves', async t => {
  const pieces: Piece[] = [
    ...llama.pieces.filter(({ type }) => type !== 'normal'),
    { piece: 'ab', score: -1, type: 'normal' },
    { piece: 'abc', score: -2, type: 'normal' },
    { piece: 'bcd', score: 0, type: 'unused' },
    { piece: '漢字', score: -3, type: 'normal' }
  ]
  const model = { ...llama, pieces }
  const [kernel, plain] = [kernelOf(model), new BpeEncoder(model, '0.2.2')]
  const idOf = (piece: string): number => pieces.findIndex(other => other.piece === piece)
  const byte = (value: string): number => idOf(`<0x${value}>`)
  strictSame(t, [...ids(kernel, 'abc')], [byte('E2'), byte('96'), byte('81'), idOf('abc')])
  for (const text of ['a', 'ab', 'abcd', 'bcd', 'bc', '漢', '漢字', '漢字字 b', ' a ab  abcab']) {
    strictSame(t, ids(kernel, text), ids(plain, text), shown(text))
  }
})
