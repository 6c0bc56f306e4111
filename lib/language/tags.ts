import { closest, distance } from 'fastest-levenshtein'

/**
 * The shortest code of each language and its other codes, as in CLDR's language aliases: those of ISO 639-2 and 639-3,
 * withdrawn ones (`iw`), and those of a single language that stands for a macrolanguage (`arb` for `ar`, `nob` for
 * `no`). They are constants because Node's data changes with its ICU.
 */
const SAME =
  'aa:aar ab:abk ae:ave af:afr ak:aka,fat am:amh an:arg ar:ara,arb as:asm av:ava ay:aym,ayr az:aze,azj ba:bak ' +
  'be:bel bg:bul bi:bis bm:bam bn:ben bo:bod,tib br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre,cwd cs:ces,cze ' +
  'cu:chu cv:chv cy:cym,wel da:dan de:deu,ger dv:div dz:adp,dzo ee:ewe el:ell,gre en:eng eo:epo es:spa et:ekk,est ' +
  'eu:baq,eus fa:fas,per,pes,prs ff:fuc,ful fi:fin fil:tgl,tl fj:fij fo:fao fr:fra,fre fy:fry ga:gle gd:gla ' +
  'gl:glg gn:grn,gug gu:guj,prp gv:glv ha:hau he:heb,iw hi:hin ho:hmo hr:hrv,scr ht:hat hu:hun hy:arm,hye hz:her ' +
  'ia:ina id:in,ind ie:ile ig:ibo ii:iii ik:esk,ipk io:ido is:ice,isl it:ita iu:ike,iku ja:jpn jv:jav,jaw,jw ' +
  'ka:geo,kat kg:kng,kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau,knc ks:kas ku:kmr,kur kv:kom,kpv ' +
  'kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav,lvs mg:mlg,plt mh:mah mi:mao,mri ' +
  'mk:mac,mkd ml:mal mn:drh,khk,mon mr:mar ms:may,msa,zsm mt:mlt my:bur,mya na:nau nd:nde ne:nep,npi ng:ndo ' +
  'nl:dut,nld nn:nno no:nb,nob,nor nr:nbl nv:nav ny:nya oc:oci oj:ojg,oji om:gaz,orm or:ori,ory os:oss pa:pan ' +
  'pi:pli pl:pol ps:pbu,pus pt:por qu:que,quz rm:roh rn:run ro:mo,mol,ron,rum ru:rus rw:kin sa:cls,san sc:src,srd ' +
  'sd:snd se:sme sg:sag sh:hbs si:sin sk:slk,slo sl:slv sm:smo sn:sna so:som sq:alb,als,sqi sr:scc,srp ss:ssw ' +
  'st:sot su:sun sv:swe sw:swa,swh ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tn:tsn to:ton tr:tur ts:tso tt:tat ' +
  'tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb,uzn ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:ji,ydd,yid yo:yor ' +
  'za:zha,zyb zh:chi,cmn,zho zu:zul'

/** The usual scripts of languages with two-letter codes, if not Latin (CLDR's likely subtags). */
const SCRIPTS =
  'ab:cyrl ae:avst am:ethi ar:arab as:beng av:cyrl ba:cyrl be:cyrl bg:cyrl bn:beng bo:tibt ce:cyrl cr:cans ' +
  'cu:cyrl cv:cyrl dv:thaa dz:tibt el:grek fa:arab gu:gujr he:hebr hi:deva hy:armn ii:yiii iu:cans ja:jpan ' +
  'ka:geor kk:cyrl km:khmr kn:knda ko:kore ks:arab kv:cyrl ky:cyrl lo:laoo mk:cyrl ml:mlym mn:cyrl mr:deva ' +
  'my:mymr ne:deva oj:cans or:orya os:cyrl pa:guru ps:arab ru:cyrl sa:deva sd:arab si:sinh sr:cyrl ta:taml ' +
  'te:telu tg:cyrl th:thai ti:ethi tt:cyrl ug:arab uk:cyrl ur:arab yi:hebr zh:hans'

