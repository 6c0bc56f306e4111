import { t } from '../../tap.ts'
import { CLD3_LANGUAGES } from '../../../lib/language/cld3.ts'
import { sameLanguage, tagNamed, tagOf } from '../../../lib/language/tags.ts'

t.test('languages are compared by their tags, in any notation', async t => {
  for (const [detected, wanted, same] of [
    ['en', 'en', true],
    ['en', 'EN_us', true],
    ['en', 'de', false],
    ['iw', 'he', true],
    ['he', 'iw', true],
    ['zh', 'zh-Hans', true],
    ['zh-Latn', 'zh', false],
    ['zh-Latn', 'zh-latn', true],
    ['zh', 'zh-Latn', false],
    ['und', 'und', false],
    ['und', 'en', false],
    ['__label__en', 'en', true],
    ['eng_Latn', 'en', true],
    ['__label__eng_Latn', '__label__en', true],
    ['zho_Hans', 'zh', true],
    ['zho_Hant', 'zho_Hans', false],
    ['zho_Hant', 'zh', true],
    ['zh', 'zho_Hant', true],
    ['uzn_Cyrl', 'uzn_Latn', false],
    ['uzn_Cyrl', 'uz', true],
    ['LANG_en', 'LANG_de', false],
    ['__label__hq', 'hq', true],
    ['cmn_Hani', 'zh', true],
    ['arb_Arab', 'ar', true],
    ['arz_Arab', 'ar', false],
    ['rus_Latn', 'ru', false],
    ['nob_Latn', 'no', true],
    ['nno_Latn', 'no', false],
    ['fil', '__label__tl', true],
    ['als', 'sq', false],
    ['als_Latn', 'sq', true],
    ['swh_Latn', 'sw', true],
    ['pes_Arab', 'fa', true],
    ['jw', 'jv', true],
    ['ceb_Latn', 'ceb', true]
  ] as const) t.equal(sameLanguage(detected, wanted), same, `${detected} ${wanted}`)
})

t.test('a label has a tag, and no two languages of cld3 have the same tag', async t => {
  t.strictSame([
    '__label__en', 'deu_Latn', 'iw', 'zh-Latn', 'zho_Latn', 'zho_Hans', 'zho_Hant', 'uzn_Cyrl', 'arz_Arab', 'LANG_en',
    'und'
  ].map(tagOf), ['en', 'de', 'he', 'zh-Latn', 'zh-Latn', 'zh', 'zh-Hant', 'uz-Cyrl', 'arz', 'lang_en', 'und'])
  t.equal(new Set(CLD3_LANGUAGES.map(tagOf)).size, CLD3_LANGUAGES.length)
})

t.test('a language is found by its English or native name, also if it is misspelled', async t => {
  const tags = ['en', 'de', 'fr', 'zh', 'zh-Latn', 'und', 'no tag']
  for (const [name, tag] of [
    ['English', 'en'], ['GERMAN', 'de'], ['deutsch', 'de'], ['Français', 'fr'], ['germn', 'de'], ['english (us)', 'en'],
    ['chinese', 'zh'], ['klingon', undefined], ['', undefined], ['xx', undefined], ['x'.repeat(1e6), undefined]
  ] as const) {
    t.equal(tagNamed(name, tags), tag, name.slice(0, 20))
  }
  t.equal(tagNamed('english', []), undefined)
})
