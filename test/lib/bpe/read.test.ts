/** What readers take from the files of models. */
import { bpeEncoder, plainBpeEncoder } from '../../../lib/bpe/encoder.ts'
import { readTiktoken } from '../../../lib/bpe/read-tiktoken.ts'
import { isTiktoken } from '../../../lib/bpe/tiktoken-families.ts'
import { readTokenizerJson } from '../../../lib/bpe/read-tokenizer-json.ts'
import { countEntries } from '../../../lib/bpe/json-entries.ts'
import { t } from '../../tap.ts'
import { TEXTS, type TokenizerFile, idsOf, modelOf, recorded, tokenizerFile } from './fixtures.ts'

const read = (file: TokenizerFile, names = {}): ReturnType<typeof readTokenizerJson> =>
  readTokenizerJson(Buffer.from(JSON.stringify(file)), 'x.json', names)

t.test('BOS and EOS are those of the post-processor, or of the files next to it', async t => {
  const llama = tokenizerFile('llama3')
  const bos = llama.added_tokens[0]!.id
  t.match(read(llama), { bosId: bos, eosId: -1, padId: -1, unkId: -1, vocabSize: 3256 })
  const names = { bos: undefined, eos: '<|eot_id|>', pad: '<|end_of_text|>', unk: 'no such token' }
  t.match(read(llama, names), { bosId: bos, eosId: 3004, padId: 3001, unkId: -1 })
  const gpt2 = tokenizerFile()
  gpt2.post_processor = { type: 'RobertaProcessing', sep: ['<|endoftext|>', 3000], cls: ['a', 64] }
  t.match(read(gpt2), { bosId: gpt2.model.vocab.a, eosId: 3000 })
})

t.test('a post-processor with several tokens names none of them', async t => {
  const file = tokenizerFile()
  const [token, sequence] = [{ SpecialToken: { id: '<|endoftext|>' } }, { Sequence: { id: 'A' } }]
  file.post_processor = { type: 'TemplateProcessing', single: [token, token, sequence, token] }
  t.match(read(file), { bosId: -1, eosId: 3000 })
  for (const single of [[token], [sequence, sequence], [1]]) {
    file.post_processor = { type: 'TemplateProcessing', single }
    t.throws(() => read(file), { code: 'ERR_TOKENIZER', message: /single of its post_processor has/ })
  }
  file.post_processor = { type: 'BertProcessing', sep: [], cls: ['a', 1] }
  t.throws(() => read(file), { message: /sep of its post_processor doesn't begin with a token/ })
})

t.test('merges are texts or pairs, with a version among them', async t => {
  const texts = tokenizerFile()
  const pairs = tokenizerFile()
  pairs.model.merges = pairs.model.merges.map(merge => (merge as string).split(' '))
  texts.model.merges.unshift('#version: 0.2')
  t.strictSame(read(texts).merges, read(pairs).merges)
  t.ok(read(texts).merges!.length > 3000)
})

t.test('bytes that are in no UTF-8 need no token, and truncation changes nothing', async t => {
  const whole = read(tokenizerFile())
  const file = tokenizerFile()
  const unused = [...whole.vocabulary.byteIds().entries()].filter(([byte]) => byte > 0xf4).map(([, id]) => id)
  const used = Object.entries(file.model.vocab).filter(([, id]) => !unused.includes(id))
  file.model.vocab = Object.fromEntries(used)
  file.added_tokens = []
  file.truncation = { max_length: 1, strategy: 'LongestFirst', stride: 0, direction: 'Right' }
  const model = read(file)
  for (const encoder of [bpeEncoder(model, 'text'), plainBpeEncoder(model, 'text')]) {
    const all = plainBpeEncoder(whole, 'text')
    t.strictSame(TEXTS.slice(0, 50).map(text => idsOf(encoder, text)), TEXTS.slice(0, 50).map(text => idsOf(all, text)))
  }
})

t.test('a merge whose pair is there twice has the later rank, as in tokenizers', async t => {
  const file = tokenizerFile()
  const { vocab } = file.model
  t.ok(['he', 'th'].every(token => token in vocab))
  file.model.merges = ['t h', 'h e', 't h']
  const model = read(file)
  const expected = [vocab.t, vocab.he]
  t.strictSame(idsOf(bpeEncoder(model, 'text'), 'the'), expected)
  t.strictSame(idsOf(plainBpeEncoder(model, 'text'), 'the'), expected)
})

t.test('a rank file is known by its lines, and its family by its name', async t => {
  const lines = recorded('o200k').file as string
  t.equal(isTiktoken(Buffer.from(lines)), true)
  for (const other of ['', 'IQ== 0\n', '{"a": 1}\n', '#version: 0.2\n1 2\n1 3\na b\nc d\n']) {
    t.equal(isTiktoken(Buffer.from(other)), false, other)
  }
  const model = readTiktoken(Buffer.from(lines), '/models/o200k_base.tiktoken')
  t.match(model, { eosId: 199_999, bosId: -1, vocabSize: 200_019 })
  t.strictSame(model.preTokenizers, [{ type: 'split', expression: 'o200k' }])
  t.equal(readTiktoken(Buffer.from(lines), 'C:\\x\\r50k.tiktoken').eosId, 50_256)
  t.equal(modelOf('cl100k').added.length, 5)
})

t.test('entries of an object in JSON are counted, with those whose key is there twice', async t => {
  const count = (json: string): number | undefined => {
    JSON.parse(json)
    return countEntries(Buffer.from(json), ['a.b', 'd']).at.get('a.b')
  }
  const entries = '"k": 1, "k": {"b": [1, 2]}, "l": "}\\""'
  t.equal(count(`{"x": {"b": {"q": 1}}, "a": {"x": [{"b": {}}, "b"], "b": {${entries}}}}`), 3)
  t.equal(count('{"a": [{"b": {"k": 1}}], "b": {"k": 1}}'), undefined)
  t.equal(count('{"a": {"b": {}}}'), 0)
  t.equal(count('{"a": "b", "c": {"b": {"k": 1}}}'), undefined)
  t.equal(count('[]'), undefined)
})
