/** Shown wherever licences are reported. */
export const NO_ADVICE = 'This is what sluice knows about these licences by their names; it is not legal advice.'

/** What a licence may require of anyone who passes on derived data, such as shards. */
export const obligations =
  ['attribution', 'notice', 'share-alike', 'non-commercial', 'no-derivatives', 'terms-of-use'] as const

/**
 * A requirement of a licence for derived data.
 *
 * `attribution`: name the authors or the source. `notice`: include the text of the licence and its notices.
 * `share-alike`: pass it on under the same licence only. `non-commercial`: use it for such purposes only.
 * `no-derivatives`: do not pass it on. `terms-of-use`: besides the licence, terms bind everyone who gets the data.
 */
export type Obligation = typeof obligations[number]

/** Whether derived data may be passed on. */
export type Redistributable = 'yes' | 'unknown' | 'no'

/** What the licences of one kind require. */
export interface LicenseKind {
  readonly obligations: readonly Obligation[]
  readonly redistributable: Redistributable
  readonly reason: string
}

const PUBLIC: LicenseKind = {
  obligations: [],
  redistributable: 'yes',
  reason: 'permits everything, without conditions'
}
const CREDIT: LicenseKind = {
  obligations: ['attribution'],
  redistributable: 'yes',
  reason: 'permits it if the source is named'
}
const CREDIT_AND_NOTICE: LicenseKind = {
  obligations: ['attribution', 'notice'],
  redistributable: 'yes',
  reason: 'permits it if the source is named and the licence is included'
}
const NOTICE: LicenseKind = {
  obligations: ['notice'],
  redistributable: 'yes',
  reason: 'permits it if the copyright notices and the text of the licence are included'
}
const OPEN_DATABASE: LicenseKind = {
  obligations: ['attribution', 'notice', 'share-alike'],
  redistributable: 'yes',
  reason: 'permits it under the same licence, if the source is named'
}
const COPYLEFT: LicenseKind = {
  obligations: ['notice', 'share-alike'],
  redistributable: 'yes',
  reason: 'permits it under the same licence, if its text is included'
}
const COMPUTATION: LicenseKind = {
  obligations: ['notice', 'terms-of-use'],
  redistributable: 'yes',
  reason: 'permits it for computation only, under the same terms'
}
const TERMS: LicenseKind = {
  obligations: ['terms-of-use'],
  redistributable: 'unknown',
  reason: 'has terms of use that bind everyone who gets the data; read them'
}
const RESEARCH: LicenseKind = {
  obligations: ['non-commercial', 'terms-of-use'],
  redistributable: 'unknown',
  reason: 'is for research, with terms that bind everyone who gets the data; read them'
}
const FAMILY: LicenseKind = {
  obligations: [],
  redistributable: 'unknown',
  reason: 'names a family of licences, from those that permit everything to those that permit no derived work'
}
const NOTHING_SAID: LicenseKind = {
  obligations: [],
  redistributable: 'unknown',
  reason: 'does not name a licence; find out which one is meant'
}
const NONE: LicenseKind = { obligations: [], redistributable: 'no', reason: 'permits nothing: all rights are reserved' }

/** Licences by their SPDX ids; `kindBySpdx` recognizes those of Creative Commons and of the GNU project by pattern. */
const BY_SPDX: ReadonlyArray<readonly [LicenseKind, string]> = [
  [PUBLIC, 'CC0-1.0 CC-PDDC CC-PDM-1.0 PDDL-1.0 Unlicense WTFPL 0BSD MIT-0'],
  [CREDIT, 'etalab-2.0 OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 OGL-Canada-2.0 NLOD-1.0 NLOD-2.0 DL-DE-BY-2.0'],
  [CREDIT_AND_NOTICE, 'ODC-By-1.0'],
  [OPEN_DATABASE, 'ODbL-1.0 CC-SA-1.0'],
  [NOTICE, `MIT ISC Apache-1.1 Apache-2.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause
    BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-4-Clause BSD-Source-Code AFL-2.1 AFL-3.0 Artistic-1.0 Artistic-2.0
    BlueOak-1.0.0 BSL-1.0 CDLA-Permissive-1.0 CDLA-Permissive-2.0 curl ECL-2.0 FTL HPND ICU IJG Libpng LPPL-1.3c
    MIT-CMU MIT-Modern-Variant MulanPSL-2.0 NCSA NTP OpenMDW-1.0 OpenSSL PHP-3.0 PHP-3.01 PostgreSQL PSF-2.0
    Python-2.0 Ruby TCL Unicode-3.0 Unicode-DFS-2016 UPL-1.0 Vim W3C X11 Zlib ZPL-2.0 ZPL-2.1`],
  [COPYLEFT, `APSL-2.0 CDDL-1.0 CDDL-1.1 CDLA-Sharing-1.0 CECILL-2.0 CECILL-2.1 CPL-1.0 EPL-1.0 EPL-2.0 EUPL-1.1
    EUPL-1.2 IPL-1.0 LGPLLR MPL-1.0 MPL-1.1 MPL-2.0 MPL-2.0-no-copyleft-exception MS-PL MS-RL OFL-1.1 OSL-3.0 QPL-1.0
    Sleepycat`],
  [COMPUTATION, 'C-UDA-1.0'],
  [TERMS, 'BUSL-1.1 Elastic-2.0 SSPL-1.0']
]

