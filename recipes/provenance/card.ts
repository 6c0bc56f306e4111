import { readCardText } from '../../lib/hub/card-text.ts'
import { type Hub, type HubRun, theHub } from '../../lib/hub/hub.ts'
import type { HubOptions } from '../../lib/hub/settings.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { isOnHub } from '../stages.ts'

/** Where a dataset's card is at a commit, for people. */
export function cardAddress ({ http: { settings } }: Hub, dataset: string, commit: string): string {
  return `${settings.endpoint}/datasets/${dataset}/blob/${commit}/README.md`
}

/**
 * The licence that the card of a component's dataset states; null where it is in no repository.
 *
 * @param client of the Hub, where the caller has one
 * @throws SluiceError `ERR_HUB`, `ERR_DATASET`
 */
export async function licenseOnCard (
  component: FoundComponent, run: HubRun & HubOptions = {}, client?: Hub
): Promise<CardLicense | null> {
  if (!isOnHub(component)) return null
  const { maxRetries, timeout } = run
  const hub = client ?? await theHub({ maxRetries, timeout })
  const commit = component.hub?.commit ?? await hub.commitOf(component.dataset, component.revision, run)
  const text = component.hub === null ? await readCardText(hub, component.dataset, commit, run) : null
  const { readCard } = await import('../../lib/hub/card.ts')
  const found = component.hub?.license ?? (text === null ? [] : readCard(text).license)
  return { found, readFrom: cardAddress(hub, component.dataset, commit), commit }
}

/** The licence that the card of a dataset states. */
export interface CardLicense {
  /** As on the card; empty where it states none. */
  readonly found: readonly string[]
  /** Where that was read: the address of the card. */
  readonly readFrom: string
  /** Of the dataset's repository. */
  readonly commit: string | null
}
