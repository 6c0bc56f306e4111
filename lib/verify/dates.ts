import { readFile, stat } from 'node:fs/promises'
import type { JSONPath } from 'jsonc-parser'
import { SluiceError, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import type { LockOptions } from '../output/lock.ts'
import { writeFileWhole } from '../output/open.ts'
import { inTurn } from '../output/with-lock.ts'
import type { StatsFile } from '../shards/stats.ts'

/** When shards were verified, as ISO 8601; null removes the date, undefined keeps the one in the file. */
export type VerifiedDate = string | null | undefined

/** The dates to write into a stats file. */
export interface VerifiedDates {
  readonly whole: VerifiedDate
  /** One for each component, in the order of the file. */
  readonly components: readonly VerifiedDate[]
}

const KEY = 'verified_at_utc'

const STYLE = { insertSpaces: true, tabSize: 2, eol: '\n' }

/**
 * Writes into a stats file when its shards were verified. No other byte of the file is changed.
 *
 * @returns the SHA-256 of the new file
 * @throws SluiceError `ERR_OUTPUT` when it can't be written, or was changed after it was read;
 *   `ERR_LOCKED` when another run doesn't release it
 */
export async function writeVerifiedDates (
  stats: StatsFile, { whole, components }: VerifiedDates, locking: LockOptions = {}
): Promise<string> {
  const { path, text } = stats
  let dated = await withDate(text, [KEY], whole)
  if (stats.isMixture) {
    for (const [i, date] of components.entries()) dated = await withDate(dated, ['stats', i, KEY], date)
  }
  if (dated === text) return stats.sha256
  await checkReplaceable(stats)
  await inTurn(`${path}.lock`, path, async () => {
    await checkReplaceable(stats)
    await writeFileWhole(path, dated)
  }, locking)
  return sha256(dated)
}

async function withDate (text: string, key: JSONPath, date: VerifiedDate): Promise<string> {
  if (date === undefined) return text
  const { applyEdits, modify } = await import('jsonc-parser')
  return applyEdits(text, modify(text, key, date ?? undefined, { formattingOptions: STYLE }))
}

async function checkReplaceable ({ path, text }: StatsFile): Promise<void> {
  const fail = (why: string, cause?: unknown): never => {
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot write ${KEY} into the file: ${why}`, { cause })
  }
  const now = await readFile(path, 'utf8').catch((cause: unknown) => fail(reasonOf(cause), cause))
  if (now !== text) fail('it was changed while its shards were verified; verify them again')
  // Permission to write into the folder would be enough to replace the file, but a read-only file must not change.
  if (((await stat(path)).mode & 0o222) === 0) fail('it is read-only; make it writable and verify again')
}
