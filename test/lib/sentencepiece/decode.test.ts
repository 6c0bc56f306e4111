import { readFileSync } from 'node:fs'
import { t } from '../../tap.ts'
import { Decoder, Decoding } from '../../../lib/sentencepiece/decode.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { loadDecoder, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { answers, failure, fixture, put, temporaryFolder } from '../../helpers.ts'

const MODELS = [
  'tiny.model', 'bpe.model', 'no-eos.model', 'bytes.model', 'keep-spaces.model', 'no-prefix.model', 'suffix.model'
]

t.test('ids decode as in SentencePiece: ids of texts, random ids, and ids of valid and invalid UTF-8', async t => {
  for (const file of MODELS) {
    const decoder = await loadDecoder(fixture(file))
    const lists = answers().decoded.filter(({ model }) => model === file)
    t.ok(lists.length >= 40, `${file}: ${lists.length} lists`)
    for (const { ids, text } of lists) t.equal(decoder.decode(ids), text, `${file}: ${ids.join()}`)
  }
})

t.test('the fixtures cover what decoding depends on', async t => {
  const drops = new Map<string, string>()
  for (const file of MODELS) drops.set(file, (await loadDecoder(fixture(file))).drops)
  t.match(Object.fromEntries(drops), { 'tiny.model': 'all', 'keep-spaces.model': 'one', 'no-prefix.model': 'none' })
  const texts = (file: string): string =>
    answers().decoded.filter(({ model }) => model === file).map(({ text }) => text).join('\n')
  t.match(texts('suffix.model'), '[?]', 'a custom surface for unknown ids')
  t.match(texts('suffix.model'), ' x y ', 'a user-defined piece with spaces')
  t.match(texts('bytes.model'), /\ufffd.*漢/s)
})

t.test('a text that is decoded in parts is the same: a partial character waits for the next part', async t => {
  const decoder = await loadDecoder(fixture('bytes.model'))
  for (const { ids, text } of answers().decoded.filter(({ model }) => model === 'bytes.model')) {
    const decoding = new Decoding(decoder)
    let parts = ''
    for (const id of ids) {
      decoding.add(id)
      parts += decoding.take()
    }
    t.equal(parts + decoding.end(), text)
  }
})

t.test('ids from within a text keep their first space', async t => {
  const decoder = await loadDecoder(fixture('tiny.model'))
  const space = decoder.surfaces.indexOf(' ')
  const decoding = new Decoding(decoder, { continues: true })
  decoding.add(space)
  t.equal(decoding.chars, 1)
  t.equal(decoding.end(), ' ')
  t.equal(decoder.decode([space]), '')
})

t.test('bytes of an incomplete character are shown by name; the pieces of a long text are joined', async t => {
  const decoder = await loadDecoder(fixture('bytes.model'))
  const id = (byte: number): number => decoder.bytes.indexOf(byte)
  const decoding = new Decoding(decoder)
  for (let i = 0; i < 40_000; i++) decoding.add(id(0x61))
  decoding.add(id(0xe6))
  decoding.add(id(0xbc))
  t.equal(decoding.chars, 40_000)
  t.equal(decoding.cut(), 'a'.repeat(40_000) + '<0xE6><0xBC>')
  t.equal(decoding.end(), '')
})

t.test('a model with a denormalizer is not decoded in parts, and refused if its table is damaged', async t => {
  const tiny = readFileSync(fixture('tiny.model'))
  // ModelProto.denormalizer_spec (5), with a precompiled_charsmap (2)
  const rewriting = (charsmap: Buffer): string => put(
    temporaryFolder(t),
    'r.model',
    Buffer.concat([tiny, Buffer.of(5 << 3 | 2, 2 + charsmap.length, 2 << 3 | 2, charsmap.length), charsmap])
  )
  const units = Buffer.alloc(8)
  units.writeUInt32LE(4)
  t.match(await failure(loadDecoder(rewriting(Buffer.concat([units, Buffer.of(0)])))), {
    code: 'ERR_TOKENIZER',
    message: /r\.model: .*denormalizer_spec.*in parts.*loadTokenizer/
  })
  t.match(await failure(loadTokenizer(rewriting(Buffer.of(0)))), {
    code: 'ERR_TOKENIZER',
    message: /r\.model: the model can't be used: its precompiled_charsmap is damaged: it has 1 bytes/
  })
})

t.test('an id out of range has neither text nor name', async t => {
  const decoder = new Decoder(readModel(readFileSync(fixture('tiny.model')), 'tiny'), 'tiny.model')
  const refused = { code: 'ERR_TOKENIZER', message: 'tiny.model: cannot decode id 85, expected ids from 0 to 84' }
  t.throws(() => decoder.decode([3, 85]), refused)
  t.throws(() => decoder.name(85), refused)
})
