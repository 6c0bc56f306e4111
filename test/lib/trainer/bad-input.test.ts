import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { type TrainedTokenizer, UnigramTrainer, type trainUnigram } from '../../../lib/trainer/train-unigram.ts'
import { failure, howMany } from '../../helpers.ts'
import { Draw, drawnLines, trainPlain } from './corpora.ts'

type Options = NonNullable<Parameters<typeof trainUnigram>[1]>

const lines = drawnLines().slice(0, howMany(30, 60))

/** Every piece of a model has a finite score and occurs once: otherwise no reader would load it. */
function judged (result: TrainedTokenizer): TrainedTokenizer {
  readModel(result.model, 'it')
  return result
}

async function most (texts: readonly string[], options: Options): Promise<number> {
  const error = await failure(trainPlain(texts, options))
  return error instanceof SluiceError && error.code === 'ERR_OPTION'
    ? Number(/; use (\d+)/.exec(error.message)?.[1])
    : NaN
}

t.test('a vocabulary that is too large for the text is refused with the possible size', async t => {
  const size = await most(lines, { vocabSize: 100_000 })
  t.ok(size > 100 && size < 10_000)
  t.equal(judged(await trainPlain(lines, { vocabSize: size })).pieces.length, size, 'the size in the error is possible')
  t.equal(await most(lines, { vocabSize: size + 1 }), size, 'one more is not possible')
  t.equal(judged(await trainPlain(lines, { vocabSize: 100_000, hardVocabLimit: false })).pieces.length, size)
  await t.rejects(
    trainPlain(lines, { vocabSize: 100_000 }),
    {
      message: `train.vocabSize: the text has at most ${size} pieces, expected 100000; ` +
        `use ${size}, or allow fewer without \`hardVocabLimit\``
    }
  )
})

t.test('too little text: pruning leaves fewer pieces than requested', async t => {
  const letters = ['a'.repeat(4000)]
  const size = await most(letters, { vocabSize: 14 })
  t.ok(size > 14)
  await t.rejects(trainPlain(letters, { vocabSize: 14 }), {
    code: 'ERR_OPTION',
    message: /^train\.vocabSize: \d+ of the text's \d+ pieces are left after pruning, expected 14; /
  })
  t.equal(judged(await trainPlain(letters, { vocabSize: size })).pieces.length, size)
  t.equal(await most(letters, { vocabSize: size + 1 }), size)
})

t.test('the size in the error is possible for random texts', async t => {
  const draw = new Draw(10)
  for (let i = 0; i < howMany(3, 25); i++) {
    const text = draw.text([...draw.of(['a', 'ab', 'ab ', 'aя1 \n', 'あア漢ー 1', 'a\u2585\t '])], 1 + draw.below(60)) + 'a'
    const options = {
      characterCoverage: 1, addDummyPrefix: draw.below(2) === 0, splitByWhitespace: draw.below(2) === 0
    } as const
    const size = await most([text], { ...options, vocabSize: 1000 })
    t.equal(judged(await trainPlain([text], { ...options, vocabSize: size })).pieces.length, size, JSON.stringify(text))
  }
})

t.test('a vocabulary smaller than the number of characters', async t => {
  await t.rejects(trainPlain(['abcdefg'], { vocabSize: 10 }), {
    code: 'ERR_OPTION',
    message: 'train.vocabSize: expected at least 11, for 8 characters and 3 special pieces, got 10; ' +
      'a smaller `characterCoverage` keeps fewer characters'
  })
  await t.rejects(trainPlain(['abcdefg'], { vocabSize: 10, hardVocabLimit: false }), { code: 'ERR_OPTION' })
  t.equal(judged(await trainPlain(['abcdefg'], { vocabSize: 11 })).pieces.length, 11)
})

t.test('no text', async t => {
  for (const texts of [[], [''], ['', '\n', ' \n  \n', '\u200b\ufeff']]) {
    await t.rejects(
      trainPlain(texts, { normalizationRuleName: texts.length > 1 ? 'nmt_nfkc' : 'identity' }),
      { code: 'ERR_OPTION', message: 'training: the texts have no character to learn from' },
      JSON.stringify(texts)
    )
  }
  for (const text of ['\0', '\u2585', '\t\0\u2585\t']) {
    await t.rejects(
      trainPlain([text], { addDummyPrefix: false }),
      { code: 'ERR_OPTION', message: 'training: the texts have no character that can be a piece' },
      JSON.stringify(text)
    )
  }
})

