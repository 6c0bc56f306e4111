import { readFile, stat } from 'node:fs/promises'
import type { JSONPath } from 'jsonc-parser'
import { SluiceError, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { writeFileWhole } from '../output/open.ts'
import type { StatsFile } from '../shards/stats.ts'

/**
 * What a stats file is to say of when its shards were verified, as ISO 8601; null takes the date away, undefined leaves
 * what is there.
 */
export interface VerifiedDates {
  readonly whole: string | null | undefined
  /** By component, in the order of the file. */
  readonly components: ReadonlyArray<string | null | undefined>
}

const KEY = 'verified_at_utc'

/**
 * Writes into a stats file when its shards were verified; not a byte of the rest is changed.
 *
 * @returns the SHA-256 of the file as it now is
 * @throws SluiceError `ERR_OUTPUT` when it can't be written, or isn't any more what was read
 */
export async function writeVerifiedDates (stats: StatsFile, { whole, components }: VerifiedDates): Promise<string> {
  const { path, text } = stats
  let dated = await withDate(text, [KEY], whole)
  if (stats.isMixture) {
    for (const [i, date] of components.entries()) dated = await withDate(dated, ['stats', i, KEY], date)
  }
  if (dated === text) return stats.sha256
  await checkReplaceable(stats)
  await writeFileWhole(path, dated)
  return sha256(dated)
}

async function withDate (text: string, key: JSONPath, date: string | null | undefined): Promise<string> {
  if (date === undefined) return text
  const { applyEdits, modify } = await import('jsonc-parser')
  return applyEdits(text, modify(text, key, date ?? undefined, { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } }))
}

async function checkReplaceable ({ path, text }: StatsFile): Promise<void> {
  const fail = (what: string, cause?: unknown): never => { throw new SluiceError('ERR_OUTPUT', `${path}: ${KEY} cannot be written into it: ${what}`, { cause }) }
  const now = await readFile(path, 'utf8').catch((cause: unknown) => fail(reasonOf(cause), cause))
  if (now !== text) fail('it was changed while its shards were verified; verify them again')
  // To replace a file, its folder's permission is enough; who has made it read-only means it all the same.
  if (((await stat(path)).mode & 0o222) === 0) fail('it is read-only; make it writable and verify again')
}
