import { fileURLToPath } from 'node:url'
import { t } from '../tap.ts'
import type { Document } from '../../lib/document.ts'
import { readFastText } from '../../lib/fasttext/model.ts'
import type { LanguageDetector } from '../../lib/language/detector.ts'
import { installedModel } from '../../lib/language/fasttext.ts'
import { Stage } from '../../lib/stage/stage.ts'
import { language, languageOptions, languageWork } from '../../transforms/language.ts'
import { doc, failure, through } from '../helpers.ts'
import { TEXTS, answersOf, modelPath } from '../lib/fasttext/fixtures.ts'

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for three hundred years.'
const GERMAN = 'Das Wasser des Flusses dreht das Rad der alten Mühle, wie es das seit dreihundert Jahren getan hat.'
const HEBREW = 'מי הנהר מסובבים את גלגל הטחנה הישנה, כפי שעשו זאת במשך שלוש מאות שנה.'
const PINYIN = 'Zhe tiao he de shui zhuandong zhe lao mofang de lunzi, yijing you san bai nian le, ' +
  'women dou hen xihuan ta.'

const DOCUMENTS = [
  doc('en', ENGLISH), doc('de', GERMAN), doc('he', HEBREW), doc('pinyin', PINYIN), doc('empty', ''),
  doc('short', 'a b c')
]

async function kept (
  options: Parameters<typeof language>[0],
  documents = DOCUMENTS
): Promise<{ ids: string[], dropped: Record<string, number> }> {
  const stage = language(options)
  const ids = (await through<Document>(documents, stage)).map(({ id }) => id)
  return { ids, dropped: stage.stats.dropped }
}

t.test('the wanted language is kept, and the others are dropped with a reason', async t => {
  t.strictSame(await kept({}), { ids: ['en'], dropped: { other_language: 3, undetermined: 2 } })
  t.strictSame((await kept({ keep: 'de' })).ids, ['de'])
  t.strictSame((await kept({ keep: 'de-CH' })).ids, ['de'], 'primary subtags are compared')
  t.strictSame((await kept({ keep: 'he' })).ids, ['he'], 'cld3 reports iw')
  t.strictSame((await kept({ keep: 'iw' })).ids, ['he'])
  t.strictSame((await kept({ keep: 'zh' })).ids, [], 'zh-Latn only with its full tag')
  t.strictSame((await kept({ keep: 'zh-Latn', threshold: 0 })).ids, ['pinyin'])
})

t.test('the threshold is inclusive', async t => {
  t.strictSame((await kept({ threshold: 0 })).ids, ['en'])
  t.strictSame(await kept({ threshold: 1 }, [doc('mixed', `${ENGLISH} ${GERMAN.slice(0, 30)}`)]), {
    ids: [], dropped: { low_probability: 1 }
  })
})

t.test('control characters and noncharacters don\'t end the text', async t => {
  for (const char of ['\0', '\x07', '\x85', '\ufdd0', '\uffff', '\u{1fffe}', '\ud800']) {
    t.strictSame((await kept({}, [doc('en', `${char}${ENGLISH}${char}${ENGLISH}`)])).ids, ['en'], JSON.stringify(char))
  }
})

t.test('a text of some MB is classified by its first 64 KiB, without a crash', async t => {
  const long = doc('long', (ENGLISH + ' ').repeat(80_000))
  t.strictSame((await kept({}, [long, ...DOCUMENTS])).ids, ['long', 'en'])
})

t.test('identifiers are freed, so that many stages can be created', async t => {
  for (let i = 0; i < 30; i++) t.equal((await kept({})).ids.length, 1)
})

t.test('several languages, or any; the detected language is recorded on request', async t => {
  for (const keep of [['de', 'en'], 'de, en', ['he', 'de,en'].slice(1)]) {
    t.strictSame((await kept({ keep, threshold: 0 })).ids, ['en', 'de'])
  }
  t.strictSame(await kept({ keep: 'any' }), { ids: DOCUMENTS.map(({ id }) => id), dropped: {} })
  const noted = await through<Document>([
    { ...doc('he', HEBREW), meta: { source: 'x' } }, doc('empty', ''), doc('pinyin', PINYIN)
  ], language({ keep: 'any', record: true }))
  t.match(noted.map(({ meta }) => meta), [
    { source: 'x', language: 'he', language_score: Number }, { language: 'und', language_score: 0 },
    { language: 'zh-Latn', language_score: Number }
  ])
  const [plain] = await through<Document>([doc('en', ENGLISH)], language())
  t.strictSame(plain!.meta, {})
})

/** Texts with predictions of a small fastText model, by the best label. */
const ANSWERS = answersOf('hs.bin')
const ASKED = TEXTS.map((text, i) => doc(`t${i}`, text))
const idsOf = (label: string, least: number): string[] =>
  ASKED.filter((_, i) => ANSWERS[i]![0]!.label === label && ANSWERS[i]![0]!.probability >= least).map(({ id }) => id)

