import { type RunDifference, runDifferenceText } from '../history/compare.ts'

/** What a run with `ifChanged` found, and which version it made. */
export interface VersionReport {
  /** The path of the version that is current after the run; null if there is none yet. */
  readonly current: string | null
  /** The path of the version that was current before; null if there was none. */
  readonly previous: string | null
  /** Why there is a new version; empty if nothing has changed. */
  readonly why: readonly string[]
  /** What changed since the previous version; null if no version was made, or there is none to compare it with. */
  readonly changes: RunDifference | null
  /** The paths of the versions that `keep` deleted. */
  readonly removed: readonly string[]
}

/** The version that a run has made, or that stays current, as text. */
export function versionText ({ current, previous, why, changes, removed }: VersionReport, dryRun: boolean): string {
  if (why.length === 0) return `Nothing has changed since version ${current!}.`
  if (dryRun) return ['A new version would be made:', ...why.map(reason => `  ${reason}`)].join('\n')
  if (current === previous) {
    return `No new version was made. ${current === null ? 'No version is current yet.' : `${current} stays current.`}`
  }
  return [
    `Version ${current!} is verified, and current${previous === null ? '' : `; before: ${previous}`}.`,
    ...removed.map(path => `Deleted: ${path}`),
    ...(changes === null ? [] : ['', runDifferenceText(changes)])
  ].join('\n')
}
