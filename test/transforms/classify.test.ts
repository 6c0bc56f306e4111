import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { readFastText } from '../../lib/fasttext/model.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { type ClassifyOptions, classify, classifyOptions, classifyWork } from '../../transforms/classify.ts'
import { doc, failure, through } from '../helpers.ts'
import { TEXTS, answersOf, modelPath } from '../lib/fasttext/fixtures.ts'

/** The best label of texts, and its probability, by the command. */
const ANSWERS = answersOf('hs.bin').map(([best]) => best!)
const DOCUMENTS = TEXTS.map((text, i) => doc(`t${i}`, text)).filter((_, i) => ANSWERS[i]!.label === '__label__de')
const SCORES = ANSWERS.filter(({ label }) => label === '__label__de').map(({ probability }) => probability)
const model = modelPath('hs.bin')

async function kept (options: Omit<ClassifyOptions, 'model'>): Promise<{
  ids: string[]
  dropped: Record<string, number>
}> {
  const stage = classify({ model, ...options })
  const ids = (await through<Document>(DOCUMENTS, stage)).map(({ id }) => id)
  return { ids, dropped: stage.stats.dropped }
}

t.test('documents are kept by the score of a label, between two limits', async t => {
  const sorted = SCORES.toSorted((a, b) => a - b)
  const gap = (from: number): number => { // a limit without a score near it
    const at = sorted.findIndex((score, i) => i >= from && sorted[i + 1]! - score > 1e-3)
    return (sorted[at]! + sorted[at + 1]!) / 2
  }
  const [min, max] = [gap(2), gap(Math.floor(sorted.length / 2))]
  const between = DOCUMENTS.filter((_, i) => SCORES[i]! >= min && SCORES[i]! <= max).map(({ id }) => id)
  const dropped = {
    low_score: SCORES.filter(score => score < min).length, high_score: SCORES.filter(score => score > max).length
  }
  t.ok(between.length > 3 && dropped.low_score > 0 && dropped.high_score > 0)
  for (const label of ['de', '__label__de']) {
    const result = await kept({ label, min, max })
    t.strictSame([result.ids, { ...result.dropped }], [between, dropped])
  }
  t.equal((await kept({ label: 'de', min })).ids.length, between.length + dropped.high_score)
})

t.test('the score is recorded in meta, under the given name', async t => {
  const shared = await readFastText(model)
  const options = classifyOptions.parse({ model: 'is not read', label: 'de', record: 'german' })
  const noted = await through<Document>(DOCUMENTS, new Stage(classifyWork(options, { loaded: shared })))
  t.equal(noted.length, DOCUMENTS.length)
  for (const [i, { meta }] of noted.entries()) t.ok(Math.abs(meta.german as number - SCORES[i]!) < 1e-4)
})

t.test('wrong options, an unknown label and a missing model are errors', async t => {
  t.throws(() => classify({ model, label: 'de' }), { code: 'ERR_OPTION', message: /expected `min`, `max` or `record`/ })
  t.throws(() => classify({ model, label: 'de', min: 0.5, max: 0.4 }), {
    code: 'ERR_OPTION', message: /min.*at most.*max/
  })
  t.throws(() => classify({ model, label: 'de', min: 80 }), {
    code: 'ERR_OPTION', message: /classify\.min: expected at most 1, got 80/
  })
  t.throws(() => classify({ label: 'de', min: 0.5 } as never), { code: 'ERR_OPTION', message: /classify\.model/ })
  t.match(await failure(kept({ label: 'dutch', min: 0.5 })), {
    code: 'ERR_OPTION', message: /hs\.bin: has no label "dutch"; it has __label__de, __label__ru/
  })
  t.match(
    await failure(through(DOCUMENTS, classify({ model: '/none/q.bin', label: 'hq', min: 0.5 }))),
    { code: 'ERR_MODEL', message: /\/none\/q\.bin: no such file/ }
  )
  const known = classifyWork(classifyOptions.parse({ model, label: 'de', min: 0.5 }), { sha256: 'ab'.repeat(32) })
  t.match(
    await failure(through(DOCUMENTS, new Stage(known))),
    {
      code: 'ERR_MODEL',
      message: /hs\.bin: was changed while it is in use: has SHA-256 \w{64}, expected (ab){32}; start again/
    }
  )
  t.match(await failure(through(DOCUMENTS, classify({ model: '/tmp', label: 'de', min: 0.5 }))), {
    code: 'ERR_MODEL', message: '/tmp: is a folder, expected a file: the .bin or .ftz file of a fastText classifier'
  })
})
