import { z } from 'zod'
import { type WithAliases, parseNamed } from './cli/aliases.ts'
import { mixText } from './mixture/mix/text.ts'
import type { MixtureRun } from './mixture/mixture.ts'
import { readMixture } from './mixture/read.ts'
import { type RunReport, planMixture, runMixture, runMixtureOptions } from './mixture/run-mixture.ts'
import { mixtureText, processMixtureAliases } from './process-mixture.ts'
import { SluiceError } from '../lib/errors.ts'
import { positive } from '../lib/options.ts'
import { table } from '../lib/text/table.ts'
import { versionText } from './versions/report.ts'

const IF_CHANGED_HELP = 'make a new version in a separate folder if the data, manifest or tokenizer has changed ' +
  'since the current version; it becomes current once it is verified'
const VERSIONS_HELP = 'folder for the versions of --if-changed (default: data/versions/NAME, with the manifest\'s name)'
const KEEP_HELP = 'verified versions that --if-changed keeps; older ones are deleted (default: all are kept)'

export const runManifestOptions = runMixtureOptions.extend({
  dryRun: z.boolean().default(false).describe('print what would be done, and why; nothing is written'),
  ifChanged: z.boolean().default(false).describe(IF_CHANGED_HELP),
  versions: z.string().min(1).optional().describe(VERSIONS_HELP),
  keep: positive.optional().describe(KEEP_HELP)
}).describe('a whole manifest, in order: tokenizer, copies, shards, verification; what is up to date is skipped')

const NOT_WITH_ON = 'on (--on) makes shards in the folders of the manifest, from where it was stopped; leave out ' +
  'ifChanged (--if-changed) and restart (--restart)'
const NEEDS_IF_CHANGED = 'versions and keep are for runs with ifChanged (--if-changed); set it, or leave them out'

/**
 * Runs a whole manifest: trains the tokenizer unless there is one, checks its hash, copies documents to `raw_dir`,
 * makes shards, and verifies them. Steps that are up to date are skipped, and stopped steps are resumed. A component
 * that fails doesn't stop the others.
 *
 * @throws SluiceError as `processMixture` and `verify`; a RunError (`ERR_COMPONENT`, `ERR_VERIFY`) with the outcome of
 *   each step, after the other components were finished
 */
export async function run (
  manifestPath: string, options: WithAliases<z.input<typeof runManifestOptions>, typeof processMixtureAliases> = {},
  context: MixtureRun = {}
): Promise<RunReport> {
  return await runParsed(manifestPath, parseNamed('run', runManifestOptions, options, processMixtureAliases), context)
}

/** Like `run`, with parsed options. */
export async function runParsed (
  manifestPath: string, asked: z.output<typeof runManifestOptions>, context: MixtureRun
): Promise<RunReport> {
  const { ifChanged, ...versioned } = asked
  const { dryRun, versions, keep, ...options } = versioned
  if (options.on !== undefined && (ifChanged || options.restart)) throw new SluiceError('ERR_OPTION', NOT_WITH_ON)
  if (ifChanged) {
    const { runIfChanged } = await import('./versions/if-changed.ts')
    return await runIfChanged(manifestPath, versioned, context)
  }
  if (versions !== undefined || keep !== undefined) throw new SluiceError('ERR_OPTION', NEEDS_IF_CHANGED)
  const manifest = await readMixture(manifestPath, { ...options, ...context })
  return dryRun ? await planMixture(manifest, options, context) : await runMixture(manifest, options, context)
}

/** A run as text: a row for each step, what was kept and dropped, the training set, and where the results are. */
export function runText (report: RunReport): string {
  const { steps, dry_run: dryRun, stats, stats_path: path, training_set: set, run_record: record, version } = report
  const versionLines = version === undefined ? null : versionText(version, dryRun)
  if (version?.why.length === 0) return versionLines!
  const rows = steps.map(({ component, step, outcome, why }) => {
    return [component ?? '(all)', step, dryRun && outcome === 'up to date' ? 'skipped' : outcome, why.split('\n')[0]!]
  })
  const lines = table([['component', 'step', dryRun ? 'would be' : 'was', 'why'], ...rows], 'left')
  const results = stats === null || path === null
    ? null
    : mixtureText({ ...stats, stats_path: path, ...(record !== null && { run_record: record }) })
  return [lines, results, set && mixText(set), versionLines].filter(part => part !== null).join('\n\n')
}
