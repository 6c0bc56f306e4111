import { createRequire } from 'node:module'
import { type Obligation, type Redistributable, aliases, kindByName, kindBySpdx, obligations } from './known.ts'

export type { Obligation, Redistributable } from './known.ts'

/** What the licences of some data require, as far as sluice knows. Not legal advice. */
export interface LicenseTerms {
  /** SPDX ids, several joined by ` AND `; null if one of the licences has none. */
  readonly spdx: string | null
  readonly obligations: readonly Obligation[]
  /** Whether shards of the data may be passed on. */
  readonly redistributable: Redistributable
  /** Why, in words. */
  readonly reason: string
}

const STRICTNESS: readonly Redistributable[] = ['yes', 'unknown', 'no']

const NOT_STATED: LicenseTerms = {
  spdx: null,
  obligations: [],
  redistributable: 'unknown',
  reason: 'no licence is stated'
}

let known: ReadonlyMap<string, string> | undefined

/**
 * SPDX ids by their names in lower case. A deprecated id of the GNU project, such as `GPL-2.0`, doesn't include whether
 * later versions apply too; it becomes the id without them, `GPL-2.0-only`, as in SPDX.
 */
function spdxIds (): ReadonlyMap<string, string> {
  if (known !== undefined) return known
  const load = createRequire(import.meta.url) // an import of JSON prints a warning in Node 20
  const [inUse, deprecated] = [
    load('spdx-license-ids') as readonly string[],
    load('spdx-license-ids/deprecated') as readonly string[]
  ]
  const current = new Set(inUse)
  known = new Map([
    ...deprecated.map(id => [id, current.has(`${id}-only`) ? `${id}-only` : id] as const),
    ...inUse.filter(id => id.endsWith('-or-later')).map(id => [id.replace('-or-later', '+'), id] as const),
    ...inUse.map(id => [id, id] as const)
  ].map(([name, id]) => [name.toLowerCase(), id]))
  return known
}

/**
 * The terms of a licence, or of several in one text: SPDX ids and expressions, the Hub's names, and common names
 * (`CC BY-SA 3.0`, `Apache License, Version 2.0`, the address of a licence). The strictest of several licences
 * determines the result, even if one may choose between them (`OR`). Exceptions (`WITH`) only permit more, and are
 * ignored.
 */
export function termsOf (found: string): LicenseTerms {
  if (found.length > MAX_CHARACTERS) {
    return { ...NOT_STATED, reason: `is a text of ${found.length} characters, not the name of a licence` }
  }
  const whole = single(found)
  if (whole !== null) return whole
  const parts = found.replace(/\s+/g, ' ').replace(/\sWITH\s+[\w.-]+/g, '').split(SEPARATOR)
    .map(part => part.trim()).filter(part => part !== '')
  if (parts.length === 0) return NOT_STATED
  const known = parts.map(single).filter(terms => terms !== null)
  if (known.length === 0) return { ...NOT_STATED, reason: 'is not a licence that sluice knows' }
  if (parts.length === 1) return known[0]!
  const choices = found.match(/\sor\s/gi)?.length ?? 0
  const terms = strictestOf(parts)
  if (choices === 0 || terms.spdx === null) return terms
  return { ...terms, spdx: choices === parts.length - 1 ? terms.spdx.replaceAll(' AND ', ' OR ') : null }
}

/** Names and expressions are shorter than this; the text of a licence is longer. */
const MAX_CHARACTERS = 2000

/** Separates licences in a text. */
const SEPARATOR = /\s+(?:and|or)\s+|[,;|&()]|\s[/+]\s/i

/** The terms of several licences of the same data: all their obligations, and the strictest `redistributable`. */
export function strictestOf (found: readonly string[]): LicenseTerms {
  const names = [...new Set(found)]
  const all = names.map(name => ({ name, ...termsOf(name) }))
  const [first, ...others] = all
  if (first === undefined) return NOT_STATED
  if (others.length === 0) return withoutName(first)
  const strictest = all.reduce((a, b) =>
    STRICTNESS.indexOf(b.redistributable) > STRICTNESS.indexOf(a.redistributable) ? b : a)
  const shareAlike = all.filter(({ obligations }) => obligations.includes('share-alike'))
  const alike = new Set(shareAlike.map(({ spdx, name }) => spdx ?? name))
  const ids = all.map(({ spdx }) => spdx)
  const terms = ids.map(id => id?.includes(' OR ') === true ? `(${id})` : id)
  const why = strictest.redistributable === 'yes'
    ? 'each permits it'
    : `${quoted(strictest.name)} ${strictest.reason}`
  return {
    spdx: ids.includes(null) ? null : [...new Set(terms)].join(' AND '),
    obligations: obligations.filter(obligation => all.some(terms => terms.obligations.includes(obligation))),
    redistributable: strictest.redistributable,
    reason: `the strictest of ${all.length} licences counts: ${why}` +
      (alike.size > 1 ? `; ${[...alike].join(' and ')} each require their own licence for it` : '')
  }
}

