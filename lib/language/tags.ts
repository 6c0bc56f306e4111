/**
 * Codes that mean a language which has a shorter one: those of ISO 639-2 and 639-3, those that were withdrawn (`iw`), and of
 * single languages those that stand for the whole (`arb` for `ar`, `nob` for `no`), as CLDR's language aliases have them.
 * Written down, as what Node knows of them changes with its ICU.
 */
const SAME =
  'aa:aar ab:abk ae:ave af:afr ak:aka,fat am:amh an:arg ar:ara,arb as:asm av:ava ay:aym,ayr az:aze,azj ba:bak be:bel ' +
  'bg:bul bi:bis bm:bam bn:ben bo:bod,tib br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre,cwd cs:ces,cze cu:chu cv:chv ' +
  'cy:cym,wel da:dan de:deu,ger dv:div dz:adp,dzo ee:ewe el:ell,gre en:eng eo:epo es:spa et:ekk,est eu:baq,eus ' +
  'fa:fas,per,pes,prs ff:fuc,ful fi:fin fil:tgl,tl fj:fij fo:fao fr:fra,fre fy:fry ga:gle gd:gla gl:glg gn:grn,gug ' +
  'gu:guj,prp gv:glv ha:hau he:heb,iw hi:hin ho:hmo hr:hrv,scr ht:hat hu:hun hy:arm,hye hz:her ia:ina id:in,ind ie:ile ' +
  'ig:ibo ii:iii ik:esk,ipk io:ido is:ice,isl it:ita iu:ike,iku ja:jpn jv:jav,jaw,jw ka:geo,kat kg:kng,kon ki:kik kj:kua ' +
  'kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau,knc ks:kas ku:kmr,kur kv:kom,kpv kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ' +
  'ln:lin lo:lao lt:lit lu:lub lv:lav,lvs mg:mlg,plt mh:mah mi:mao,mri mk:mac,mkd ml:mal mn:drh,khk,mon mr:mar ' +
  'ms:may,msa,zsm mt:mlt my:bur,mya na:nau nd:nde ne:nep,npi ng:ndo nl:dut,nld nn:nno no:nb,nob,nor nr:nbl nv:nav ' +
  'ny:nya oc:oci oj:ojg,oji om:gaz,orm or:ori,ory os:oss pa:pan pi:pli pl:pol ps:pbu,pus pt:por qu:que,quz rm:roh rn:run ' +
  'ro:mo,mol,ron,rum ru:rus rw:kin sa:cls,san sc:src,srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk,slo sl:slv sm:smo ' +
  'sn:sna so:som sq:alb,als,sqi sr:scc,srp ss:ssw st:sot su:sun sv:swe sw:swa,swh ta:tam te:tel tg:tgk th:tha ti:tir ' +
  'tk:tuk tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb,uzn ve:ven vi:vie vo:vol wa:wln ' +
  'wo:wol xh:xho yi:ji,ydd,yid yo:yor za:zha,zyb zh:chi,cmn,zho zu:zul'

/** Languages of two letters that are written in another script than Latin (CLDR's likely subtags). */
const NOT_LATIN = new Set((
  'ab ae am ar as av ba be bg bn bo ce cr cu cv dv dz el fa gu he hi hy ii iu ja ka kk km kn ko ks kv ky lo mk ml mn mr my ne ' +
  'oj or os pa ps ru sa sd si sr ta te tg th ti tt ug uk ur yi zh').split(' '))

const shortest = new Map(SAME.split(' ').flatMap(entry => {
  const [short = '', codes = ''] = entry.split(':')
  return codes.split(',').map(code => [code, short] as const)
}))

/** A language as labels name it. */
export interface LanguageTag {
  /** Its shortest code, in lower case; `und` where it isn't known. */
  readonly language: string
  /** Whether it is written in Latin script, and usually isn't. */
  readonly isLatin: boolean
}

/**
 * The language of a label or tag: `en`, `en-US`, `__label__en` and `eng_Latn` are the same; `zh-Latn` isn't `zh`.
 * Wikipedia's `als`, which lid.176 has, is Alemannic, while `als` with its script is Albanian.
 */
export function languageOf (label: string): LanguageTag {
  const [code = '', ...rest] = label.replace(/^__label__/, '').toLowerCase().split(/[-_]/)
  if (code === 'als' && rest.length === 0) return { language: 'gsw', isLatin: false }
  const language = shortest.get(code) ?? code
  return { language, isLatin: rest.includes('latn') && NOT_LATIN.has(language) }
}

/** Whether a detected language is the wanted one. Whatever isn't known (`und`) is none. */
export function sameLanguage (detected: string, wanted: string): boolean {
  const [found, asked] = [languageOf(detected), languageOf(wanted)]
  return found.language === asked.language && found.isLatin === asked.isLatin && found.language !== 'und'
}

/** A language as a tag: `en`, `zh-Latn`. */
export function tagOf (label: string): string {
  const { language, isLatin } = languageOf(label)
  return isLatin ? `${language}-Latn` : language
}
