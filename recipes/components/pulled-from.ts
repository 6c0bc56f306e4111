import { readCardText } from '../../lib/hub/card-text.ts'
import { theHub } from '../../lib/hub/hub.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import { type CardLicense, cardAddress } from '../provenance/card.ts'
import { formatOf } from '../stages.ts'
import type { WriteOptions } from './write-documents.ts'

/** A dataset on the Hub, as provenance records it. */
export interface PulledFrom {
  readonly subset: string | null
  readonly split: string
  /** The page of the dataset at this commit. */
  readonly url: string
  readonly commit: string
  readonly license: CardLicense
  /** The text of its card; null without one. */
  readonly card: string | null
}

/** Where a component's documents were pulled from; null for local files. @throws SluiceError `ERR_HUB` */
export async function pulledFrom (
  { dataset, hub }: DocumentsJob, { maxRetries, timeout, signal, tell }: WriteOptions
): Promise<PulledFrom | null> {
  if (hub === null) return null
  const { commit, subset, split, license, cardSha256 } = hub
  const theirs = await theHub({ maxRetries, timeout })
  return {
    subset,
    split,
    url: `${theirs.http.settings.endpoint}/datasets/${dataset}/tree/${commit}`,
    commit,
    license: { found: license, readFrom: cardAddress(theirs, dataset, commit), commit },
    card: cardSha256 === null ? null : await readCardText(theirs, dataset, commit, { signal, tell })
  }
}

/** The columns that are kept besides the text; null for all. Only parquet and Arrow are read by columns. */
export function keptColumns (component: DocumentsJob): readonly string[] | null {
  const { columns = [] } = component.sourceOptions as { readonly columns?: readonly string[] }
  return ['parquet', 'arrow'].includes(formatOf(component)) && !columns.includes('*') ? columns : null
}