t.test('only symbols', async t => {
  await t.rejects(
    trainPlain(['<s><s>'], { addDummyPrefix: false }),
    { message: 'training: the texts have no character that can be a piece' }
  )
})

t.test('characters that can\'t be pieces', async t => {
  const texts = ['ab\u2585ab a\0b \t ab\ud800 \udc00ab\u2581ab']
  for (const normalizationRuleName of ['nmt_nfkc', 'identity'] as const) {
    const { pieces } = judged(await trainPlain(texts, {
      vocabSize: 30,
      hardVocabLimit: false,
      normalizationRuleName,
      characterCoverage: 1
    }))
    const characters = new Set(pieces.slice(3).flatMap(({ piece }) => [...piece]))
    t.same(
      [...characters].sort(),
      normalizationRuleName === 'identity' ? ['a', 'b', '\u2581', '\ufffd'] : ['a', 'b', '\u2581']
    )
  }
})

t.test('unknown scripts, and scripts without spaces', async t => {
  const draw = new Draw(11)
  for (const from of [0x1e900, 0x4e00, 0x10fffd - 30, 0x16fe0, 0xe01].slice(0, howMany(2, 5))) {
    const characters = Array.from({ length: 30 }, (_, i) => String.fromCodePoint(from + i))
    const texts = Array.from({ length: 100 }, () => draw.text(characters, 20))
    const { pieces } = judged(await trainPlain(texts, { vocabSize: 60 }))
    t.equal(pieces.length, 60)
    t.ok(pieces.some(({ piece }) => [...piece].length > 1), from.toString(16))
  }
})

t.test('a single line without a line end', async t => {
  const draw = new Draw(12)
  const texts = {
    'of one letter': 'a'.repeat(howMany(50_000, 1_000_000)),
    'of a few letters': 'ab'.repeat(howMany(30_000, 500_000)),
    'without spaces': draw.text([...'abcdefghijklmnop'], howMany(20_000, 200_000))
  }
  for (const [what, text] of Object.entries(texts)) {
    const start = performance.now()
    const { stats } = judged(await trainPlain([text], {
      vocabSize: what === 'without spaces' ? 5000 : 10,
      hardVocabLimit: false,
      seedSentencepieceSize: 20_000
    }))
    t.ok(performance.now() - start < 20_000, what)
    t.equal(stats.cutLines, 1)
    t.equal(stats.sentences, Math.ceil(text.length / 4192))
  }
})

t.test('invalid options', t => {
  const wrong: ReadonlyArray<readonly [Options, RegExp]> = [
    [{ characterCoverage: 0 }, /^train\.characterCoverage: expected more than 0, got 0$/],
    [{ characterCoverage: 1.5 }, /^train\.characterCoverage: expected at most 1, got 1\.5$/],
    [{ characterCoverage: NaN }, /^train\.characterCoverage: expected a number/],
    [{ vocabSize: 0 }, /^train\.vocabSize: expected at least 1/],
    [{ vocabSize: 3 }, /^train\.vocabSize: expected more than the 3 special pieces/],
    [{ vocabSize: 200, byteFallback: true }, /^train\.vocabSize: expected more than the 259 special pieces/],
    [{ userDefinedSymbols: ['x', 'x'] }, /^train\.userDefinedSymbols: expected different symbols, got x twice$/],
    [{ userDefinedSymbols: [''] }, /^train\.userDefinedSymbols/],
    [{ userDefinedSymbols: ['\ud800'] }, /^train\.userDefinedSymbols.*half a character$/],
    [{ maxSentencepieceLength: 513 }, /^train\.maxSentencepieceLength/],
    [{ seedSentencepieceSize: 2 ** 22 }, /^train\.seedSentencepieceSize/],
    [{ shrinkingFactor: 1 }, /^train\.shrinkingFactor/],
    [{ normalizationRuleName: 'nfd' } as unknown as Options, /^train\.normalizationRuleName: expected "nmt_nfkc"/],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => new UnigramTrainer(options), { code: 'ERR_OPTION', message }, JSON.stringify(options))
  }
  t.end()
})
