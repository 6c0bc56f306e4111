import { SluiceError } from '../errors.ts'
import { hubName } from './address.ts'
import { download } from './download.ts'
import { tooSlow, wholeMs } from './http.ts'
import type { Hub, HubRun, RemoteFile } from './hub.ts'

/** The largest file that the Hub accepts outside LFS. A README.md is never in LFS. */
const MAX_BYTES = 10 * 2 ** 20

/**
 * Reads the README.md of a dataset at a commit; null if there is none.
 *
 * @throws SluiceError `ERR_DATASET` for a README.md larger than a card can be; `ERR_HUB`, `ERR_SOURCE`
 */
export async function readCardText (
  hub: Hub,
  dataset: string,
  commit: string,
  run: HubRun = {}
): Promise<string | null> {
  const file = await cardFile(hub, dataset, commit, run)
  if (file === null) return null
  if (file.size > MAX_BYTES) {
    throw new SluiceError('ERR_DATASET', `the dataset's card, README.md, has ${file.size} bytes, ` +
      `expected at most ${MAX_BYTES}; ` +
      'to read files without the card, name them with data_files, such as data/*.parquet')
  }
  const { settings } = hub.http
  const chunks: Buffer[] = []
  let began = Infinity // starts at the first chunk, because the Hub may have requested a wait before
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

/** Path of a dataset's card. */
export const CARD = 'README.md'
