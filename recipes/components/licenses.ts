import { SluiceError } from '../../lib/errors.ts'
import { isHubName } from '../../lib/hub/address.ts'
import type { Obligation, Redistributable } from '../../lib/licenses/known.ts'
import { strictestOf } from '../../lib/licenses/terms.ts'
import type { FoundComponent, Mixture } from '../manifest/found.ts'
import { type CardLicense, licenseOnCard } from '../provenance/card.ts'
import { findProvenance } from '../provenance/write.ts'
import { isOnHub } from '../stages.ts'
import { copyIn } from './paths.ts'

/**
 * Returns the licence on the card of a component's dataset, or null if it has no card. It throws a
 * SluiceError if the card can't be read.
 */
export type LicenseOf = (component: FoundComponent) => Promise<CardLicense | null>

/** A licence, and where it is stated. */
export interface LicenseFinding {
  /** Null if the source states none. */
  readonly license: string | null
  readonly read_from: string
}

/** What the licences of a component permit. */
export interface LicenseRow {
  readonly name: string
  readonly dataset: string
  readonly subset: string | null
  readonly split: string
  readonly revision: string
  /** Null if the dataset is in no repository, or its commit is not known. */
  readonly commit: string | null
  readonly found: readonly LicenseFinding[]
  /** Null if one of the licences has no SPDX id. */
  readonly spdx: string | null
  readonly obligations: readonly Obligation[]
  /** Whether its shards may be redistributed; if licences differ, the strictest decides. */
  readonly redistributable: Redistributable
  readonly reason: string
}

/** What the licences of each component of a manifest permit, in its order. */
export async function licenseRows (
  { path, datasets }: Pick<Mixture, 'path' | 'datasets'>,
  licenseOf: LicenseOf = component => licenseOnCard(component)
): Promise<LicenseRow[]> {
  const rows: LicenseRow[] = []
  for (const component of datasets) rows.push(await licenseRow(path, component, licenseOf))
  return rows
}

async function licenseRow (manifestPath: string, component: FoundComponent, licenseOf: LicenseOf): Promise<LicenseRow> {
  const { name, dataset, subset, split, revision, license } = component
  const pulled = await pulledLicenses(component)
  const card = await cardLicense(component, licenseOf)
  const found = [...(license === null ? [] : [{ license, read_from: manifestPath }]), ...pulled.found, ...card.found]
  const terms = strictestOf(found.flatMap(({ license }) => license ?? []))
  const unread = [...pulled.unread, ...card.unread]
  const permits = terms.redistributable === 'yes'
  const isDoubtful = unread.length > 0 && (permits || found.every(({ license }) => license === null))
  const doubt = `${unread.join(' and ')} can't be read, and may say something${permits ? ' else' : ''}`
  return {
    name,
    dataset,
    subset,
    split,
    revision,
    commit: card.commit ?? pulled.commit,
    found,
    spdx: terms.spdx,
    obligations: terms.obligations,
    redistributable: isDoubtful ? 'unknown' : terms.redistributable,
    reason: isDoubtful ? doubt : terms.reason
  }
}

interface Findings {
  readonly found: readonly LicenseFinding[]
  readonly commit: string | null
  /** Cards and provenance files that can't be read. */
  readonly unread: readonly string[]
}

/** The licences in the provenance files next to a component's raw copy and its input files. */
async function pulledLicenses ({ name, rawDir, dataset, files }: FoundComponent): Promise<Findings> {
  // Files on the Hub have no provenance file next to them.
  const here = isOnHub({ dataset }) ? [] : files.filter(({ path }) => !isHubName(path))
  const copies = rawDir === null ? [] : [copyIn(rawDir, name)]
  const pulls = await findProvenance([...copies, ...here.map(({ path }) => path)])
  const found = new Map<string, LicenseFinding>() // by content: files in a folder mostly share one licence
  for (const { path, provenance } of pulls) {
    const stated = provenance === null ? [] : provenance.license.found
    for (const license of stated.length === 0 ? [null] : stated) {
      const from = provenance?.license.read_from ?? null
      const finding = { license, read_from: from === null ? path : `${path}, from ${from}` }
      found.set(JSON.stringify(finding), finding)
    }
  }
  return {
    found: [...found.values()],
    commit: pulls.flatMap(({ provenance }) => provenance?.source.commit ?? [])[0] ?? null,
    unread: pulls.flatMap(({ path, provenance }) => provenance === null ? [path] : [])
  }
}

async function cardLicense (component: FoundComponent, licenseOf: LicenseOf): Promise<Findings> {
  try {
    const card = await licenseOf(component)
    if (card === null) return { found: [], commit: null, unread: [] }
    const { readFrom, commit } = card
    const licenses = card.found.length === 0 ? [null] : card.found
    return { found: licenses.map(license => ({ license, read_from: readFrom })), commit, unread: [] }
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'ERR_ABORTED' || error.code === 'ERR_OPTION') throw error
    const card = `the card of ${component.dataset}`
    return { found: [{ license: null, read_from: card }], commit: null, unread: [card] }
  }
}
