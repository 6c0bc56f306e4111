import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { loadDecoder, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { RECORDED, piecesFile } from './pieces/fixtures.ts'

const TEXT = 'The water goes over the weir.'

function written (t: Parameters<typeof temporaryFolder>[0], family: string): string {
  return put(temporaryFolder(t), 'tokenizer.json', JSON.stringify(piecesFile(family)))
}

t.test('a tokenizer.json with a Unigram or BPE model of pieces encodes and decodes', async t => {
  for (const [family, modelType, bosId, eosId] of [['t5', 'unigram', -1, 2], ['llama2', 'bpe', 1, -1]] as const) {
    const path = written(t, family)
    const tokenizer = await loadTokenizer(path, { version: '0.1.97' })
    t.match(tokenizer, { format: 'tokenizer.json', modelType, bosId, eosId, unkId: 0, padId: -1, version: null })
    const ids = tokenizer.encode(TEXT)
    t.strictSame(tokenizer.encodeBytes(Buffer.from(TEXT)), ids)
    t.equal(tokenizer.decode([...ids, 2]), TEXT, 'a special token has no text')
    t.match(tokenizer.idToPiece(ids[0]!), /^\u2581T/)
    t.equal(tokenizer.pieceToId(tokenizer.idToPiece(ids[0]!)), ids[0])
    t.equal(tokenizer.pieceToId('no such'), 0)
    t.throws(() => tokenizer.decode([tokenizer.vocabSize]), { code: 'ERR_TOKENIZER', message: /no token has it/ })
    t.throws(() => tokenizer.idToPiece(-1), { code: 'ERR_TOKENIZER' })
  }
})

t.test('special ids come from the files next to a tokenizer.json', async t => {
  const path = written(t, 'llama2')
  put(path.replace('/tokenizer.json', ''), 'tokenizer_config.json', '{"eos_token": "</s>", "pad_token": "<unk>"}')
  t.match(await loadTokenizer(path.replace('/tokenizer.json', '')), { bosId: 1, eosId: 2, padId: 0, unkId: 0 })
})

t.test('names of special tokens in a text: text, tokens, or an error', async t => {
  const path = written(t, 'phi3')
  const text = 'a<|endoftext|></tag> b'
  const { vocabSize } = await loadTokenizer(path)
  const [end, tag] = [vocabSize - 4, vocabSize - 1]
  const asText = await loadTokenizer(path)
  t.notOk(asText.encode(text).includes(end))
  t.ok(asText.encode(text).includes(tag), 'a token that is added but not special is always found')
  const asTokens = await loadTokenizer(path, { specialTokens: 'encode' })
  t.ok(asTokens.encode(text).includes(end))
  const { encode } = await loadTokenizer(path, { specialTokens: 'refuse' })
  t.throws(() => encode(text), { code: 'ERR_DOCUMENT', message: /special token "<\|endoftext\|>" at offset 1/ })
})

t.test('threads encode with what they are given', async t => {
  const texts = RECORDED.texts.slice(0, 100)
  for (const family of ['t5', 'albert', 'llama2', 'digits']) {
    const path = written(t, family)
    const first = await loadTokenizer(path, { specialTokens: 'encode' })
    t.equal(first.shared?.kind, family === 'digits' ? undefined : 'pieces')
    const worker = new Worker(new URL('../sentencepiece/bpe-thread.js', import.meta.url), {
      workerData: { path, options: { specialTokens: 'encode', shared: first.shared }, texts }
    })
    const [sent] = await once(worker, 'message') as [{ ids: number[][] }]
    t.strictSame(sent.ids, texts.map(text => [...first.encode(text)]), family)
  }
})

t.test('ids that begin or end inside a text', async t => {
  const path = written(t, 'llama2')
  const { encode, idToPiece } = await loadTokenizer(path)
  const decoder = await loadDecoder(path)
  const ids = Array.from(encode('\u{1f600} a'))
  t.strictSame(ids.slice(1, 5).map(idToPiece), ['<0xF0>', '<0x9F>', '<0x98>', '<0x80>'])
  t.ok(decoder.isByte(ids[1]!))
  t.notOk(decoder.isByte(ids[0]!))
  t.ok(decoder.isControl(2))
  const rest = decoder.decoding({ continues: true, namesCut: true })
  for (const id of ids.slice(2)) rest.add(id)
  t.equal(rest.end(), '<0x9F><0x98><0x80> a')
  const cut = decoder.decoding()
  for (const id of ids.slice(0, 4)) cut.add(id)
  t.equal(cut.take(), '', 'the bytes may be continued')
  t.equal(cut.cut(), '<0xF0><0x9F><0x98>')
  const marked = decoder.decoding()
  for (const id of ids.slice(0, 3)) marked.add(id)
  marked.mark('|')
  t.equal(marked.chars, 3)
  t.equal(marked.end(), '\ufffd\ufffd|', 'each byte of a run that is no UTF-8')
})

t.test('a decoder that changes whole texts decodes no parts', async t => {
  const file = piecesFile('llama2')
  const { decoders } = file.decoder as { decoders: object[] }
  decoders.push({ type: 'Replace', pattern: { String: 'water' }, content: 'wine' })
  const path = put(temporaryFolder(t), 'tokenizer.json', JSON.stringify(file))
  const { decode, encode } = await loadTokenizer(path)
  t.equal(decode(encode(TEXT)), TEXT.replace('water', 'wine'))
  await t.rejects(loadDecoder(path), { code: 'ERR_TOKENIZER', message: /must be rewritten as a whole/ })
})
