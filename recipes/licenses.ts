import { z } from 'zod'
import { PartialError, SluiceError, allInOrder } from '../lib/errors.ts'
import { theHub } from '../lib/hub/hub.ts'
import { hubOptions } from '../lib/hub/settings.ts'
import { NO_ADVICE } from '../lib/licenses/known.ts'
import { parseOptions } from '../lib/options.ts'
import { findingOnce, foundBefore } from './components/find.ts'
import { type LicenseOf, type LicenseRow, licenseRows } from './components/licenses.ts'
import { checkpointsOf } from './components/paths.ts'
import type { RunOptions } from './flow/flow.ts'
import type { FoundComponent } from './manifest/found.ts'
import { readManifest } from './manifest/read.ts'
import { licenseOnCard } from './provenance/card.ts'
import { isOnHub, knownStages } from './stages.ts'
import { tableLines } from '../lib/text/table.ts'

const REQUIRE_HELP = 'fail unless known licences permit the redistribution of all shards'

export const licensesOptions = z.strictObject({
  requireRedistributable: z.boolean().default(false).describe(REQUIRE_HELP),
  ...hubOptions
}).describe('what the licences of a mixture\'s sources require, and whether its shards may be redistributed')

/** The result of `reportLicenses`. */
export interface LicensesReport {
  readonly manifest: string
  readonly components: readonly LicenseRow[]
  readonly note: string
}

/** Options of the recipe that exist only in code. */
export interface LicensesRun extends RunOptions {
  /** @default reads the cards of datasets from the Hub */
  readonly licenseOf?: LicenseOf | undefined
}

/**
 * Reports what the licences of a mixture's components require. They are read from the manifest, from provenance files
 * (`provenance.json` in a component's `raw_dir`, and next to its files), and from the cards of datasets, at the commit
 * that an earlier run read, if there is one. Where these differ, all are reported, and the strictest counts. Writes
 * nothing.
 *
 * @throws SluiceError `ERR_MANIFEST`; a LicenseError (`ERR_LICENSE`) with `requireRedistributable`, when a component
 *   may not be redistributed, or it is not known whether it may
 */
export async function licenses (
  manifestPath: string, options: z.input<typeof licensesOptions> = {}, run: LicensesRun = {}
): Promise<LicensesReport> {
  return await licensesParsed(manifestPath, parseOptions('licenses', licensesOptions, options), run)
}

/** Like `licenses`, with parsed options. */
export async function licensesParsed (
  manifestPath: string, options: z.output<typeof licensesOptions>, run: LicensesRun
): Promise<LicensesReport> {
  const { requireRedistributable, maxRetries, timeout } = options
  const { signal, tell } = run
  const find = findingOnce()
  const manifest = await readManifest(manifestPath, knownStages, find)
  const client = manifest.datasets.some(isOnHub) ? await theHub({ maxRetries, timeout }) : undefined
  const asking = { maxRetries, timeout, signal, tell }
  const licenseOf = run.licenseOf ?? ((component: FoundComponent) => licenseOnCard(component, asking, client))
  const found = manifest.datasets.map(component => foundBefore(component, checkpointsOf(component), find))
  const datasets = await allInOrder(found)
  const components = await licenseRows({ ...manifest, datasets }, licenseOf).catch((cause: unknown) => {
    throw signal?.aborted === true ? new SluiceError('ERR_ABORTED', `${manifestPath}: stopped`, { cause }) : cause
  })
  const report = { manifest: manifestPath, components, note: NO_ADVICE }
  const isRefused = requireRedistributable && components.some(({ redistributable }) => redistributable !== 'yes')
  if (isRefused) throw new LicenseError(report)
  return report
}

/** Components may not be redistributed, or it is not known whether they may; `report` has all components. */
export class LicenseError extends PartialError {
  readonly report: LicensesReport

  constructor (report: LicensesReport) {
    const refused = report.components.filter(({ redistributable }) => redistributable !== 'yes')
    const count = `${refused.length} of ${report.components.length} components`
    const message = `${count} may not be redistributed, or it is not known whether they may`
    const lines = refused.map(({ name, redistributable, reason }) => `${name}: ${redistributable}: ${reason}`)
    super('ERR_LICENSE', [message, ...lines].join('\n'), report, { isResult: true })
    this.report = report
  }
}

const HEADS = ['component', 'source', 'licence', 'SPDX', 'obligations', 'shards may be redistributed']

/**
 * What the licences of a mixture permit, as a table, and below it each component's answer, its reason and its sources.
 */
export function licensesText ({ components, note }: LicensesReport): string {
  const rows = components.map(row => {
    return [row.name, sourceOf(row), statedOf(row), row.spdx ?? '-', row.obligations.join(', ') || '-', answerOf(row)]
  })
  return [...tableLines([HEADS, ...rows], 'left'), '', ...components.flatMap(notesOf), note].join('\n')
}

function sourceOf ({ dataset, subset, split, revision, commit }: LicenseRow): string {
  const at = commit === null ? (revision === 'main' ? '' : `@${revision}`) : `@${commit.slice(0, 12)}`
  return [dataset + at, ...(subset === null ? [] : [subset]), split].join(', ')
}

function statedOf ({ found }: LicenseRow): string {
  const names = new Set(found.flatMap(({ license }) => license ?? []))
  return names.size === 0 ? 'NOT STATED' : [...names].map(inLine).join(' and ')
}

function answerOf ({ redistributable }: LicenseRow): string {
  return redistributable === 'yes' ? 'yes' : redistributable.toUpperCase()
}

/** Whether a component's shards may be redistributed and why, and where its licences are stated. */
function notesOf (row: LicenseRow): string[] {
  const stated = row.found.map(({ license, read_from: from }) => {
    return `  ${license === null ? 'none stated' : inLine(license)}: ${from}`
  })
  return [`${row.name}: ${answerOf(row)}: ${row.reason}`, ...stated, '']
}

function inLine (text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
