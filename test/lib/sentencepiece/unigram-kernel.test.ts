import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import type { SentencePieceVersion } from '../../../lib/sentencepiece/lexicon.ts'
import { type SentencePieceModel, readModel } from '../../../lib/sentencepiece/model.ts'
import { unigramEncoding } from '../../../lib/sentencepiece/unigram.ts'
import { UnigramEncoder } from '../../../lib/sentencepiece/unigram-encoder.ts'
import { UnigramKernel } from '../../../lib/sentencepiece/unigram-kernel.ts'
import { SETTINGS } from '../../../lib/sentencepiece/unigram-kernel-layout.ts'
import { unigramTables } from '../../../lib/sentencepiece/unigram-kernel-tables.ts'
import { encodings, recentEncodings, sameIds, shown } from '../../encodings.ts'
import { ROOT, howMany, strictSame } from '../../helpers.ts'
import { unigramDifference, unigramFuzzed } from '../../unigram-fuzz.ts'

const VERSIONS = ['0.1.97', '0.2.2'] as const
const prose = readFileSync(join(ROOT, 'test/fixtures/prose.md'), 'utf8')
const quickstart = readModel(readFileSync(join(ROOT, 'test/fixtures/quickstart.model')), 'quickstart.model')

/** Models whose scores are so large that sums of them may be infinite, which the kernel leaves to the plain encoder. */
const LARGE = new Set([
  'huge', 'sums-below', 'sums-above', 'sums-near', 'symbols-alone', 'each-byte-own-rules', 'each-byte-own-rules-keep',
  'each-byte-symbols'
])

function kernelOf (model: SentencePieceModel, version: SentencePieceVersion, tableBytes?: number): UnigramKernel {
  return new UnigramKernel(unigramTables(model, version)!, tableBytes)
}

function ids (kernel: UnigramKernel, text: string): Int32Array {
  const out = new IdBuffer()
  if (!kernel.append(text, out)) throw new Error(`${shown(text)} is too long`)
  return out.copy()
}

function plainIds (model: SentencePieceModel, version: SentencePieceVersion, text: string): Int32Array {
  const out = new IdBuffer()
  new UnigramEncoder(model, { version, tableBytes: 0 }).appendPlainly(text, out)
  return out.copy()
}

t.test('the kernel has SentencePiece\'s ids, in both arithmetics, for models of every kind', async t => {
  const changed = recentEncodings()
  const each = howMany(80, 1)
  for (const [i, { name, bytes, cases: make }] of encodings().entries()) {
    const model = readModel(bytes, name)
    const cases = make()
    for (const [v, version] of VERSIONS.entries()) {
      if (i % howMany(4, 1) !== 3 * v % howMany(4, 1)) continue // in turns
      const tables = unigramTables(model, version)
      t.equal(tables === undefined, LARGE.has(name), `${name}: whether the kernel takes the model`)
      if (tables === undefined) continue
      const kernel = new UnigramKernel(tables)
      const wrong = cases.filter(({ text, ids: expected }, place) => {
        const recent = version === '0.2.2' ? changed[name]![place] : undefined
        if (recent === undefined && place % each !== (i + v) % each) return false
        return !sameIds(ids(kernel, text), recent ?? expected)
      })
      strictSame(t, wrong.slice(0, 5).map(({ text }) => shown(text)), [], `${name} by ${version}`)
    }
  }
})

t.test('the fields of the settings are those of the kernel, in the same order', async t => {
  const source = readFileSync(join(ROOT, 'lib/kernels/unigram/settings.ts'), 'utf8')
  t.strictSame(SETTINGS, [...source.matchAll(/^ {2}(\w+): (?:usize|u32)$/gm)].map(([, name]) => name))
})

t.test('random texts have the same ids with the kernel and without', async t => {
  const seed = Number(process.env.FUZZ_SEED ?? 1)
  t.comment(`FUZZ_SEED=${seed}`)
  const wrong: string[] = []
  for (const fuzzed of unigramFuzzed(howMany(6, 1))) {
    const found = unigramDifference(fuzzed, seed, howMany(10, 100))
    if (found !== null) wrong.push(found)
  }
  strictSame(t, wrong, [])
})

t.test('runs of characters without a piece, and rewritten characters between them, have the same ids', async t => {
  const parts = [
    '中', '文字', 'か', '\u3099', 'ｶﾞ', '，', '。', '（', '㍿', '①', '\ufdfa', '\u200b', '\u2581', '\ud83d\ude00', 'é',
    'the', 'a', ' ', '\u3000', '1976'
  ]
  let state = 1
  const draw = (count: number): number => (state = state * 48271 % (2 ** 31 - 1)) % count
  const texts = Array.from({ length: howMany(60, 1500) }, () =>
    Array.from({ length: 1 + draw(40) }, () => parts[draw(parts.length)]!).join(''))
  const long = howMany(60, 500)
  texts.push('中'.repeat(4 * long), '中，'.repeat(long), `a${'文'.repeat(long)}the${'文'.repeat(long)}`)
  for (const [i, fuzzed] of [...unigramFuzzed(howMany(6, 1))].entries()) {
    const { name, plain, kernels } = fuzzed
    const some = texts.filter((_, place) => place % 8 === i % 8 || place >= texts.length - 3)
    const wrong = some.filter(text => {
      const expected = new IdBuffer()
      plain.appendPlainly(text, expected)
      return kernels.some(kernel => !sameIds(ids(kernel, text), [...expected.copy()]))
    })
    strictSame(t, wrong.slice(0, 3).map(shown), [], name)
  }
})

