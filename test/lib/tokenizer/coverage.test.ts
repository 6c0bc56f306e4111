import fc from 'fast-check'
import { t } from '../../tap.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import {
  type ComparedCoverage, type Coverage, EncodedWords, CoverageMeter, compareCoverage, coverageOf, measureCoverage
} from '../../../lib/tokenizer/coverage.ts'
import { answers, failure, fixture, codePoint, howMany } from '../../helpers.ts'

const tiny = await loadTokenizer(fixture('tiny.model'))
const bytes = await loadTokenizer(fixture('bytes.model'))
const bpe = await loadTokenizer(fixture('bpe.model'))

/** Whether a character is white space in Python. */
const white = new Set(answers().white_space)

/** A simple count: character by character, each word encoded again. */
function naive (texts: readonly string[], { encode, unkId }: Pick<typeof tiny, 'encode' | 'unkId'>): Coverage {
  const points = texts.flatMap(text => [...text, ' '])
  const words: string[] = []
  let word = ''
  for (const point of points) {
    if (!white.has(point.codePointAt(0)!)) word += point
    else if (word !== '') {
      words.push(word)
      word = ''
    }
  }
  const encoded = words.map(word => [...encode(word)])
  const tokens = encoded.flat()
  const single = encoded.filter(ids => ids.length === 1).length
  const two = encoded.filter(ids => ids.length <= 2).length
  const unknown = tokens.filter(id => id === unkId).length
  const characters = points.length - texts.length
  return {
    documents: texts.length,
    characters,
    words: words.length,
    tokens: tokens.length,
    unknown_tokens: unknown,
    single_token_words: single,
    two_or_fewer_token_words: two,
    tokens_per_word: tokens.length / words.length,
    tokens_per_character: tokens.length / characters,
    single_token_share: single / words.length,
    two_or_fewer_share: two / words.length,
    unknown_share: tokens.length === 0 ? 0 : unknown / tokens.length
  }
}

t.test('figures equal those of a naive count, for each kind of model', async t => {
  const texts = [
    ...answers().records.flatMap(({ text }) => text ?? []), '', ' \n', 'The gate\u00a0is\x1copen', 'a\ufeffb',
    '🌊 水 水\u3000水'
  ]
  for (const tokenizer of [tiny, bytes, bpe]) {
    t.strictSame(await measureCoverage(texts, tokenizer), naive(texts, tokenizer))
  }
  t.ok((await measureCoverage(texts, tiny)).unknown_tokens > 0)
  t.equal((await measureCoverage(texts, bytes)).unknown_tokens, 0, 'a model with byte pieces knows all characters')
})

t.test('figures equal those of a naive count, for any text', async t => {
  const text = fc.array(fc.oneof(fc.constantFrom('the', 'water', ...answers().white_space.map(point =>
    String.fromCodePoint(point))), fc.string({ unit: codePoint }))).map(parts => parts.join(''))
  await fc.assert(fc.asyncProperty(fc.array(text), async texts => {
    const all = ['gate', ...texts]
    t.strictSame(await measureCoverage(all, tiny), naive(all, tiny))
  }), { numRuns: howMany(5, 50) })
})

t.test('each word is encoded once while the cache has space', async t => {
  const encoded: string[] = []
  const words = new EncodedWords({ ...tiny, append: (word, ids) => { encoded.push(word); tiny.append(word, ids) } }, 3)
  const meter = new CoverageMeter(words)
  const longest = 'w'.repeat(64)
  meter.add(`gate gate ${longest} water ${longest} gate`)
  t.strictSame(encoded.splice(0), ['gate', longest, 'water'])
  meter.add(`over gate ${longest}w ${longest}w over`)
  t.strictSame(encoded, ['over', 'gate', `${longest}w`, `${longest}w`],
    'the fourth word evicts three; words that are too long are not cached')
  t.equal(meter.counts.words, 11)
})

t.test('a word that normalization removes has at most two tokens', async t => {
  const nothing = { unkId: 0, append: () => {} }
  t.match(await measureCoverage(['a b'], nothing), {
    words: 2, tokens: 0, single_token_share: 0, two_or_fewer_share: 1, unknown_share: 0
  })
})

t.test('the sums of parts equal the whole', async t => {
  const parts = ['The gate is open.', 'Two barges pass 水.', ''].map(text => {
    const meter = new CoverageMeter(new EncodedWords(tiny))
    meter.add(text)
    return meter.counts
  })
  t.strictSame(coverageOf(parts), naive(['The gate is open.', 'Two barges pass 水.', ''], tiny))
})

