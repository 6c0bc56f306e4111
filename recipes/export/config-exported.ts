import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import type { FormatName } from '../../lib/shards/formats/format.ts'
import { isFlat } from '../../lib/shards/formats/formats.ts'
import { listAnyShards } from '../../lib/shards/names.ts'
import { readStats } from '../../lib/shards/stats.ts'
import { verifyShards } from '../../lib/verify/shards.ts'
import type { DataSource } from './config-data.ts'
import { type Place, placeOf } from './config-trainer.ts'
import { sourceHash } from './find.ts'

/** Where shards of a format are, and what a user should know about them, or null. */
export interface CheckedPlace extends Place {
  readonly note: string | null
}

/**
 * Where shards of a format are. If `export` has made them, its stats must show that they are of the source's shards.
 *
 * @throws SluiceError as `placeOf`; `ERR_STATS`; `ERR_FILES` when they were exported from other shards; `ERR_VERIFY`
 *   when they have changed since
 */
export async function checkedPlaceOf (source: DataSource, format: FormatName): Promise<CheckedPlace> {
  const place = placeOf(source, format)
  const { folder, command } = place
  if (command === null) return { ...place, note: null }
  if ((await listAnyShards(folder)).length === 0) return { ...place, note: cutNote(source, format) }
  const again = `run ${command} --overwrite`
  const path = `${source.export.output}-${format}.json`
  if (!existsSync(path)) {
    const note = `The shards in ${folder} have no stats in ${path}, so it isn't known whether they are up to date. ` +
      `To be sure, ${again}.`
    return { ...place, note }
  }
  const { components } = await readStats(path)
  const exported = components.find(({ output_dir: own }) => resolve(own) === resolve(folder))
  if (exported?.exported_from !== sourceHash(source.stats)) {
    throw new SluiceError('ERR_FILES', `${folder}: its shards were not exported from those that are now in ` +
      `${source.stats.output_dir}; ${again}`)
  }
  const [finding] = await verifyShards(exported, { statsPath: path, quick: true })
  if (finding === undefined) return { folder, command: null, dtype: exported.dtype, note: cutNote(source, format) }
  const { file, found, expected } = finding
  throw new SluiceError('ERR_VERIFY', `${file}: ${found}, expected ${expected}; ${again}`)
}

/** What an export of shuffled sequences does to documents; null if it keeps them whole. */
function cutNote ({ name, stats: { order } }: DataSource, format: FormatName): string | null {
  if (order !== 'shuffled' || !isFlat(format)) return null
  return `The sequences of ${name} are shuffled, so documents that the end of one cuts are exported in parts. ` +
    `To have them whole, set format: ${format} in the manifest's mixture.`
}
