import { readCardText } from '../../lib/hub/card-text.ts'
import { type Hub, type HubRun, theHub } from '../../lib/hub/hub.ts'
import type { HubOptions } from '../../lib/hub/settings.ts'
import type { FoundComponent } from '../manifest/found.ts'
import { isOnHub } from '../stages.ts'

/** The web page of a dataset's card at a commit. */
export function cardAddress ({ http: { settings } }: Hub, dataset: string, commit: string): string {
  return `${settings.endpoint}/datasets/${dataset}/blob/${commit}/README.md`
}

/**
 * The licence that the card of a component's dataset states; null if the dataset is in no repository.
 *
 * @param client a client of the Hub, if the caller has one
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
  /** The licences as the card states them; empty if it states none. */
  readonly found: readonly string[]
  /** The URL of the card. */
  readonly readFrom: string
  /** The commit of the dataset's repository. */
  readonly commit: string | null
}