function withoutName ({ spdx, obligations, redistributable, reason }: LicenseTerms): LicenseTerms {
  return { spdx, obligations, redistributable, reason }
}

/** The terms of a single licence by its name; null if it isn't known. */
function single (found: string): LicenseTerms | null {
  const key = licenseKey(found)
  if (key === '') return NOT_STATED
  for (const name of [found.trim().toLowerCase(), Object.hasOwn(aliases, key) ? aliases[key]! : key, `${key}.0`]) {
    const spdx = spdxIds().get(name) ?? null
    const kind = spdx === null ? kindByName(name) : kindBySpdx(spdx)
    if (kind !== undefined) return { spdx, ...kind }
    if (spdx !== null) return { ...NOT_STATED, spdx, reason: 'has terms that sluice doesn\'t know' }
  }
  return null
}

/** Patterns of addresses, and the keys of their licences. */
const ADDRESSES: ReadonlyArray<readonly [RegExp, string]> = [
  [/^creativecommons\.org\/publicdomain\/zero\/1\.0(?:\/.*)?$/, 'cc0-1.0'],
  [/^creativecommons\.org\/licenses\/([a-z-]+)\/(\d\.\d)(?:\/.*)?$/, 'cc-$1-$2'],
  [/^opendatacommons\.org\/licenses\/by(?:\/.*)?$/, 'odc-by-1.0'],
  [/^opendatacommons\.org\/licenses\/(odbl|pddl)(?:\/.*)?$/, '$1-1.0'],
  [/^apache\.org\/licenses\/license-2\.0(?:\.\w+)?$/, 'apache-2.0'],
  [/^(?:spdx\.org|opensource\.org)\/licenses?\/([\w.+-]+?)(?:\.html)?\/?$/, '$1']
]

/** Words in the long names of licences, and those in the short ones. */
const WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bopen[- ]data[- ]commons\b/g, 'odc'],
  [/\bcreative[- ]commons\b/g, 'cc'],
  [/\bgnu[- ]general public\b/g, 'gpl'],
  [/\bgnu[- ](?:lesser|library) general public\b/g, 'lgpl'],
  [/\bgnu[- ]affero general public\b/g, 'agpl'],
  [/\bgnu[- ]free documentation\b/g, 'gfdl'],
  [/\bmozilla public\b/g, 'mpl'],
  [/\b(?:non[- ]?commercial)\b/g, 'nc'],
  [/\bno[- ]?deriv(?:ative)?s?\b/g, 'nd'],
  [/\bshare[- ]?alike\b/g, 'sa'],
  [/\blicen[cs]ed? under\b|\blicen[cs]e\b|\bversion\b|\bthe(?! stack)\b/g, ' ']
]

/** Likewise, but `gnu` only before `gpl`, and these words only after `cc`. */
const GNU = /\bgnu[- ]/g
const OF_CREATIVE_COMMONS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\battribution\b/g, 'by'],
  [/\b(?:international|unported|generic)\b/g, ' ']
]

/** The key of a licence in the tables: its name in lower case, with hyphens, without words such as `license`. */
export function licenseKey (found: string): string {
  let key = found.normalize('NFKC').trim().toLowerCase()
  const address = key.replace(/^https?:\/\/(?:www\.)?/, '')
  for (const [pattern, name] of ADDRESSES) if (pattern.test(address)) return address.replace(pattern, name)
  if (key.startsWith('(') && key.endsWith(')')) key = key.slice(1, -1)
  const gpl = lastIndex(key, /\bgpl\b/g)
  key = key.slice(0, gpl).replace(GNU, '') + key.slice(gpl)
  for (const [pattern, word] of WORDS) key = key.replace(pattern, word)
  const cc = (/\bcc\b/.exec(key)?.index ?? key.length) + 2
  let rest = key.slice(cc)
  for (const [pattern, word] of OF_CREATIVE_COMMONS) rest = rest.replace(pattern, word)
  key = key.slice(0, cc) + rest
  return key
    .replace(/[\s_,]+/g, '-')
    .replace(/-v-?(?=\d)/g, '-')
    .replace(/^([al]?gpl)-?v?(?=\d)/, '$1-')
    .replace(/-{2,}/g, '-')
    .replace(/^-|-$/g, '')
}

/** Index of the last match; 0 for none. */
function lastIndex (text: string, pattern: RegExp): number {
  let last = 0
  for (const { index } of text.matchAll(pattern)) last = index
  return last
}

/** A text from the data, shortened for a message. */
function quoted (text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return `"${line.length > 80 ? `${line.slice(0, 79)}…` : line}"`
}