t.test('a difference would be found, and the text that shows it is short', async t => {
  const plain = new UnigramEncoder(quickstart, { version: '0.2.2' })
  const kernels = [kernelOf({ ...quickstart, pieces: quickstart.pieces.map(p => ({ ...p, score: -1 })) }, '0.2.2')]
  const found = unigramDifference({ name: 'wrong', model: quickstart, plain, kernels }, 1, 1000)
  t.match(found, /^wrong, seed 1: ".{0,20}": /)
})

t.test('a table of words changes nothing, whatever its size, in the order of the text or backwards', async t => {
  const paragraphs = prose.split('\n\n').slice(0, howMany(12, 300))
  for (const version of VERSIONS) {
    const plain = paragraphs.map(text => plainIds(quickstart, version, text))
    for (const tableBytes of [0, 20_000, 2 ** 20, Infinity]) {
      const kernel = kernelOf(quickstart, version, tableBytes)
      strictSame(t, paragraphs.map(text => ids(kernel, text)), plain, `${tableBytes} bytes`)
      strictSame(t, paragraphs.toReversed().map(text => ids(kernel, text)), plain.toReversed())
    }
  }
})

t.test('long texts are encoded in parts, cut at spaces', async t => {
  const long = prose.repeat(Math.ceil(200_000 / prose.length))
  const spaces = `${'a'.repeat(65_535)} ${' '.repeat(70_000)}b${'é'.repeat(65_536)} end `
  const models = encodings().filter(({ name }) => ['identity', 'no-prefix-keep', 'bytes'].includes(name))
  for (const { name, bytes } of models) {
    const model = readModel(bytes, name)
    for (const text of [long, spaces, ` ${long}`]) {
      strictSame(t, ids(kernelOf(model, '0.2.2'), text), plainIds(model, '0.2.2', text), name)
    }
  }
})

// npm run bench -- --only encode-unbroken --only encode-letter has a bar for the time.
t.test('300 kB without a space have the ids of the plain encoder', async t => {
  const parts = ['a', '水', '\ue000', '\ufdfa', 'water', '\u2581']
  const kinds = parts.map(part => part.repeat(300_000 / Buffer.byteLength(part)))
  for (const name of ['identity', 'no-split', 'suffix'].slice(0, howMany(1, 3))) {
    const model = readModel(encodings().find(model => model.name === name)!.bytes, name)
    for (const text of kinds.slice(0, howMany(2, 6))) {
      const out = new IdBuffer()
      unigramEncoding(model, { version: '0.2.2' }).append(text, out) // U+FDFA takes more room than the kernel has
      strictSame(t, out.copy(), plainIds(model, '0.2.2', text), `${name}, ${text[0]!}`)
    }
  }
})

t.test('a text that the kernel can\'t take is encoded without it, and nothing of it remains', async t => {
  const { append, shared } = unigramEncoding(quickstart, { version: '0.2.2' })
  t.ok('tables' in shared)
  const out = new IdBuffer()
  append('the river', out)
  const river = out.copy()
  const long = `water ${'a'.repeat(2 ** 21)} water`
  append(long, out)
  append('the river', out)
  strictSame(t, out.copy(), Int32Array.from([...river, ...plainIds(quickstart, '0.2.2', long), ...river]))
})

t.test('a thread that shares tables has the same ids, and so has an encoder without a kernel', async t => {
  const first = unigramEncoding(quickstart, { version: '0.2.2' })
  const second = unigramEncoding(quickstart, { version: '0.2.2', shared: first.shared })
  const words = new UnigramEncoder(quickstart, { version: '0.2.2' }).words
  const third = unigramEncoding(quickstart, { version: '0.2.2', shared: { words } })
  strictSame(t, second.shared, first.shared)
  t.ok('words' in third.shared)
  const all = [first, second, third].map(({ append }) => {
    const out = new IdBuffer()
    for (const text of prose.slice(0, 20_000).split('\n')) append(text, out)
    return out.copy()
  })
  strictSame(t, all[1], all[0])
  strictSame(t, all[2], all[0])
})

t.test('a charsmap that is damaged is left to the reader that reports it', async t => {
  const { normalizer } = quickstart
  for (const at of [0, 8, 4 + 4 * 200, normalizer.precompiledCharsmap.length - 4]) {
    const charsmap = Uint8Array.from(normalizer.precompiledCharsmap)
    charsmap.fill(0xff, at, at + 4)
    const damaged = { ...quickstart, normalizer: { ...normalizer, precompiledCharsmap: charsmap } }
    let isRefused = false
    try {
      plainIds(damaged, '0.2.2', 'a')
    } catch {
      isRefused = true
    }
    t.equal(unigramTables(damaged, '0.2.2') === undefined, isRefused, `at byte ${at}`)
  }
})
