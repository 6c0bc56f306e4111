import { readFileSync, writeFileSync } from 'node:fs'
import { t } from '../../tap.ts'
import { loadEmscripten } from '../../../lib/emscripten.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { answers, fixture, put, temporaryFolder } from '../../helpers.ts'

t.test('loading adds no listeners to the process', async t => {
  const count = (): number => process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')
  const before = count()
  await loadTokenizer(fixture('bpe.model'))
  await loadTokenizer(fixture('bpe.model'))
  t.equal(count(), before)
})

t.test('ids and decoded text equal SentencePiece\'s, for each type of model', async t => {
  for (const { file, sha256, vocab_size: vocabSize, eos_id: eosId } of answers().models) {
    const tokenizer = await loadTokenizer(fixture(file))
    t.match(tokenizer, { sha256, vocabSize, eosId })
    for (const { text, ids, decoded } of answers().encoded.filter(({ model }) => model === file)) {
      const encoded = tokenizer.encode(text)
      t.ok(encoded instanceof Int32Array)
      t.strictSame(Array.from(encoded), ids, `${file}: ${JSON.stringify(text.slice(0, 40))}`)
      t.equal(tokenizer.decode(encoded), decoded)
    }
  }
})

t.test('a lone surrogate counts as U+FFFD and changes no neighbours', async t => {
  for (const model of ['tiny.model', 'bpe.model']) {
    const { encode } = await loadTokenizer(fixture(model))
    t.strictSame(encode('the \ud83c river'), encode('the \ufffd river'))
    t.strictSame(encode('\udf0athe river'), encode('\ufffdthe river'))
  }
})

t.test('the functions of a tokenizer need no object, and describe its vocabulary', async t => {
  const tokenizer = await loadTokenizer(fixture('tiny.model'))
  const { append, encode, idToPiece, pieceToId, vocabSize } = tokenizer
  const ids = new IdBuffer()
  append('the river', ids)
  append('the mill', ids)
  t.strictSame(ids.copy(), Int32Array.of(...encode('the river'), ...encode('the mill')))
  const pieces = Array.from({ length: vocabSize }, (_, id) => idToPiece(id))
  t.strictSame(pieces.map(pieceToId), pieces.map((_, id) => id))
  t.equal(pieceToId('no such piece'), tokenizer.unkId)
  t.throws(() => idToPiece(vocabSize), { code: 'ERR_TOKENIZER', message: /expected ids from 0 to 84/ })
  const { unkId, bosId, eosId, padId } = tokenizer
  t.strictSame([unkId, bosId, eosId].map(idToPiece), ['<unk>', '<s>', '</s>'])
  t.equal(padId, -1)
})

t.test('other types of model are encoded by SentencePiece itself, after their tables are validated', async t => {
  const { append, encode } = await loadTokenizer(fixture('bpe.model'))
  const ids = new IdBuffer()
  append('the river', ids)
  t.strictSame(ids.copy(), encode('the river'))
  // a second ModelProto.normalizer_spec (3), with a precompiled_charsmap (2) of one byte; parsers merge it into the
  // first
  const damaged = put(temporaryFolder(t), 'damaged.model', Buffer.concat([
    readFileSync(fixture('bpe.model')), Buffer.of(3 << 3 | 2, 3, 2 << 3 | 2, 1, 0)
  ]))
  await t.rejects(loadTokenizer(damaged), {
    code: 'ERR_TOKENIZER', message: /damaged\.model: the model can't be used: its precompiled_charsmap is damaged/
  })
})

t.test('an id out of range is not decoded', async t => {
  const { decode, vocabSize } = await loadTokenizer(fixture('tiny.model'))
  for (const id of [-1, vocabSize, 0.5, NaN]) {
    t.throws(() => decode([3, id]), { code: 'ERR_TOKENIZER', message: /expected ids from 0 to 84/ })
  }
})

t.test('a file that is missing or no model is refused', async t => {
  await t.rejects(loadTokenizer('/none/spm.model'), {
    code: 'ERR_TOKENIZER', message: '/none/spm.model: no such file, expected a SentencePiece .model file'
  })
  await t.rejects(loadTokenizer(put(temporaryFolder(t), 'x.model', 'no model')), {
    code: 'ERR_TOKENIZER', message: /x\.model: not a SentencePiece model.*"no model"/
  })
})

t.test('SentencePiece encodes a text of some MB like its parts, also while the instance is replaced', async t => {
  const { encode } = await loadTokenizer(fixture('bpe.model'))
  const sentence = 'the miller carries two barges, before dawn. '
  const one = encode(sentence)
  for (let i = 0; i < 2; i++) {
    const many = encode(sentence.repeat(50_000))
    t.equal(many.length, one.length * 50_000)
    t.strictSame(many.subarray(-one.length), one)
    t.strictSame(encode(sentence), one)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
})

t.test('listeners that are not Emscripten\'s are kept', async t => {
  const ours = (): void => {}
  await loadEmscripten(async () => {
    process.on('uncaughtException', ours)
    process.on('unhandledRejection', reason => { throw reason })
  })
  t.ok(process.listeners('uncaughtException').includes(ours))
  t.notOk(process.listeners('unhandledRejection').some(listener => String(listener).includes('throw reason')))
  process.off('uncaughtException', ours)
})

t.test('a tokenizer keeps its model if the file changes after loading', async t => {
  const path = put(temporaryFolder(t), 'a.model', readFileSync(fixture('bpe.model')))
  const { encode } = await loadTokenizer(path)
  const before = encode('the miller carries')
  writeFileSync(path, readFileSync(fixture('tiny.model')))
  encode('x '.repeat(1_100_000))
  await new Promise(resolve => setTimeout(resolve, 300))
  t.strictSame(encode('the miller carries'), before)
})
