/** Texts of ids, and names of tokens. */
import fc from 'fast-check'
import { BpeDecoder } from '../../../lib/bpe/decode.ts'
import { bpeEncoder } from '../../../lib/bpe/encoder.ts'
import { kernelTables } from '../../../lib/bpe/kernel-tables.ts'
import { howMany } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { idsOf, modelOf } from './fixtures.ts'

const MODEL = modelOf('llama3')
const DECODER = new BpeDecoder(MODEL, 'llama3.json')
const ENCODER = bpeEncoder(MODEL, kernelTables(MODEL))
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
  t.equal(DECODER.decode([...ids, EOS]), '\ufffd<|end_of_text|>')
})

t.test('tokens are spelled as in tokenizer.json, and found by it', async t => {
  const [space] = idsOf(ENCODER, ' the')
  t.equal(DECODER.idToPiece(space!), 'Ġthe')
  t.equal(DECODER.idToPiece(EOS), '<|end_of_text|>')
  t.equal(DECODER.isSpecial(EOS), true)
  t.equal(DECODER.isSpecial(space!), false)
  for (let id = 0; id < MODEL.vocabSize; id++) {
    if (DECODER.pieceToId(DECODER.idToPiece(id)) !== id) t.fail(`${id}: ${DECODER.idToPiece(id)}`)
  }
  t.equal(DECODER.pieceToId('no such token'), undefined)
  t.equal(DECODER.pieceToId('\u4e2d'), undefined)
})

t.test('an id that no token has is an error', async t => {
  for (const id of [-1, 0.5, MODEL.vocabSize, NaN]) {
    const expected = { code: 'ERR_TOKENIZER', message: new RegExp(`^llama3.json: no token has the id ${id}, expected`) }
    t.throws(() => DECODER.decode([id]), expected)
    t.throws(() => DECODER.idToPiece(id), expected)
  }
})

t.test('UTF-8 is encoded as the text that it is', async t => {
  const buffers = [Buffer.from('Mühle  wheel 😀'), Buffer.from([0x61, 0xff, 0x62]), Buffer.alloc(0), Buffer.from(' x')]
  for (const family of ['llama3', 'roberta', 'qwen3', 'falcon']) {
    const model = modelOf(family)
    const encoder = bpeEncoder(model, kernelTables(model))
    for (const bytes of buffers) {
      const ids = idsOf({ append: (_, ids) => { encoder.appendBytes(bytes, ids) } }, '')
      t.strictSame(ids, idsOf(encoder, bytes.toString()), `${family}: ${bytes.toString()}`)
    }
  }
})
