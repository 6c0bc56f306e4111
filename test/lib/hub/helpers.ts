import { type Card, EMPTY_CARD, readCard } from '../../../lib/hub/card.ts'
import {
  type DataFilesRequest, type NeedsConverted, type ResolvedData, resolveDataFiles
} from '../../../lib/hub/data-files.ts'
import type { HubFile } from '../../../lib/hub/types.ts'

/** A listing of empty files with these paths. */
export function listing (paths: readonly string[]): HubFile[] {
  return paths.map(path => ({ path, size: 0, oid: '0'.repeat(40), sha256: null }))
}

/** A dataset card with this YAML between its `---`. */
export function cardOf (yaml: string): Card {
  return readCard(`---\n${yaml}\n---\n# A dataset\n`)
}

export interface Asked extends Partial<DataFilesRequest> {
  /** YAML; none by default. */
  readonly card?: string
}

/** The data files of a dataset `o/ds` with these files: `train`, unless the request states another split. */
export function resolve (paths: readonly string[], { card, ...request }: Asked = {}): ResolvedData | NeedsConverted {
  return resolveDataFiles(listing(paths), card === undefined ? EMPTY_CARD : cardOf(card), {
    dataset: 'o/ds', subset: null, split: 'train', dataFiles: null, converted: [], ...request
  })
}

/** The same, if there are files. */
export function found (paths: readonly string[], asked: Asked = {}): ResolvedData & { readonly paths: string[] } {
  const resolved = resolve(paths, asked) as ResolvedData
  return { ...resolved, paths: resolved.files.map(({ path }) => path) }
}
