import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { sha256 } from '../../../lib/hash.ts'
import type { TrainProgress } from '../../../lib/trainer/train.ts'
import { type TrainedTokenizer, UnigramTrainer, trainUnigram } from '../../../lib/trainer/train-unigram.ts'
import { builtModule, fixture, howMany, isThorough } from '../../helpers.ts'
import { drawnLines, trainPlain } from './corpora.ts'

const lines = drawnLines()

/** The numbers of workers in another process; in `npm test` there is none, and two workers are in this one. */
const WORKERS = isThorough() ? [1, 2, 4] : []

/** The vocabulary includes 259 byte pieces and special pieces. */
const VOCAB_SIZE = howMany(400, 600)

/** The pieces in a `.vocab` file; that of spm_train is made by `test/fixtures/make_trained.py`. */
function scoresOf (vocab: string): Map<string, number> {
  return new Map(vocab.trimEnd().split('\n').map(line => line.split('\t')).map(([piece, score]) =>
    [piece!, Number(score)]))
}

t.test('the pieces and scores are those that spm_train learns', async t => {
  const theirs = scoresOf(gunzipSync(readFileSync(fixture('trained.vocab.gz'))).toString())
  const { vocab, pieces } = await trainUnigram([lines.join('\n')], { vocabSize: theirs.size })
  const ours = scoresOf(vocab)
  t.equal(ours.size, theirs.size)
  t.same([...ours].map(([piece]) => piece), pieces.map(({ piece }) => piece))
  const common = [...ours].filter(([piece]) => theirs.has(piece))
  t.ok(common.length / theirs.size > 0.99, `${common.length} of ${theirs.size}`)
  const off = common.map(([piece, score]) => Math.abs(score - theirs.get(piece)!))
  t.ok(off.reduce((sum, difference) => sum + difference) / off.length < 0.005, 'average score')
  t.ok(Math.max(...off) < 0.2, 'each score')
})

t.test('the bytes are the same with any number of workers, on each run, and in any chunks of lines', async t => {
  const count = howMany(150, 1000)
  const some = lines.slice(0, count)
  const options = { vocabSize: VOCAB_SIZE, byteFallback: true, normalizationRuleName: 'identity' } as const
  // Threads start ten times as fast in a process without tap.
  const program = `
    const [{ sha256 }, { drawnLines, trainPlain }] = await Promise.all(${JSON.stringify([
      'lib/hash', 'test/lib/trainer/corpora'
    ].map(builtModule))}.map(module => import(module)))
    const text = drawnLines().slice(0, ${count}).join('\\n')
    for (const workers of ${JSON.stringify(WORKERS)}) {
      const { model } = await trainPlain([text], { vocabSize: ${VOCAB_SIZE}, byteFallback: true, workers })
      console.log(sha256(model))
    }`
  const inThreads = WORKERS.length === 0
    ? { stdout: '' }
    : promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program]
    )
  const expected = await trainPlain([some.join('\n')], options)
  const check = ({ model, vocab, stats }: TrainedTokenizer, what: string): void => {
    t.ok(Buffer.from(model).equals(expected.model), what)
    t.equal(vocab, expected.vocab, what)
    t.same(stats, expected.stats, what)
  }
  check(await trainPlain([some.join('\n')], { ...options, workers: 2 }), 'two workers')
  async function * oneByOne (): AsyncGenerator<string> {
    for (const line of some) yield await Promise.resolve(line)
  }
  check(await trainPlain(oneByOne(), options), 'line by line')
  const trainer = new UnigramTrainer(options)
  for (const line of some) trainer.add(`${line}\n\n`)
  t.same(trainer.counts, { sentences: count, words: expected.stats.words })
  check(await trainer.train(), 'pushed')
  t.equal((await inThreads).stdout, `${sha256(expected.model)}\n`.repeat(WORKERS.length))
})

t.test('statistics and progress are reported', async t => {
  const events: TrainProgress[] = []
  const count = 400
  const vocabSize = howMany(250, 500)
  const text = lines.slice(0, count).join('\n')
  const many = Math.ceil(2 ** 20 / text.length)
  const { stats, pieces } = await trainPlain(Array.from({ length: 2 * many }, () => text), {
    vocabSize,
    onProgress: progress => { events.push(progress) }
  })
  const { sentences, words, characters, cutLines, seedPieces, rounds } = stats
  t.equal(sentences, 2 * count * many)
  t.equal(cutLines, 0)
  t.ok(seedPieces > rounds[0]!.pieces)
  t.equal(pieces.length, vocabSize)
  t.same(
    events.filter(({ phase }) => phase === 'read'),
    [
      { phase: 'read', sentences: count * many, words },
      { phase: 'read', sentences: 2 * count * many, words }
    ].slice(0, events.filter(({ phase }) => phase === 'read').length)
  )
  t.same(events.filter(({ phase }) => phase === 'seed'), [{ phase: 'seed', characters, words }])
  t.same(
    events.filter(({ phase }) => phase === 'train'),
    rounds.map((round, i) => ({ phase: 'train', round: i + 1, ...round }))
  )
  t.ok(rounds.every(({ pieces }, i) => i === 0 || pieces <= rounds[i - 1]!.pieces))
  t.ok(rounds[1]!.objective < rounds[0]!.objective)
  t.equal(rounds.length % 2, 0)
  const { stats: quick } = await trainPlain([text], { vocabSize, numSubIterations: 1, shrinkingFactor: 0.5 })
  t.ok(quick.rounds.length < rounds.length / 2)
})

t.test('errors of texts, of their reader and of the progress callback fail the training', async t => {
  let isClosed = false
  function * failing (): Generator<string> {
    try {
      yield 'a b'
      throw new Error('disk')
    } finally {
      isClosed = true
    }
  }
  await t.rejects(trainPlain(failing()), { message: 'disk' })
  t.ok(isClosed)
  const onProgress = (): never => { throw new Error('mine') }
  await t.rejects(trainPlain(lines, { vocabSize: 500, onProgress }), { message: 'mine' })
})
