import t from 'tap'
import type { Document } from '../../lib/document.ts'
import { language, readablePart, sameLanguage } from '../../transforms/language.ts'
import { doc, through } from '../helpers.ts'

const ENGLISH = 'The water of the river turns the wheel of the old mill, as it has done for three hundred years.'
const GERMAN = 'Das Wasser des Flusses dreht das Rad der alten Mühle, wie es das seit dreihundert Jahren getan hat.'
const HEBREW = 'מי הנהר מסובבים את גלגל הטחנה הישנה, כפי שעשו זאת במשך שלוש מאות שנה.'
const PINYIN = 'Zhe tiao he de shui zhuandong zhe lao mofang de lunzi, yijing you san bai nian le, women dou hen xihuan ta.'

const DOCUMENTS = [doc('en', ENGLISH), doc('de', GERMAN), doc('he', HEBREW), doc('pinyin', PINYIN), doc('empty', ''), doc('short', 'a b c')]

async function kept (options: Parameters<typeof language>[0], documents = DOCUMENTS): Promise<{ ids: string[], dropped: Record<string, number> }> {
  const stage = language(options)
  const ids = (await through<Document>(documents, stage)).map(({ id }) => id)
  return { ids, dropped: stage.stats.dropped }
}

t.test('keeps the wanted language, and says why the others are dropped', async t => {
  t.strictSame(await kept({}), { ids: ['en'], dropped: { other_language: 3, undetermined: 2 } })
  t.strictSame((await kept({ keep: 'de' })).ids, ['de'])
  t.strictSame((await kept({ keep: 'de-CH' })).ids, ['de'], 'primary subtags are compared')
  t.strictSame((await kept({ keep: 'he' })).ids, ['he'], 'cld3 says iw')
  t.strictSame((await kept({ keep: 'iw' })).ids, ['he'])
  t.strictSame((await kept({ keep: 'zh' })).ids, [], 'zh-Latn only when asked for whole')
  t.strictSame((await kept({ keep: 'zh-Latn', threshold: 0 })).ids, ['pinyin'])
})

t.test('the threshold is included', async t => {
  t.strictSame((await kept({ threshold: 0 })).ids, ['en'])
  t.strictSame(await kept({ threshold: 1 }, [doc('mixed', `${ENGLISH} ${GERMAN.slice(0, 30)}`)]), { ids: [], dropped: { low_probability: 1 } })
})

t.test('control characters and noncharacters don\'t end the reading', async t => {
  for (const char of ['\0', '\x07', '\x85', '\ufdd0', '\uffff', '\u{1fffe}', '\ud800']) {
    t.strictSame((await kept({}, [doc('en', `${char}${ENGLISH}${char}${ENGLISH}`)])).ids, ['en'], JSON.stringify(char))
  }
})

t.test('a text of some MB is judged by its first 64 KiB, and kills nothing', async t => {
  const long = doc('long', (ENGLISH + ' ').repeat(80_000))
  t.strictSame((await kept({}, [long, ...DOCUMENTS])).ids, ['long', 'en'])
  const wave = '🌊'.repeat(20_000) // 4 bytes each: 16,384 of them are 64 KiB
  t.equal(readablePart(wave), '🌊'.repeat(16_384))
  t.equal(readablePart('é'.repeat(40_000)).length, 32_768)
  t.equal(readablePart('x'.repeat(70_000)).length, 65_536)
  t.equal(readablePart(`x${wave}`), `x${'🌊'.repeat(16_383)}`, 'cut between characters')
})

t.test('noncharacters are replaced, and what only looks like one is left', async t => {
  t.equal(readablePart('a\nb\u009fc\u{10ffff}d\u{1fffd}\ufdef\ufdf0'), 'a b c d\u{1fffd} \ufdf0')
})

t.test('many more documents than identifiers can leak', async t => {
  for (let i = 0; i < 30; i++) t.equal((await kept({})).ids.length, 1)
})

t.test('languages compare as the design says', async t => {
  for (const [detected, wanted, same] of [
    ['en', 'en', true], ['en', 'EN_us', true], ['en', 'de', false], ['iw', 'he', true], ['he', 'iw', true], ['zh', 'zh-Hans', true],
    ['zh-Latn', 'zh', false], ['zh-Latn', 'zh-latn', true], ['zh', 'zh-Latn', false], ['und', 'und', false], ['und', 'en', false]
  ] as const) t.equal(sameLanguage(detected, wanted), same, `${detected} ${wanted}`)
})

t.test('options that make no sense are refused', async t => {
  t.throws(() => language({ keep: 'eng' }), { code: 'ERR_OPTION', message: /cld3 does not know this language \(did you mean en\?\)|cld3 does not know this language/ })
  t.throws(() => language({ keep: 'und' }), { code: 'ERR_OPTION' })
  t.throws(() => language({ keep: 'en-Latn' }), { code: 'ERR_OPTION' })
  t.throws(() => language({ threshold: 1.1 }), { code: 'ERR_OPTION', message: /threshold.*at most 1/ })
})
