import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { sha256OfFile } from '../../../lib/hash.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { loadWasmEncoder } from '../../../lib/sentencepiece/wasm.ts'
import { wordMemory } from '../../../lib/sentencepiece/word-table.ts'
import { WordwiseEncoder, isWordwise } from '../../../lib/sentencepiece/wordwise-encoder.ts'
import { ROOT, fixture, howMany } from '../../helpers.ts'

const path = fixture('bpe.model')
const plainly = await loadWasmEncoder(path, await sha256OfFile(path))
const prose = readFileSync(join(ROOT, 'test/fixtures/prose.md'), 'utf8')

function ids (encoder: WordwiseEncoder, text: string): number[] {
  const out = new IdBuffer()
  encoder.append(text, out)
  return [...out.copy()]
}

t.test('a text is encoded as SentencePiece encodes it, whatever the size of the table', async t => {
  const paragraphs = [...prose.slice(0, 8000).split('\n\n'), prose.slice(0, 5000), '']
  for (const bytes of [2 ** 20, 30_000, 0]) {
    const encoder = new WordwiseEncoder(plainly, wordMemory(bytes))
    for (const text of [...paragraphs, ...paragraphs]) t.strictSame(ids(encoder, text), [...plainly(text)])
  }
})

t.test('texts with unusual spaces, marks and lone surrogates are encoded as by SentencePiece', async t => {
  const encoder = new WordwiseEncoder(plainly, wordMemory(100_000))
  const odd = [
    ' ', '  ', '\t', '\n', '\u00a0', '\u3000', '\u200b', '\u0301', '\u2581', '\0', '\x07', '\ud83c', '\udf0a', '\ufffd',
    '\ufeff', 'e\u0301', '\uff21', 'ꙮ', 'the', 'river', 'mill', '①', 'ﷺ', 'x'.repeat(130), 'ꙮ'.repeat(50)
  ]
  const seed = 20_261_123
  fc.assert(fc.property(fc.array(fc.constantFrom(...odd), { maxLength: 12 }), parts => {
    const text = parts.join('')
    return JSON.stringify(ids(encoder, text)) === JSON.stringify([...plainly(text)])
  }), { seed, numRuns: howMany(400, 2000) })
  t.pass(`2000 texts, seed ${seed}`)
})

t.test('while other threads block the table, texts are encoded whole', async t => {
  const memory = wordMemory(100_000)
  const asked: string[] = []
  const encoder = new WordwiseEncoder(text => {
    asked.push(text)
    return Int32Array.of(text.length)
  }, memory)
  t.strictSame(ids(encoder, 'the mill the mill'), [3, 4, 3, 4])
  t.strictSame(asked, ['the', 'mill'])
  new Int32Array(memory)[0] = 1 // is being emptied
  t.strictSame(ids(encoder, 'the mill'), [8])
  new Int32Array(memory)[0] = 2
  const emptying = new WordwiseEncoder(text => {
    new Int32Array(memory)[0]! += 2 // another thread has emptied it
    return Int32Array.of(text.length)
  }, memory)
  t.strictSame(ids(emptying, 'a wheel'), [7])
})

t.test('a text that fails doesn\'t affect the next one', async t => {
  const encoder = new WordwiseEncoder(text => {
    if (text === 'bad') throw new Error('too large')
    return Int32Array.of(text.length)
  }, wordMemory(100_000))
  const out = new IdBuffer()
  encoder.append('the mill', out)
  t.throws(() => { encoder.append('a bad mill', out) }, { message: 'too large' })
  encoder.append('x', out)
  t.strictSame([...out.copy()], [3, 4, 1])
})

t.test('it supports models that merge nothing across a space and put one before each word', async t => {
  const model = readModel(readFileSync(path), path)
  t.ok(isWordwise(model))
  const { normalizer, trainer, pieces } = model
  for (const other of [
    { ...model, trainer: { ...trainer, modelType: 'unigram' as const } },
    { ...model, trainer: { ...trainer, treatWhitespaceAsSuffix: true } },
    { ...model, normalizer: { ...normalizer, addDummyPrefix: false } },
    { ...model, normalizer: { ...normalizer, removeExtraWhitespaces: false } },
    { ...model, normalizer: { ...normalizer, escapeWhitespaces: false } },
    { ...model, pieces: pieces.filter(({ piece }) => piece !== '\u2581') },
    { ...model, pieces: [...pieces, { piece: 'of\u2581the', score: -1, type: 'normal' as const }] },
    { ...model, pieces: [...pieces, { piece: 'of the', score: -1, type: 'user_defined' as const }] }
  ]) t.notOk(isWordwise(other))
})
