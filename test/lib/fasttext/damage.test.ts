/** Model files that are truncated or changed: an error or a prediction, and nothing else. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { t } from '../../tap.ts'
import { loadFastText } from '../../../lib/fasttext/classifier.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { MODELS, TEXTS, modelPath } from './fixtures.ts'
import { howMany, put, temporaryFolder } from '../../helpers.ts'

const ASKED = [...TEXTS.slice(0, 40).filter(text => text.length < 2000), ...TEXTS.slice(-5)]

/** Writes a model into a folder and uses it. @returns the error; undefined if it predicts */
async function asked (folder: string, bytes: Uint8Array): Promise<string | undefined> {
  const path = put(folder, 'model.ftz', bytes)
  try {
    const classifier = await loadFastText(path, { tableBytes: 2 ** 16 })
    for (const text of ASKED) {
      for (const { label, probability } of classifier.predict(text, 2)) {
        if (!classifier.labels.includes(label) || Number.isNaN(probability)) {
          throw new Error(`answered ${label} with ${probability}`)
        }
      }
    }
    return undefined
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'ERR_MODEL' && error.message.includes(path)) return error.message
    throw error
  }
}

t.test('a file that is truncated at any byte is refused', async t => {
  const folder = temporaryFolder(t)
  for (const model of ['ova-all-pruned.ftz', 'hs-norms.ftz', 'no-end.bin', 'many-softmax.ftz']) {
    const whole = readFileSync(modelPath(model))
    const all = new Set([
      ...Array(110).keys(),
      ...[...Array(40).keys()].map(i => Math.floor(whole.length * i / 40)),
      ...[...Array(30).keys()].map(i => whole.length - 1 - i)
    ])
    const lengths = [...all].filter((_, place) => place % howMany(4, 1) === model.length % howMany(4, 1))
    for (const length of lengths) {
      const found = await asked(folder, whole.subarray(0, length))
      if (found === undefined) t.fail(`${model} of ${length} bytes was taken`)
    }
    t.match(
      await asked(folder, whole.subarray(0, 30)),
      /it ends within its header, .* if it was cut off or changed in transfer, get it again/
    )
    t.match(
      await asked(folder, whole.subarray(0, whole.length - 1)),
      /it ends within its output matrix|it ends within the centroids of its output matrix/
    )
    t.equal(await asked(folder, whole), undefined)
    t.match(await asked(folder, Buffer.concat([whole, Buffer.of(0)])), /1 bytes follow its end/)
  }
})

t.test('inconsistent numbers in a model are refused', async t => {
  const folder = temporaryFolder(t)
  const whole = readFileSync(modelPath('hs.bin'))
  const changed = async (at: number, value: number, message: RegExp): Promise<void> => {
    const bytes = Buffer.from(whole)
    bytes.writeInt32LE(value, at)
    t.match(await asked(folder, bytes), message)
  }
  await changed(4, 13, /has version 13 of fastText's format, expected 11 or 12/)
  await changed(8, 6, /its input matrix has \d+ rows of 5 numbers, expected \d+ rows of 6/)
  await changed(8, 0, /its dim is 0/)
  await changed(32, 9, /its loss is 9/)
  await changed(36, 1, /it is a cbow model, of word vectors, expected a classifier/)
  await changed(36, 7, /it is a model of an unknown kind/)
  await changed(40, 501, /its input matrix has \d+ rows of 5 numbers, expected \d+ rows/)
  await changed(40, 0, /its bucket is 0, but it uses n-grams/)
  await changed(64, 7, /its dictionary has 7 entries/)
  await changed(64, 2 ** 30, /its dictionary has/)
})

t.test('a classifier of the old version 11 has no character n-grams', async t => {
  const folder = temporaryFolder(t)
  const bytes = readFileSync(modelPath('hs.bin'))
  const of12 = await loadFastText(modelPath('hs.bin'))
  bytes.writeInt32LE(11, 4)
  writeFileSync(join(folder, 'old.bin'), bytes)
  const old = await loadFastText(join(folder, 'old.bin'))
  t.equal(old.shared.settings.maxn, 0)
  t.strictSame(old.predict(''), of12.predict(''))
  t.strictSame(old.predict('unknownword'), of12.predict(''))
})

t.test('changed bytes cause an error or a prediction, never a crash', async t => {
  const folder = temporaryFolder(t)
  const models = MODELS.map(model => readFileSync(modelPath(model)))
  let refused = 0
  const change = fc.record({
    model: fc.nat(models.length - 1),
    early: fc.boolean(),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    values: fc.array(fc.nat(255), { minLength: 1, maxLength: 4 })
  })
  await fc.assert(fc.asyncProperty(change, async ({ model, early, at, values }) => {
    const bytes = Buffer.from(models[model]!)
    bytes.set(values.slice(0, bytes.length), Math.floor(at * ((early ? 100 : bytes.length) - values.length)))
    if (await asked(folder, bytes) !== undefined) refused++
  }), { numRuns: howMany(30, 300) })
  t.ok(refused > howMany(10, 20), `${refused} were refused`)
})
