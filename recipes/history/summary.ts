import { number } from '../../lib/text/numbers.ts'
import { table } from '../../lib/text/table.ts'
import { mixText } from '../mixture/mix/text.ts'
import type { RunRecord, StoredRun } from './read.ts'
import type { RecordedSet } from './training-set.ts'

/** A summary of a record. */
export interface RunSummary {
  readonly name: string
  readonly finished_at_utc: string
  readonly hash: string
  readonly components: number
  /** Ids of all documents, including EOS tokens and tails. */
  readonly tokens: number
  readonly sluice: string
  readonly node: string
  readonly manifest: string
  readonly manifest_sha256: string
  readonly tokenizer_sha256: string
  readonly stats: string
  /** The path of the record. */
  readonly path: string
}

/** What a run has made. */
export interface RunDetails extends RunSummary {
  readonly made: RunRecord['stats']['stats']
  /** Null if the run made none. */
  readonly training_set: RecordedSet | null
}

export function summaryOf ({ path, hash, record }: StoredRun): RunSummary {
  const { name, sluice, node, manifest, tokenizer, stats_path: stats, stats: { stats: components } } = record
  return {
    name,
    finished_at_utc: record.finished_at_utc,
    hash,
    components: components.length,
    tokens: components.reduce((sum, { tokens }) => sum + tokens, 0),
    sluice,
    node,
    manifest: manifest.path,
    manifest_sha256: manifest.sha256,
    tokenizer_sha256: tokenizer.sha256,
    stats,
    path
  }
}

export function detailsOf (run: StoredRun): RunDetails {
  const { stats: { stats }, training_set: set } = run.record
  return { ...summaryOf(run), made: stats, training_set: set ?? null }
}

/** When, with what and by which program, in rows of two cells. */
export function summaryRows (run: RunSummary): string[][] {
  return [
    ['run', `${run.name}, finished ${timeOf(run)}`],
    ['record', run.path],
    ['manifest', `${run.manifest}, SHA-256 ${run.manifest_sha256}`],
    ['tokenizer', `SHA-256 ${run.tokenizer_sha256}`],
    ['stats', run.stats],
    ['by', `sluice ${run.sluice}, Node ${run.node}`]
  ]
}

/** What a run has made, as text. */
export function detailsText (run: RunDetails): string {
  const rows = run.made.map(({ name, records, kept, tokens, sequences, output_dir: folder }) =>
    [name, number(records), number(kept), number(tokens), number(sequences), folder])
  return [
    table(summaryRows(run), 'left'),
    table([['component', 'documents', 'kept', 'tokens', 'sequences', 'folder'], ...rows], 'left'),
    ...(run.training_set === null ? [] : [mixText(run.training_set)])
  ].join('\n\n')
}

/** When a run finished, without fractions of a second. */
export function timeOf ({ finished_at_utc: finished }: RunSummary): string {
  return finished.replace(/\.\d+/, '')
}
