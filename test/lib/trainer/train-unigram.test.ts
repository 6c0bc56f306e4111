import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from '../../tap.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { RULE_NAMES } from '../../../lib/sentencepiece/rule-names.ts'
import { charsmapOf } from '../../../lib/sentencepiece/rules.ts'
import { type Tokenizer, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import { type TrainedTokenizer, UnigramTrainer, trainUnigram } from '../../../lib/trainer/train-unigram.ts'
import { howMany, isThorough, temporaryFolder } from '../../helpers.ts'
import { randomNumbers } from '../../hub/misbehaviour.ts'
import { drawnLines, trainPlain } from './corpora.ts'

type Options = NonNullable<Parameters<typeof trainUnigram>[1]>

const lines = drawnLines().slice(0, 300)

/** Trains, and loads the result. */
async function trained (t: Test, options: Options, texts: Iterable<string> = lines): Promise<TrainedTokenizer & {
  readonly tokenizer: Tokenizer
  readonly tokens: (text: string) => string[]
}> {
  const result = await trainPlain(texts, { vocabSize: 400, ...options })
  const path = join(temporaryFolder(t), 'spm.model')
  writeFileSync(path, result.model)
  const tokenizer = await loadTokenizer(path)
  return { ...result, tokenizer, tokens: text => [...tokenizer.encode(text)].map(id => tokenizer.idToPiece(id)) }
}

t.test('training gives a model that encodes, with its training options', async t => {
  const { tokenizer, tokens, pieces, vocab, model } = await trained(
    t,
    { characterCoverage: 1, normalizationRuleName: 'nmt_nfkc' }
  )
  t.equal(tokenizer.vocabSize, 400)
  t.same([tokenizer.unkId, tokenizer.bosId, tokenizer.eosId, tokenizer.padId], [0, 1, 2, -1])
  t.same(lines.map(line => tokenizer.decode(tokenizer.encode(line))), lines.map(line => line.normalize('NFKC')))
  t.equal(tokens(lines[0]!).join(''), '\u2581' + lines[0]!.replaceAll(' ', '\u2581'))
  const read = readModel(model, 'it')
  t.same(read.pieces, pieces)
  t.ok(
    pieces.slice(3).every(({ score, type }, i) => type === 'normal' && (i === 0 || score <= pieces[i + 2]!.score)),
    'the best first'
  )
  t.match(read.trainer, {
    modelType: 'unigram',
    vocabSize: 400,
    characterCoverage: 1,
    splitByWhitespace: true,
    treatWhitespaceAsSuffix: false,
    byteFallback: false
  })
  t.match(read.normalizer, {
    name: 'nmt_nfkc',
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true
  })
  t.match(vocab, /^<unk>\t0\n<s>\t0\n<\/s>\t0\n(.+\t-\d+(\.\d+)?\n){397}$/)
  t.ok(vocab.split('\n').every(line => line.replace(/.*\t-?/, '').replace('.', '').replace(/^0+/, '').length <= 6))
})

t.test('byte pieces for unknown characters', async t => {
  const { tokenizer, tokens, pieces, model } = await trained(t, { byteFallback: true, vocabSize: 600 })
  t.same(pieces.slice(3, 259).map(({ type }) => type), Array.from({ length: 256 }, () => 'byte'))
  t.ok(readModel(model, 'it').trainer.byteFallback)
  t.same(tokens('😀').slice(-4), ['<0xF0>', '<0x9F>', '<0x98>', '<0x80>'])
  t.equal(tokenizer.decode(tokenizer.encode('a 😀')), 'a 😀')
})

t.test('user-defined symbols', async t => {
  const symbol = '[X]'
  const text = lines[0]!.replace(' ', symbol)
  const { tokens, pieces, tokenizer } = await trained(
    t,
    { userDefinedSymbols: [symbol, '<sep>', '<s>', 'two words'] },
    [...lines, text, text, text]
  )
  t.same(pieces.slice(0, 6).map(({ piece, type }) => [piece, type]), [
    ['<unk>', 'unknown'], ['<s>', 'user_defined'], ['</s>', 'control'], [symbol, 'user_defined'],
    ['<sep>', 'user_defined'], ['two words', 'user_defined']
  ])
  t.notOk(pieces.slice(6).some(({ piece }) => /[[X\]]/.test(piece)), 'the text of a symbol adds no pieces')
  t.ok(tokens(text).includes(symbol))
  t.ok(tokens('a<sep>b<s>').includes('<sep>'))
  t.ok(tokens('a<sep>b<s>').includes('<s>'))
  t.equal(tokenizer.bosId, -1)
  t.equal(new Set(pieces.map(({ piece }) => piece)).size, 400)
})

t.test('a symbol of a single character, and a symbol for the space', async t => {
  const { pieces } = await trained(t, { userDefinedSymbols: ['a', '\u2581'], vocabSize: 300 })
  t.notOk(pieces.slice(5).some(({ piece }) => piece.includes('a') || piece.includes('\u2581')))
})

t.test('pieces by other split rules', async t => {
  const several = (pieces: TrainedTokenizer['pieces'], pattern: RegExp): boolean =>
    pieces.slice(3).some(({ piece }) => pattern.test(piece))
  const numbers = Array.from(
    { length: 300 },
    (_, i) => `a${i % 10}b${i % 3} in ${1990 + i % 30} of the${'xyz'[i % 3]!}`
  )
  t.ok(several((await trained(t, { vocabSize: 150, hardVocabLimit: false }, numbers)).pieces, /\d\d/))
  t.notOk(several(
    (await trained(t, { vocabSize: 150, hardVocabLimit: false, splitDigits: true }, numbers)).pieces,
    /\d./
  ))
  t.notOk(several((await trained(t, { vocabSize: 150, hardVocabLimit: false }, numbers)).pieces, /[a-z]\d/))
  t.ok(several(
    (await trained(t, { vocabSize: 150, hardVocabLimit: false, splitByNumber: false }, numbers)).pieces,
    /[a-z]\d/
  ))
  const short = await trained(t, { maxSentencepieceLength: 3 })
  t.equal(Math.max(...short.pieces.slice(3).map(({ piece }) => [...piece].length)), 3)
  const wide = await trained(t, { splitByWhitespace: false, vocabSize: 150, hardVocabLimit: false }, numbers)
  t.ok(several(wide.pieces, /.\u2581./))
  t.notOk(several(wide.pieces, /.\u2581$/), 'no piece ends with a space')
  t.notOk(readModel(wide.model, 'it').trainer.splitByWhitespace)
  const mixed = Array.from({ length: 100 }, (_, i) => `abв ${'xyzw'[i % 4]!}abв`)
  t.notOk(several((await trained(t, { vocabSize: 20, hardVocabLimit: false }, mixed)).pieces, /bв/))
  t.ok(several(
    (await trained(t, { vocabSize: 20, hardVocabLimit: false, splitByUnicodeScript: false }, mixed)).pieces,
    /bв/
  ))
})

t.test('text is normalized by the given rule', async t => {
  const texts = Array.from({ length: 50 }, (_, i) => `Ａbc ﬁne  TEXT ${i % 7}`)
  const upper: Record<string, boolean> = {
    nmt_nfkc: true,
    nfkc: true,
    identity: true,
    nmt_nfkc_cf: false,
    nfkc_cf: false
  }
  for (const name of isThorough() ? RULE_NAMES : ['nmt_nfkc', 'identity'] as const) {
    const { model, pieces, tokenizer } = await trained(
      t,
      { normalizationRuleName: name, vocabSize: 40, hardVocabLimit: false },
      texts
    )
    const { normalizer } = readModel(model, 'it')
    t.equal(normalizer.name, name)
    t.ok(Buffer.from(normalizer.precompiledCharsmap).equals(charsmapOf(name)))
    const all = pieces.slice(3).map(({ piece }) => piece).join('')
    t.equal(all.includes('T'), upper[name], name)
    t.equal(all.includes('ﬁ'), name === 'identity', name)
    t.equal(tokenizer.decode(tokenizer.encode('TEXT')), upper[name] === true ? 'TEXT' : 'text')
  }
})

t.test('spaces are handled as the options state', async t => {
  const texts = ['  ab  ab b', 'ab a ', ' b']
  const options = { vocabSize: 20, hardVocabLimit: false, normalizationRuleName: 'identity' } as const
  const counts = async (changes: Options): Promise<string> => {
    const { stats: { words, sentences }, model, tokenizer } = await trained(t, { ...options, ...changes }, texts)
    const { normalizer: { addDummyPrefix, removeExtraWhitespaces } } = readModel(model, 'it')
    t.equal(addDummyPrefix, changes.addDummyPrefix ?? true)
    t.equal(removeExtraWhitespaces, changes.removeExtraWhitespaces ?? true)
    return `${sentences} ${words} ${tokenizer.encode('  ab').length > 0}`
  }
  t.equal(await counts({}), '3 3 true') // _ab _b _a
  t.equal(await counts({ addDummyPrefix: false }), '3 5 true') // ab _ab _b _a b
  t.equal(await counts({ removeExtraWhitespaces: false }), '3 4 true') // and _
})

t.test('lines are sampled', async t => {
  const train = async (seed: number, inputSentenceSize = 100): Promise<TrainedTokenizer> =>
    await trainPlain([lines.slice(0, 150).join('\n'), '\n\n', lines.slice(150).join('\n')], {
      vocabSize: 250,
      hardVocabLimit: false,
      inputSentenceSize,
      seed
    })
  const one = await train(1)
  t.equal(one.stats.sentences, 100)
  t.ok(Buffer.from((await train(1)).model).equals(one.model), 'the same on each run')
  t.not((await train(2)).vocab, one.vocab, 'another seed gives another sample')
  const all = await train(3, 1000)
  t.equal(all.stats.sentences, 300)
  t.equal(all.vocab, (await train(1, 0)).vocab)
  const trainer = new UnigramTrainer({
    normalizationRuleName: 'identity',
    inputSentenceSize: 2,
    vocabSize: 10,
    hardVocabLimit: false
  })
  trainer.add('a b\na')
  t.same(trainer.counts, { sentences: 0, words: 0 })
})

t.test('many sampled lines are read with pauses', async t => {
  const text = (lines.join('\n') + '\n').repeat(Math.ceil(2 ** 20 / lines.join('\n').length))
  const phases: string[] = []
  await trainPlain([text], {
    vocabSize: 400,
    inputSentenceSize: 1_000_000,
    onProgress: ({ phase }) => { phases.push(phase) }
  })
  const reads = phases.indexOf('seed')
  t.ok(reads >= 2, 'of the text, and of its lines')
  t.ok(phases.slice(0, reads).every(phase => phase === 'read'))
  const controller = new AbortController()
  const trainer = new UnigramTrainer({ normalizationRuleName: 'identity', inputSentenceSize: 1_000_000 })
  trainer.add(text)
  const onProgress = (): void => { controller.abort() }
  await t.rejects(trainer.train({ signal: controller.signal, onProgress }), { code: 'ERR_ABORTED' })
})

t.test('scores near zero are written as in C++', async t => {
  const { vocab, pieces } = await trainPlain(['a'.repeat(4000)], {
    vocabSize: 5,
    hardVocabLimit: false,
    maxSentencepieceLength: 1,
    addDummyPrefix: false,
    characterCoverage: 0.9
  })
  t.same(pieces.map(({ piece }) => piece).slice(3), ['a'])
  t.match(vocab, /\na\t0\n$/)
  const rare = await trainPlain([`${'a'.repeat(4000)}\n`.repeat(10) + 'b'], {
    vocabSize: 6,
    maxSentencepieceLength: 1,
    addDummyPrefix: false,
    hardVocabLimit: false,
    characterCoverage: 1
  })
  t.match(rare.vocab, /\na\t-\d(\.\d+)?e-05\nb\t-/)
})

t.test('long runs of junk add no pieces', async t => {
  const random = randomNumbers(3)
  const hex = Array.from({ length: howMany(25_000, 700_000) }, () => Math.floor(random() * 16).toString(16)).join('')
  const texts = [...lines.slice(0, 150), hex, `${lines[150]!}\n${hex.slice(0, 300)}`, ...lines.slice(151)]
  const options = { vocabSize: 400, normalizationRuleName: 'nmt_nfkc' } as const
  const without = await trainUnigram(lines, options)
  const withJunk = await trainUnigram(texts, options)
  const all = await trainUnigram(texts.map(text => text.slice(0, 20_000)), { ...options, maxRunChars: 0 })
  t.equal(Buffer.compare(without.model, withJunk.model), 0)
  t.match(
    [without.stats, withJunk.stats],
    [{ longRuns: 0, longRunCharacters: 0 }, { longRuns: 2, longRunCharacters: howMany(25_300, 700_300) }]
  )
  t.not(Buffer.compare(without.model, all.model), 0, 'with the option off, all text is learned from')
  t.same(all.stats.longRuns, 0)
})
