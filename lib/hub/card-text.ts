import { SluiceError } from '../errors.ts'
import { hubName } from './address.ts'
import { download } from './download.ts'
import { tooSlow, wholeMs } from './http.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** The Hub takes no larger file that isn't in LFS, and a README.md is text. */
const MOST_BYTES = 10 * 2 ** 20

/**
 * The README.md of a dataset at a commit; null where there is none.
 *
 * @throws SluiceError `ERR_DATASET` for one that is larger than a card can be, `ERR_HUB`, `ERR_SOURCE`
 */
export async function readCardText (
  hub: Hub,
  dataset: string,
  commit: string,
  run: HubRun = {}
): Promise<string | null> {
  const file = await cardFile(hub, dataset, commit, run)
  if (file === null) return null
  if (file.size > MOST_BYTES) {
    throw new SluiceError('ERR_DATASET', `the dataset's card, README.md, has ${file.size} bytes, ` +
      `expected at most ${MOST_BYTES}; ` +
      'data_files of your own, such as data/*.parquet, go around the card')
  }
  const { settings } = hub.http
  const chunks: Buffer[] = []
  let began = Infinity // with what comes first: before it the Hub may have asked to wait
  let bytes = 0
  for await (const chunk of download(hub, file, run)) {
    began = Math.min(began, performance.now())
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes < file.size && performance.now() - began > wholeMs(settings)) throw tooSlow(file.name, bytes, settings)
  }
  return Buffer.concat(chunks).toString()
}

async function cardFile (hub: Hub, dataset: string, commit: string, run: HubRun): Promise<RemoteFile | null> {
  try {
    return await hub.remoteFile(hubName({ dataset, revision: commit, path: CARD }), run)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'ERR_DATASET') return null
    throw error
  }
}

/** Where a dataset has its card. */
export const CARD = 'README.md'