const usualScript = new Map(SCRIPTS.split(' ').map(entry => entry.split(':') as [string, string]))

const shortest = new Map(SAME.split(' ').flatMap(entry => {
  const [short = '', codes = ''] = entry.split(':')
  return codes.split(',').map(code => [code, short] as const)
}))

/** The language and script of a label. */
export interface LanguageTag {
  /** Its shortest code, in lower case; `und` if undetermined. */
  readonly language: string
  /** Four letters in lower case; undefined if the label has none. */
  readonly script: string | undefined
  /** Whether the language is usually written in another script. */
  readonly isUnusual: boolean
}

/**
 * The language of a label or tag: `en`, `en-US`, `__label__en` and `eng_Latn` are the same. `als` alone, in Wikipedia
 * and lid.176, is Alemannic; `als` with a script is Albanian. A label that isn't a tag is a language by itself.
 */
function languageOf (label: string): LanguageTag {
  const tag = label.replace(/^__label__/, '').toLowerCase()
  const [code = '', ...rest] = tag.split(/[-_]/)
  if (!/^[a-z]{2,3}$/.test(code)) return { language: tag, script: undefined, isUnusual: false }
  if (code === 'als' && rest.length === 0) return { language: 'gsw', script: undefined, isUnusual: false }
  const language = shortest.get(code) ?? code
  const script = rest.find(part => /^[a-z]{4}$/.test(part))
  const usual = usualScript.get(language) ?? (language.length === 2 ? 'latn' : script)
  return { language, script, isUnusual: script !== undefined && script !== usual }
}

/**
 * Whether a detected language is the wanted one. If both have a script, it must be the same. If only one has a script,
 * it may be any, except Latin for a language that is usually written in another one. `und` is never the wanted one.
 */
export function sameLanguage (detected: string, wanted: string): boolean {
  const [found, kept] = [languageOf(detected), languageOf(wanted)]
  if (found.language !== kept.language || found.language === 'und') return false
  if (found.script !== undefined && kept.script !== undefined) return found.script === kept.script
  return ![found, kept].some(({ script, isUnusual }) => script === 'latn' && isUnusual)
}

/** The tag of a label, with its script if that isn't the usual one: `en`, `zh-Latn`, `zh-Hant`. */
export function tagOf (label: string): string {
  const { language, script, isUnusual } = languageOf(label)
  return isUnusual ? `${language}-${script![0]!.toUpperCase()}${script!.slice(1)}` : language
}

/**
 * The tag of the language with a name, in English or in the language itself: `German`, `deutsch`. Names that are nearly
 * the same are found, too; undefined if there is none.
 */
export function tagNamed (name: string, tags: readonly string[]): string | undefined {
  const english = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' })
  const named = new Map<string, string>()
  for (const tag of tags.filter(tag => tag !== 'und' && /^[a-z]{2,3}(?:-[A-Za-z]{4})?$/.test(tag))) {
    const own = new Intl.DisplayNames([tag], { type: 'language', fallback: 'none' }).of(tag)
    for (const found of [english.of(tag), own]) {
      const name = found?.toLowerCase()
      if (name !== undefined && !named.has(name)) named.set(name, tag)
    }
  }
  // 'german-Latn' and 'english (us)' also begin with a name.
  const wanted = name.slice(0, MAX_NAME).toLowerCase().trim()
  const word = /^[\p{L}\p{M}]*/u.exec(wanted)![0]
  const exact = named.get(wanted) ?? named.get(word)
  if (exact !== undefined || wanted.length < 4 || named.size === 0) return exact
  const near = closest(wanted, [...named.keys()])
  return distance(wanted, near) <= Math.max(1, Math.floor(wanted.length / 4)) ? named.get(near) : undefined
}

/** The maximum number of characters in a language's name. */
const MAX_NAME = 100
