import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { FastTextClassifier, loadFastText } from '../../../lib/fasttext/classifier.ts'
import { MODELS, TEXTS, answersOf, difference, modelPath } from './fixtures.ts'
import { howMany, isThorough, put, temporaryFolder } from '../../helpers.ts'

/** Memory of the word table: large, too small for most words, less than a table needs, none. */
const TABLES = [undefined, 2048, 0, 100, 4096]

t.test('a word of several megabytes is one word', async t => {
  for (const name of MODELS.slice(0, howMany(1, MODELS.length))) {
    const classifier = await loadFastText(modelPath(name))
    const plain = await loadFastText(modelPath(name), { kernel: false })
    const text = `the ${'a'.repeat(1_000_000)} mill`
    t.equal(difference(classifier.predict(text, 2), plain.predict(text, 2)), undefined, name)
  }
})

t.test('every kind of model predicts as the fasttext command does', async t => {
  for (const [i, model] of MODELS.entries()) {
    const { shared } = await loadFastText(modelPath(model))
    const expected = answersOf(model)
    for (const tableBytes of isThorough() ? TABLES : [TABLES[i % 2]]) {
      const classifier = FastTextClassifier.from(shared, tableBytes === undefined ? {} : { tableBytes })
      const wrong = TEXTS.flatMap((text, i) => {
        const found = difference(classifier.predict(text, 2), expected[i]!)
        return found === undefined ? [] : [`${JSON.stringify(text.slice(0, 50))}: ${found}`]
      })
      t.strictSame(wrong.slice(0, 3), [], `${model}, a table of ${tableBytes} bytes`)
    }
  }
})

t.test('the probability of a single label is that of its prediction', async t => {
  for (const model of MODELS) {
    const classifier = await loadFastText(modelPath(model))
    for (const text of TEXTS.slice(-10)) {
      for (const { label, probability } of classifier.predict(text, 3)) {
        t.ok(Math.abs(classifier.probability(text, label) - probability) < 1e-6, `${model}: ${label}`)
      }
    }
  }
})

t.test('all labels can be returned, the best first', async t => {
  const classifier = await softmax()
  const { labels } = classifier
  t.equal(labels.length, 9)
  const all = classifier.predict(TEXTS.at(-1)!, 100)
  t.strictSame(all.map(({ label }) => label).sort(), [...labels].sort())
  t.ok(all.every(({ probability }, i) => i === 0 || probability <= all[i - 1]!.probability))
  t.ok(Math.abs(all.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-3)
})

t.test('an empty text has the label of the line end, or none if the model has no token for it', async t => {
  const classifier = await loadFastText(modelPath('softmax-words.bin'))
  const unknowing = await loadFastText(modelPath('no-end.bin'))
  for (const text of ['', ' ', '\n\n', '\0', '\t\r\v\f']) {
    t.strictSame(classifier.predict(text), classifier.predict(''), JSON.stringify(text))
    t.strictSame(unknowing.predict(text, 2), [])
    t.equal(unknowing.probability(text, '__label__en'), 0)
  }
})

t.test('a text counts as one line, and a token </s> ends it', async t => {
  const classifier = await loadFastText(modelPath('softmax-words.bin'))
  const [one, two] = TEXTS.slice(-2) as [string, string]
  t.strictSame(classifier.predict(`${one}\n${two}`, 3), classifier.predict(`${one} ${two}`, 3))
  t.strictSame(classifier.predict(`${one} </s> ${two}`, 3), classifier.predict(one, 3))
  t.strictNotSame(classifier.predict(`${one} ${two}`, 3), classifier.predict(one, 3))
})

t.test('threads share the memory of a model', async t => {
  const classifier = await loadFastText(modelPath('hs.bin'))
  t.type(classifier.shared.memory.buffer, SharedArrayBuffer)
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(classifier.shared)
  const received = await new Promise<typeof classifier.shared>(resolve => { port2.once('message', resolve) })
  port1.close()
  new Uint8Array(received.memory.buffer)[0] = 7
  t.equal(new Uint8Array(classifier.shared.memory.buffer)[0], 7, 'both have the same memory')
  t.strictSame(FastTextClassifier.from(received).predict(TEXTS.at(-1)!), classifier.predict(TEXTS.at(-1)!))
})

t.test('invalid arguments are refused', async t => {
  const classifier = await softmax()
  for (const k of [0, -1, 1.5, NaN]) {
    t.throws(() => classifier.predict('a', k), {
      code: 'ERR_OPTION',
      message: /k: expected an integer of at least 1/
    })
  }
  t.throws(() => classifier.probability('a', 'en'), {
    code: 'ERR_OPTION',
    message: /softmax-words\.bin: has no label "en"; it has .*__label__en/
  })
})

t.test('an abort signal stops the loading', async t => {
  await t.rejects(loadFastText(modelPath('hs.bin'), { signal: AbortSignal.abort() }), { code: 'ERR_ABORTED' })
})

t.test('a missing file and a file that is no model are refused, with a hint', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'empty.bin', '')
  put(folder, 'text.bin', 'This is not a model.')
  await t.rejects(loadFastText(join(folder, 'none.bin')), {
    code: 'ERR_MODEL',
    message: /none\.bin: no such file, expected the \.bin or \.ftz file of a fastText classifier/
  })
  await t.rejects(loadFastText(folder), { code: 'ERR_MODEL', message: /is a folder, expected a file/ })
  await t.rejects(loadFastText(join(folder, 'empty.bin')), { code: 'ERR_MODEL', message: /empty\.bin: .*it is empty/ })
  await t.rejects(loadFastText(join(folder, 'text.bin')), {
    code: 'ERR_MODEL',
    message: /text\.bin: .*not a fastText model/
  })
  writeFileSync(join(folder, 'empty.bin'), Buffer.alloc(1000))
  await t.rejects(loadFastText(join(folder, 'empty.bin')), { code: 'ERR_MODEL', message: /not a fastText model/ })
})

async function softmax (): Promise<FastTextClassifier> {
  return await loadFastText(modelPath('softmax-words.bin'))
}