t.test('a fastText model as the detector: its best label, from 0.65 on', async t => {
  const model = modelPath('hs.bin')
  const options = { detector: 'fasttext', model } as const
  t.ok(idsOf('__label__de', 0.65).length > 3 && idsOf('__label__de', 0).length > idsOf('__label__de', 0.65).length)
  t.strictSame((await kept({ ...options, keep: 'de' }, ASKED)).ids, idsOf('__label__de', 0.65))
  for (const keep of ['__label__de', 'deu_Latn', 'ger']) {
    t.strictSame((await kept({ ...options, keep, threshold: 0 }, ASKED)).ids, idsOf('__label__de', 0))
  }
  const shared = await readFastText(model)
  const checked = languageOptions.parse({ ...options, model: 'is not read', keep: ['de', 'fr'], threshold: 0 })
  const read = new Stage(languageWork(checked, { loaded: shared }))
  t.strictSame((await through<Document>(ASKED, read)).map(({ id }) => id).toSorted(), [
    ...idsOf('__label__de', 0), ...idsOf('__label__fr', 0)
  ].toSorted())
  const [noted] = await through<Document>(ASKED, language({ ...options, keep: 'any', record: true }))
  t.equal(noted!.meta.language, ANSWERS[0]![0]!.label.slice('__label__'.length))
  t.ok(Math.abs(noted!.meta.language_score as number - ANSWERS[0]![0]!.probability) < 1e-4)
})

t.test('texts without any word have a defined result', async t => {
  const hostile = ['', ' ', '\n\n', '\0', '\ud800', '\udc00 \ud800', '__label__de'].map((text, i) => doc(`t${i}`, text))
  for (const name of ['hs.bin', 'no-end.bin']) {
    const options = { detector: 'fasttext', model: modelPath(name), threshold: 0, keep: 'any' } as const
    t.equal((await kept(options, hostile)).ids.length, hostile.length)
  }
  t.match(
    await kept({ detector: 'fasttext', model: modelPath('no-end.bin'), threshold: 0 }, [doc('empty', '')]),
    { dropped: { undetermined: 1 } }
  )
})

t.test('a model that can\'t be used, or doesn\'t know the language, is an error', async t => {
  const run = (options: Parameters<typeof language>[0]): Promise<unknown> => failure(kept(options))
  t.match(await run({ detector: 'fasttext', model: '/none/lid.bin' }), {
    code: 'ERR_MODEL', message: '/none/lid.bin: no such file, expected the .bin or .ftz file of a fastText classifier'
  })
  t.match(await run({ detector: 'fasttext', model: modelPath('hs.bin'), keep: 'nl' }), {
    code: 'ERR_OPTION',
    message: /language\.keep: .*hs\.bin does not know the language "nl"; it knows de ru zh fr en emoji num el hi$/
  })
  t.throws(() => language({ model: 'lid.bin' }), {
    code: 'ERR_OPTION', message: /`model` is for the `detector` fasttext/
  })
  t.throws(() => installedModel(() => { throw new Error('not found') }), {
    code: 'ERR_OPTION', message: /npm install fasttext\.wasm\.js, or set model to a fastText model/
  })
  t.throws(() => installedModel(() => 'file:///none/lid.176.ftz'), { code: 'ERR_OPTION' })
  t.equal(installedModel(() => import.meta.url), fileURLToPath(import.meta.url))
})

t.test('a custom detector, also an asynchronous one, is called for each document, and closed', async t => {
  let closed = 0
  const byLength: LanguageDetector = {
    detect: ({ length }) => ({ language: length > 50 ? 'eng_Latn' : 'und', probability: length / 200 }),
    close () { closed++ }
  }
  t.strictSame(await kept({ detector: byLength, threshold: 0.2 }), {
    ids: ['en', 'de', 'he', 'pinyin'], dropped: { undetermined: 2 }
  })
  t.strictSame(
    await kept({ detector: { detect: text => Promise.resolve(byLength.detect(text)) }, threshold: 0.49 }),
    { ids: ['de', 'pinyin'], dropped: { undetermined: 2, low_probability: 2 } }
  )
  t.equal(closed, 1)
  t.match(
    await failure(kept({ detector: { detect: text => byLength.detect(text), labels: ['de'] } })),
    { code: 'ERR_OPTION', message: /the detector does not know the language "en"; it knows de$/ }
  )
  for (const [detect, says] of [
    [() => { throw new Error('tired') }, 'tired'],
    [() => Promise.reject(new Error('tired')), 'tired'],
    [() => undefined, 'it returned undefined, expected { language, probability }'],
    [() => ({ language: 'en' }), 'it returned {"language":"en"}, expected { language, probability }'],
    [
      () => ({ language: 'en', probability: NaN }),
      'it returned {"language":"en","probability":null}, expected { language, probability }'
    ],
    [() => Promise.resolve({ probability: 1 }), 'it returned {"probability":1}, expected { language, probability }']
  ] as const) {
    t.match(await failure(kept({ detector: { detect: detect as never } })), {
      code: 'ERR_DOCUMENT', message: `the language detector has failed at document en: ${says}`
    })
  }
})

t.test('invalid options are refused', async t => {
  t.throws(() => language({ keep: 'enn' }), {
    code: 'ERR_OPTION', message: /language\.keep: cld3 does not know the language "enn"; it knows af am ar/
  })
  t.throws(() => language({ keep: ['en', 'tlh'] }), { code: 'ERR_OPTION', message: /the language "tlh"/ })
  t.throws(() => language({ keep: [] }), { code: 'ERR_OPTION' })
  t.throws(() => language({ keep: 'und' }), { code: 'ERR_OPTION' })
  t.throws(() => language({ threshold: 1.1 }), { code: 'ERR_OPTION', message: /threshold.*at most 1/ })
})