t.test('a text without words is an error', async t => {
  t.match(await failure(measureCoverage([], tiny)), {
    code: 'ERR_COVERAGE', exitCode: 1, message: 'coverage: no word in 0 documents, expected at least one'
  })
  t.match(await failure(measureCoverage(['', ' \t\x85'], tiny)), {
    code: 'ERR_COVERAGE', message: /no word in 2 documents/
  })
})

t.test('async texts are read, and a signal stops them', async t => {
  const stop = new AbortController()
  let given = 0
  async function * texts (): AsyncGenerator<string> {
    try {
      for (;;) {
        if (++given === 3) stop.abort()
        yield 'gate'
      }
    } finally {
      given = -given // the iterator of the texts is closed
    }
  }
  t.match(
    await failure(measureCoverage(texts(), tiny, { signal: stop.signal })), { code: 'ERR_ABORTED', exitCode: 130 }
  )
  t.equal(given, -3)
})

t.test('synchronous texts let a signal be handled', async t => {
  const stop = new AbortController()
  setImmediate(() => { stop.abort() })
  const text = ' '.repeat(1e6)
  let given = 0
  function * texts (): Generator<string> {
    for (; given < 1000; given++) yield text
  }
  t.match(await failure(measureCoverage(texts(), tiny, { signal: stop.signal })), { code: 'ERR_ABORTED' })
  t.ok(given < 20, `stopped after ${given}`)
})

const before: ComparedCoverage = { tokens_per_word: 1.3, single_token_share: 0.7, two_or_fewer_share: 0.9 }

t.test('a figure exactly at its tolerance passes, and one beyond it fails alone', async t => {
  const edge: ComparedCoverage = { tokens_per_word: 1.35, single_token_share: 0.68, two_or_fewer_share: 0.88 }
  t.ok(1.35 - 1.3 > 0.05 && 0.7 - 0.68 < 0.02, 'on either side of the limit in double precision')
  const { passed, differences } = compareCoverage(edge, before)
  t.equal(passed, true)
  t.match(differences, [
    { figure: 'tokens_per_word', current: 1.35, baseline: 1.3, tolerance: 0.05, passed: true },
    { figure: 'single_token_share', current: 0.68, baseline: 0.7, tolerance: 0.02, passed: true },
    { figure: 'two_or_fewer_share', current: 0.88, baseline: 0.9, tolerance: 0.02, passed: true }
  ])
  for (const [index, worse] of [
    { tokens_per_word: 1.350001 }, { single_token_share: 0.679999 }, { two_or_fewer_share: 0.879999 }
  ].entries()) {
    const { passed, differences } = compareCoverage({ ...edge, ...worse }, before)
    t.equal(passed, false)
    t.strictSame(differences.map(({ passed }) => passed), [0, 1, 2].map(at => at !== index))
  }
  for (let i = 0; i <= 200; i++) {
    t.ok(compareCoverage({ ...before, tokens_per_word: (100 + i + 5) / 100 }, {
      ...before, tokens_per_word: (100 + i) / 100
    }).passed, `${100 + i} hundredths`)
  }
})

t.test('any better figure passes; other tolerances are used; an invalid figure fails', async t => {
  t.ok(compareCoverage(
    { tokens_per_word: 1, single_token_share: 1, two_or_fewer_share: 1 }, before,
    { maxTokensPerWordIncrease: 0, maxSingleTokenDecrease: 0, maxTwoOrFewerDecrease: 0 }
  ).passed)
  t.ok(compareCoverage(before, before, {
    maxTokensPerWordIncrease: 0, maxSingleTokenDecrease: 0, maxTwoOrFewerDecrease: 0
  }).passed)
  t.notOk(compareCoverage({ ...before, tokens_per_word: 1.31 }, before, { maxTokensPerWordIncrease: 0 }).passed)
  t.ok(compareCoverage({ ...before, tokens_per_word: 1.8 }, before, { maxTokensPerWordIncrease: 0.5 }).passed)
  t.notOk(compareCoverage({ ...before, single_token_share: NaN }, before).passed)
  for (const tolerance of [-0.1, NaN, '0.1']) {
    t.throws(
      () => compareCoverage(before, before, { maxTwoOrFewerDecrease: tolerance as number }),
      { code: 'ERR_OPTION', message: /^compareCoverage\.maxTwoOrFewerDecrease: expected/ }
    )
  }
})
