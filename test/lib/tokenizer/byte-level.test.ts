import { t } from '../../tap.ts'
import { loadDecoder, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { tiktokenRanks, tokenizerJson } from '../../byte-level.ts'
import { failure, put, temporaryFolder } from '../../helpers.ts'

const TEXT = 'the cat sat'
const [THE, CAT, SAT, EOS] = [257, 260, 262, 263]

t.test('a value that an option does not have is refused', async t => {
  const options = { version: '0.2.0', specialTokens: 'token', family: 'constructor', tableBytes: -1 }
  for (const [name, value] of Object.entries(options)) {
    const message = new RegExp(`^loadTokenizer\\.${name}: expected `)
    await t.rejects(loadTokenizer('x.model', Object.fromEntries([[name, value]])), { code: 'ERR_OPTION', message })
  }
})

t.test('a tokenizer.json encodes and decodes; its special ids come from the files next to it', async t => {
  const folder = temporaryFolder(t)
  const path = put(folder, 'tokenizer.json', tokenizerJson())
  put(folder, 'tokenizer_config.json', '{"eos_token": {"content": "<|endoftext|>"}, "bos_token": null}')
  put(folder, 'special_tokens_map.json', '{"pad_token": "<|endoftext|>", "eos_token": "the"}')
  for (const named of [path, folder]) {
    const tokenizer = await loadTokenizer(named)
    t.match(tokenizer, {
      format: 'tokenizer.json',
      modelType: 'byte-level-bpe',
      path: named,
      vocabSize: EOS + 1,
      eosId: EOS,
      padId: EOS,
      bosId: -1,
      unkId: -1,
      version: null
    })
    t.strictSame(Array.from(tokenizer.encode(TEXT)), [THE, CAT, SAT])
    t.strictSame(Array.from(tokenizer.encodeBytes(Buffer.from(TEXT))), [THE, CAT, SAT])
    t.equal(tokenizer.decode([THE, CAT, EOS, SAT]), TEXT, 'a special token has no text')
    t.equal(tokenizer.idToPiece(CAT), 'Ġcat')
    t.equal(tokenizer.idToPiece(EOS), '<|endoftext|>')
    t.equal(tokenizer.pieceToId('Ġcat'), CAT)
    t.equal(tokenizer.pieceToId('<|endoftext|>'), EOS)
    t.equal(tokenizer.pieceToId('no such'), -1)
    t.throws(() => tokenizer.decode([EOS + 1]), { code: 'ERR_TOKENIZER', message: /cannot decode id 264/ })
    t.throws(() => tokenizer.idToPiece(-1), { code: 'ERR_TOKENIZER' })
  }
})

t.test('what belongs to a tokenizer.json has to be readable', async t => {
  const folder = temporaryFolder(t)
  t.match(await failure(loadTokenizer(folder)), {
    code: 'ERR_TOKENIZER', message: /a folder without a tokenizer\.json/
  })
  put(folder, 'tokenizer.json', tokenizerJson())
  put(folder, 'tokenizer_config.json', '{')
  t.match(await failure(loadTokenizer(folder)), { code: 'ERR_TOKENIZER', message: /tokenizer_config\.json: .*JSON/ })
})

t.test('names of special tokens in a text: text, tokens, or an error', async t => {
  const path = put(temporaryFolder(t), 'tokenizer.json', tokenizerJson({ added: ['<tool>'] }))
  const text = 'the<|endoftext|><tool>'
  const asText = await loadTokenizer(path)
  t.equal(asText.decode(asText.encode(text)), text)
  t.notOk(asText.encode(text).includes(EOS))
  t.ok(asText.encode(text).includes(EOS + 1), 'a token that is added but not special is always found')
  const asTokens = await loadTokenizer(path, { specialTokens: 'encode' })
  t.strictSame(Array.from(asTokens.encode(text)), [THE, EOS, EOS + 1])
  const { encode } = await loadTokenizer(path, { specialTokens: 'refuse' })
  t.strictSame(Array.from(encode('the<tool>')), [THE, EOS + 1])
  t.throws(() => encode(text), { code: 'ERR_DOCUMENT', message: /special token "<\|endoftext\|>"/ })
})

t.test('another thread encodes by the tables that it is given', async t => {
  const path = put(temporaryFolder(t), 'tokenizer.json', tokenizerJson())
  const first = await loadTokenizer(path, { specialTokens: 'encode' })
  t.equal(first.shared?.kind, 'byte-level')
  const second = await loadTokenizer(path, { shared: structuredClone(first.shared) })
  for (const text of [TEXT, 'x'.repeat(1000), '<|endoftext|>', 'é\u{1f600}\ud800']) {
    t.strictSame(second.encode(text), first.encode(text))
  }
})

t.test('a tiktoken file has the special tokens of its family', async t => {
  const ranks = tiktokenRanks(['th', 'the', ' c', 'at', ' cat'])
  const named = await loadTokenizer(put(temporaryFolder(t), 'cl100k_base.tiktoken', ranks))
  t.match(named, { format: 'tiktoken', eosId: 100_257, vocabSize: 100_277 })
  t.strictSame(Array.from(named.encode('the cat')), [257, 260])
  t.equal(named.idToPiece(100_257), '<|endoftext|>')
  const other = put(temporaryFolder(t), 'mine.tiktoken', ranks)
  t.match(await failure(loadTokenizer(other)), { code: 'ERR_TOKENIZER', message: /--tiktoken-family\): r50k, gpt2/ })
  t.match(await loadTokenizer(other, { family: 'o200k' }), { eosId: 199_999 })
})

t.test('a tiktoken file whose first lines are damaged is refused with the number of the line', async t => {
  const [, , ...rest] = tiktokenRanks([]).split('\n')
  const path = put(temporaryFolder(t), 'cl100k_base.tiktoken', ['IQ== x', '??? 1', ...rest].join('\n'))
  t.match(await failure(loadTokenizer(path)), {
    code: 'ERR_TOKENIZER',
    message: /cl100k_base\.tiktoken: line 1 is not the base64 of a token and its rank, .*; get the file again/
  })
})

t.test('decoded id by id, a text is the same; a character that is cut is shown by its bytes', async t => {
  const path = put(temporaryFolder(t), 'tokenizer.json', tokenizerJson())
  const { encode } = await loadTokenizer(path)
  const decoder = await loadDecoder(path)
  const text = 'the é 漢 \u{1f600}\ufeff'
  const ids = Array.from(encode(text))
  const decoding = decoder.decoding()
  let parts = ''
  for (const id of ids) {
    decoding.add(id)
    parts += decoding.take()
  }
  t.equal(parts + decoding.end(), text)
  const [first, second, third] = encode('漢') as unknown as [number, number, number]
  const cut = decoder.decoding()
  cut.add(first)
  t.equal(cut.cut(), '<0xE6>')
  const rest = decoder.decoding({ continues: true, namesCut: true })
  for (const id of [second, third, THE]) rest.add(id)
  t.equal(rest.end(), '<0xBC><0xA2>the')
  const broken = decoder.decoding()
  for (const id of [first, second, THE, third]) broken.add(id)
  t.equal(broken.end(), '\ufffdthe\ufffd', 'as Rust replaces bytes that are no character')
  t.equal(decoder.decode([first, second, THE, third]), '\ufffdthe\ufffd')
  t.ok(decoder.isByte(first))
  t.notOk(decoder.isByte(THE))
  t.ok(decoder.isControl(EOS))
})
