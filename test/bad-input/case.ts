/** What a case of bad input consists of, and what cases share. */
import type { ErrorCode } from '../../lib/errors.ts'
import { answers, fixture, ndjsonOf } from '../helpers.ts'

export interface Case {
  readonly code: ErrorCode
  readonly args: readonly string[]
  readonly says: RegExp
  readonly input?: string | Uint8Array
  /** Files to put into the working directory, in addition to `good.ndjson`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  /** Files that are left after the command. Default: none. */
  readonly leaves?: readonly string[]
}

export type Cases = Readonly<Record<string, Case>>

/** The content of `good.ndjson`, which each case has in its working directory. */
export const RECORDS = ndjsonOf(answers().records)
export const MODEL = fixture('tiny.model')
/** A valid component of a manifest. */
export const GOOD = '- { name: a, dataset: json, data_files: good.ndjson, seq_len: 64, output_dir: shards }'

/** Runs `process-mixture` with a manifest. */
export function mixture (manifest: string, more: Pick<Case, 'files'> = {}): Pick<Case, 'args' | 'files'> {
  return {
    args: ['process-mixture', 'm.yaml', '--tokenizer-path', MODEL, '--log-file', 'stats.json'],
    files: { 'm.yaml': manifest, ...more.files }
  }
}

/** The arguments of a `filter-corpus` that drops nothing. */
export function filter (...args: readonly string[]): readonly string[] {
  return ['filter-corpus', '--keep', 'any', '--min-chars', '1', '--output', 'out.ndjson', ...args]
}
