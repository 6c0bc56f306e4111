import { SluiceError } from '../errors.ts'
import { hubName } from './address.ts'
import { downloadWhole } from './download.ts'
import type { Hub, HubRun } from './hub.ts'

/** The README.md of a dataset at a commit; null where there is none. @throws SluiceError `ERR_HUB`, `ERR_SOURCE` */
export async function readCardText (hub: Hub, dataset: string, commit: string, run: HubRun = {}): Promise<string | null> {
  try {
    const file = await hub.remoteFile(hubName({ dataset, revision: commit, path: CARD }), run)
    return (await downloadWhole(hub, file, run)).toString()
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'ERR_DATASET') return null
    throw error
  }
}

/** Where a dataset has its card. */
export const CARD = 'README.md'