/** Names other than SPDX ids: the Hub's names of families and of terms of use, and common names. */
const BY_NAME: ReadonlyArray<readonly [LicenseKind, string]> = [
  [PUBLIC, 'public-domain publicdomain'],
  [NOTICE, 'bsd bsd-style permissive'],
  [COPYLEFT, 'gpl lgpl agpl gfdl'],
  [TERMS, `openrail openrail++ bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 gemma grok2-community apple-ascl
    the-stack-terms-of-use terms-of-use common-crawl-terms-of-use commoncrawl-terms-of-use`],
  [RESEARCH, 'h-research intel-research apple-amlr deepfloyd-if-license fair-noncommercial-research-license'],
  [FAMILY, 'cc creative-commons'],
  [NOTHING_SAID, 'other unknown none null unspecified noassertion no-assertion custom see-card'],
  [NONE, 'unlicensed proprietary all-rights-reserved']
]

const byKey = (rows: typeof BY_SPDX): ReadonlyMap<string, LicenseKind> =>
  new Map(rows.flatMap(([kind, names]) => names.split(/\s+/).map(name => [name.toLowerCase(), kind] as const)))

const BY_KEY: ReadonlyMap<string, LicenseKind> = new Map([...byKey(BY_SPDX), ...byKey(BY_NAME)])

/** SPDX ids by other names, as `licenseKey` returns them. The name of a family stands for its only version. */
export const aliases: Readonly<Record<string, string>> = {
  cc0: 'cc0-1.0',
  'cc-zero': 'cc0-1.0',
  'cc0-1.0-universal': 'cc0-1.0',
  'odc-by': 'odc-by-1.0',
  'odc-attribution': 'odc-by-1.0',
  'odc-attribution-1.0': 'odc-by-1.0',
  'odc-attribution-odc-by-1.0': 'odc-by-1.0',
  odbl: 'odbl-1.0',
  'odc-odbl': 'odbl-1.0',
  pddl: 'pddl-1.0',
  'odc-pddl': 'pddl-1.0',
  'c-uda': 'c-uda-1.0',
  'lgpl-lr': 'lgpllr',
  boost: 'bsl-1.0',
  'boost-software': 'bsl-1.0',
  apache: 'apache-2.0',
  apache2: 'apache-2.0',
  asl2: 'apache-2.0',
  expat: 'mit',
  'bsd-2': 'bsd-2-clause',
  'bsd-3': 'bsd-3-clause',
  '2-clause-bsd': 'bsd-2-clause',
  '3-clause-bsd': 'bsd-3-clause',
  'simplified-bsd': 'bsd-2-clause',
  'new-bsd': 'bsd-3-clause',
  'modified-bsd': 'bsd-3-clause',
  artistic: 'artistic-2.0',
  mpl: 'mpl-2.0',
  unlicence: 'unlicense',
  'do-what-the-f*ck-you-want-to-public': 'wtfpl'
}

/** An SPDX id of Creative Commons, or the name of a family: `cc-by-sa`. */
const CREATIVE_COMMONS = /^cc-by((?:-(?:nc|nd|sa))*)(?:-\d\.\d(?:-[a-z]+)?)?$/
const GNU = /^(?:a?gpl|lgpl|gfdl)-\d/

/** The kind of the licence with an SPDX id; undefined if it isn't known. */
export function kindBySpdx (id: string): LicenseKind | undefined {
  const key = id.toLowerCase()
  if (GNU.test(key)) return COPYLEFT
  const elements = CREATIVE_COMMONS.exec(key)
  return elements === null ? BY_KEY.get(key) : creativeCommons(elements[1]!)
}

/** The kind of a licence without an SPDX id, by its name in lower case; undefined if it isn't known. */
export function kindByName (name: string): LicenseKind | undefined {
  const isVersioned = /\d\.\d/.test(name) && CREATIVE_COMMONS.test(name) // a version that doesn't exist
  return isVersioned || GNU.test(name) ? undefined : CREATIVE_COMMONS.test(name) ? kindBySpdx(name) : BY_KEY.get(name)
}

/** @param elements after `cc-by`, such as `-nc-sa` */
function creativeCommons (elements: string): LicenseKind {
  const [nc, nd, sa] = ['nc', 'nd', 'sa'].map(element => elements.includes(`-${element}`))
  const required: Obligation[] = ['attribution']
  if (sa === true) required.push('share-alike')
  if (nc === true) required.push('non-commercial')
  if (nd === true) {
    return {
      obligations: [...required, 'no-derivatives'],
      redistributable: 'no',
      reason: 'does not permit derived works, such as shards, to be passed on'
    }
  }
  if (required.length === 1) return CREDIT
  const conditions = [
    ...(sa === true ? ['under the same licence'] : []),
    ...(nc === true ? ['for non-commercial purposes'] : [])
  ]
  return {
    obligations: required,
    redistributable: 'yes',
    reason: `permits it ${conditions.join(', ')}, if the source is named`
  }
}
