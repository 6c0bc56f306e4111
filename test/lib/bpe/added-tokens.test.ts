/** Added tokens in texts, against Hugging Face's tokenizers. */
import { bpeEncoder, plainBpeEncoder } from '../../../lib/bpe/encoder.ts'
import { cutterOf } from '../../../lib/bpe/added-tokens.ts'
import type { AddedToken } from '../../../lib/bpe/model.ts'
import { readTokenizerJson } from '../../../lib/bpe/read-tokenizer-json.ts'
import { t } from '../../tap.ts'
import { idsOf, modelOf, tokenizerFile, unpacked } from './fixtures.ts'

interface Recorded {
  readonly file: string
  readonly texts: readonly string[]
  readonly text: readonly number[][]
  readonly token: readonly number[][]
}

t.test('tokens of all kinds, with each normalizer, are found as tokenizers finds them', async t => {
  const wrong: string[] = []
  let checked = 0
  for (const [number, { file, texts, ...answers }] of (unpacked('added') as Recorded[]).entries()) {
    const model = readTokenizerJson(Buffer.from(file), 'added.json')
    for (const [specialTokens, expected] of [['text', answers.text], ['encode', answers.token]] as const) {
      const encoder = plainBpeEncoder(model, specialTokens)
      for (const [i, text] of texts.entries()) {
        const ids = idsOf(encoder, text).join()
        if (ids !== expected[i]!.join()) wrong.push(`${number}, ${specialTokens}: ${text}: ${ids}`)
        checked++
      }
    }
  }
  t.equal(checked, 7200)
  t.strictSame(wrong, [])
})

const LLAMA = modelOf('llama3')
const SPECIAL = 'a<|end_of_text|> b'

t.test('special tokens in a text are text unless tokens are requested', async t => {
  const eosId = LLAMA.added.find(({ content }) => content === '<|end_of_text|>')!.id
  t.equal(LLAMA.added.length, 256)
  t.notOk(idsOf(bpeEncoder(LLAMA, 'text'), SPECIAL).includes(eosId))
  const ids = idsOf(bpeEncoder(LLAMA, 'encode'), SPECIAL)
  t.strictSame(ids.filter(id => id >= LLAMA.vocabulary.size), [eosId])
})

t.test('a special token is refused with its name and place', async t => {
  const encoder = plainBpeEncoder(LLAMA, 'refuse')
  t.throws(() => idsOf(encoder, SPECIAL), {
    code: 'ERR_DOCUMENT',
    message: 'the text has the special token "<|end_of_text|>" at offset 1; ' +
      'remove it from the text, or encode special tokens as text or as tokens (--special-tokens text or encode)'
  })
  t.ok(idsOf(encoder, 'a<|end_of_tex|> b').length > 0)
})

t.test('the place of a token that is looked for in normalized text is not in the message', async t => {
  const file = tokenizerFile()
  file.normalizer = { type: 'Prepend', prepend: '___' }
  file.added_tokens = [{ id: Object.keys(file.model.vocab).length, content: '<ab>', special: true, normalized: true }]
  const encoder = plainBpeEncoder(modelOf('changed', { file }), 'refuse')
  t.throws(() => idsOf(encoder, '<ab>'), { message: /the special token "___<ab>"; remove it/ })
})

t.test('an added token that is not special is always a token', async t => {
  const model = modelOf('qwen3')
  const think = model.added.find(({ content }) => content === '<think>')!.id
  for (const specialTokens of ['text', 'encode', 'refuse'] as const) {
    const ids = idsOf(bpeEncoder(model, specialTokens), 'a<think>b')
    t.strictSame([ids.length, ids[1]], [3, think], specialTokens)
  }
})

t.test('nothing is searched for if no token can be found', async t => {
  const token: AddedToken = {
    content: '<s>', id: 1, special: true, lstrip: false, rstrip: false, singleWord: false, normalized: false
  }
  t.equal(cutterOf([], 'encode'), undefined)
  t.equal(cutterOf([token], 'text'), undefined)
  t.strictSame(cutterOf([token], 'encode')!('a<s>b'), ['a', 1, 'b'])
  t.strictSame(cutterOf([token], 'encode')!(''), [''])
})

t.test('a hundred thousand tokens are found without delay', async t => {
  const tokens = Array.from({ length: 100_000 }, (_, id): AddedToken => ({
    content: `<tok_${id}`, id, special: false, lstrip: false, rstrip: false, singleWord: false, normalized: false
  }))
  const start = performance.now()
  const cut = cutterOf(tokens, 'text')!
  t.strictSame(cut('a<tok_12<tok_99999 <tok_1000000<tok_<to'), ['a', 12, 99_999, ' ', 10_000, '00<tok_<to'])
  t.ok(performance.now() - start < 2000)
})

t.test('spaces that are tokens, and strip the spaces after them, take time in proportion to the text', async t => {
  const token: AddedToken = {
    content: ' ', id: 1, special: false, lstrip: false, rstrip: true, singleWord: false, normalized: false
  }
  const start = performance.now()
  t.equal(cutterOf([token], 'text')!(' '.repeat(200_000)).length, 200_000)
  t.ok(performance.now() - start < 2000)
})

t.test('a token that strips takes time in proportion to the text', async t => {
  const token: AddedToken = {
    content: '<s>', id: 1, special: false, lstrip: true, rstrip: true, singleWord: false, normalized: false
  }
  const text = `${' '.repeat(1000)}<s>`.repeat(1000)
  const start = performance.now()
  t.equal(cutterOf([token], 'text')!(text).length, 1000)
  t.ok(performance.now() - start < 2000)
})
