import { z } from 'zod'
import { SluiceError } from '../lib/errors.ts'
import { isHubName } from '../lib/hub/address.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { findFiles } from '../lib/input/find.ts'
import { type Obligation, type Redistributable, NO_ADVICE } from '../lib/licenses/known.ts'
import { strictestOf } from '../lib/licenses/terms.ts'
import { parseOptions } from '../lib/options.ts'
import { checkpointsOf, copyIn } from './components/component.ts'
import { foundBefore } from './components/find-on-hub.ts'
import type { RunOptions } from './flow/flow.ts'
import { isOnHub } from './hub-component.ts'
import { readManifest } from './manifest/read.ts'
import type { Component, Manifest } from './manifest/schema.ts'
import { PartialError } from './partial-error.ts'
import { licenseOnCard } from './provenance/card.ts'
import { findProvenance } from './provenance/write.ts'
import { knownStages } from './stages.ts'

export const licensesOptions = z.strictObject({
  requireRedistributable: z.boolean().default(false).describe('fail unless the shards of every component may be passed on, by licences that are known'),
  ...hubOptions
}).describe('what the licences of a mixture\'s sources ask for, and whether its shards may be passed on')

/** The licence that the card of a dataset states. */
export interface CardLicense {
  /** As the card has them; none where it states none. */
  readonly found: readonly string[]
  /** Where that was read: the address of the card. */
  readonly readFrom: string
  /** Of the dataset's repository. */
  readonly commit: string | null
}

/** Tells the licence on the card of a component's dataset; null where it has no card. A SluiceError is taken for a card that can't be read. */
export type LicenseOf = (component: Component) => Promise<CardLicense | null>

/** A licence, as somebody states it. */
export interface LicenseFinding {
  /** Null where it was looked for, and there was none. */
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
  /** Null where the dataset is in no repository, or nobody has looked. */
  readonly commit: string | null
  readonly found: readonly LicenseFinding[]
  /** Null where one of the licences has no SPDX id. */
  readonly spdx: string | null
  readonly obligations: readonly Obligation[]
  /** Whether its shards may be passed on; where licences differ, as the strictest says. */
  readonly redistributable: Redistributable
  readonly reason: string
}

export interface LicensesReport {
  readonly manifest: string
  readonly components: readonly LicenseRow[]
  readonly note: string
}

/** What the recipe can be told in code. */
export interface LicensesRun extends RunOptions {
  /** @default the Hub is asked for the cards of its datasets */
  readonly licenseOf?: LicenseOf | undefined
}

/**
 * Says what the licences of a mixture's components ask for. They are read from the manifest, from the provenance of what
 * was pulled (`provenance.json` in a component's `raw_dir`, and beside its files), and from the cards of datasets, at the
 * commit that a run has read, where there was one; where these differ, all are told, and the strictest counts. Writes
 * nothing.
 *
 * @throws SluiceError `ERR_MANIFEST`; a LicenseError (`ERR_LICENSE`) with `requireRedistributable`, when a component may not be
 *   passed on or nobody knows whether it may
 */
export async function licenses (manifestPath: string, options: z.input<typeof licensesOptions> = {}, run: LicensesRun = {}): Promise<LicensesReport> {
  const { requireRedistributable, maxRetries, timeout } = parseOptions('licenses', licensesOptions, options)
  const { signal, tell, licenseOf = (component: Component) => licenseOnCard(component, { maxRetries, timeout, signal, tell }) } = run
  const manifest = await readManifest(manifestPath, knownStages)
  const datasets = await Promise.all(manifest.datasets.map(component => foundBefore(component, checkpointsOf(component))))
  const components = await licenseRows({ ...manifest, datasets }, licenseOf).catch((cause: unknown) => {
    throw signal?.aborted === true ? new SluiceError('ERR_ABORTED', `${manifestPath}: stopped`, { cause }) : cause
  })
  const report = { manifest: manifestPath, components, note: NO_ADVICE }
  if (requireRedistributable && report.components.some(({ redistributable }) => redistributable !== 'yes')) throw new LicenseError(report)
  return report
}

/** Components may not be passed on, as far as is known; `report` has all of them. */
export class LicenseError extends PartialError {
  readonly report: LicensesReport

  constructor (report: LicensesReport) {
    const refused = report.components.filter(({ redistributable }) => redistributable !== 'yes')
    super('ERR_LICENSE', `${refused.length} of ${report.components.length} components may not be passed on, or nobody knows whether they may\n${refused.map(({ name, redistributable, reason }) => `${name}: ${redistributable}: ${reason}`).join('\n')}`, report, { isResult: true })
    this.report = report
  }
}

/** What the licences of each component of a manifest permit, in its order. */
export async function licenseRows ({ path, datasets }: Pick<Manifest, 'path' | 'datasets'>, licenseOf: LicenseOf = licenseOnCard): Promise<LicenseRow[]> {
  const rows: LicenseRow[] = []
  for (const component of datasets) rows.push(await licenseRow(path, component, licenseOf))
  return rows
}

async function licenseRow (manifestPath: string, component: Component, licenseOf: LicenseOf): Promise<LicenseRow> {
  const { name, dataset, subset, split, revision, license } = component
  const pulled = await pulledLicenses(component)
  const card = await cardLicense(component, licenseOf)
  const found = [...(license === null ? [] : [{ license, read_from: manifestPath }]), ...pulled.found, ...card.found]
  const terms = strictestOf(found.flatMap(({ license }) => license ?? []))
  const unread = [...pulled.unread, ...card.unread]
  const isDoubtful = unread.length > 0 && (terms.redistributable === 'yes' || found.every(({ license }) => license === null))
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
    reason: isDoubtful ? `${unread.join(' and ')} can't be read, and may say something${terms.redistributable === 'yes' ? ' else' : ''}` : terms.reason
  }
}

interface Findings {
  readonly found: readonly LicenseFinding[]
  readonly commit: string | null
  /** What should tell, and can't be read. */
  readonly unread: readonly string[]
}

/** What the provenance of a component's files says: of its raw copy, and of the files that it is read from. */
async function pulledLicenses ({ name, rawDir, dataset, dataFiles }: Component): Promise<Findings> {
  const here = isOnHub({ dataset }) ? [] : [dataFiles].flat().filter(name => !isHubName(name)) // what is elsewhere has nothing beside it
  const files = here.length === 0 ? [] : await findFiles(here).catch((): ReadonlyArray<{ path: string }> => [])
  const pulls = await findProvenance([...(rawDir === null ? [] : [copyIn(rawDir, name)]), ...files.map(({ path }) => path)])
  const found = new Map<string, LicenseFinding>() // by their content: a folder's files have one licence mostly
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

async function cardLicense (component: Component, licenseOf: LicenseOf): Promise<Findings> {
  try {
    const card = await licenseOf(component)
    if (card === null) return { found: [], commit: null, unread: [] }
    const { found, readFrom, commit } = card
    return { found: (found.length === 0 ? [null] : found).map(license => ({ license, read_from: readFrom })), commit, unread: [] }
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'ERR_ABORTED' || error.code === 'ERR_OPTION') throw error
    const card = `the card of ${component.dataset}`
    return { found: [{ license: null, read_from: card }], commit: null, unread: [card] }
  }
}
