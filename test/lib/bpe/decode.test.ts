/** Texts of ids, and names of tokens. */
import fc from 'fast-check'
import { ByteLevelDecoder } from '../../../lib/bpe/decoder.ts'
import { bpeEncoder } from '../../../lib/bpe/encoder.ts'
import { howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { idsOf, modelOf } from './fixtures.ts'

const MODEL = modelOf('llama3')
const DECODER = new ByteLevelDecoder(MODEL, 'llama3.json')
const ENCODER = bpeEncoder(MODEL, 'text')
const EOS = MODEL.added.find(({ content }) => content === '<|end_of_text|>')!.id

t.test('decoding gives each text back; a lone surrogate is U+FFFD', async t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 50 }), text => {
    t.equal(DECODER.decode(idsOf(ENCODER, text)), text.replace(/\p{Surrogate}/gu, '\ufffd'))
  }), { numRuns: howMany(100, 2000) })
  t.equal(DECODER.decode(idsOf(ENCODER, 'a\ud800b\udc00')), 'a\ufffdb\ufffd')
  t.equal(DECODER.decode(idsOf(ENCODER, '\ufeffa')), '\ufeffa')
  t.equal(DECODER.decode([]), '')
})

t.test('bytes that are not UTF-8 are U+FFFD', async t => {
  const [first, second] = ['\u{1f600}'.codePointAt(0)!].flatMap(point => [...Buffer.from(String.fromCodePoint(point))])
  const ids = [first, second].map(byte => MODEL.vocabulary.idOf(String.fromCharCode(byte!))!)
  t.equal(DECODER.decode([...ids, EOS]), '\ufffd', 'a special token has no text')
})

t.test('tokens are spelled as in tokenizer.json', async t => {
  const [space] = idsOf(ENCODER, ' the')
  t.equal(DECODER.name(space!), 'Ġthe')
  t.equal(DECODER.name(EOS), '<|end_of_text|>')
  t.equal(DECODER.isControl(EOS), true)
  t.equal(DECODER.isControl(space!), false)
})

t.test('an id that no token has is an error', async t => {
  for (const id of [-1, 0.5, MODEL.vocabSize, NaN]) {
    const message = new RegExp(`^llama3.json: cannot decode id ${id}: no token has it, expected`)
    const expected = { code: 'ERR_TOKENIZER', message }
    t.throws(() => DECODER.decode([id]), expected)
    t.throws(() => DECODER.name(id), expected)
  }
})

t.test('UTF-8 is encoded as the text that it is', async t => {
  const buffers = [Buffer.from('Mühle  wheel 😀'), Buffer.from([0x61, 0xff, 0x62]), Buffer.alloc(0), Buffer.from(' x')]
  for (const family of ['llama3', 'roberta', 'qwen3', 'falcon']) {
    const model = modelOf(family)
    const encoder = bpeEncoder(model, 'text')
    for (const bytes of buffers) {
      const ids = idsOf({ append: (_, ids) => { encoder.appendBytes(bytes, ids) } }, '')
      t.strictSame(ids, idsOf(encoder, bytes.toString()), `${family}: ${bytes.toString()}`)
    }
  }
})
