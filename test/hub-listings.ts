/** Listings of datasets on the Hub, from their public pages; the known parts are in test/fixtures/hub-listings.json. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { HubFile } from '../lib/hub/types.ts'
import { fixture } from './helpers.ts'

interface FileGroup {
  readonly path: string
  readonly from?: number
  readonly to?: number
  readonly digits?: number
  readonly size: number
}

interface Recorded {
  readonly known: string
  readonly commit: string | null
  readonly card: string
  readonly files: readonly FileGroup[]
  readonly converted?: readonly FileGroup[]
}

export interface RecordedListing {
  /** 40 hex digits; made up if unknown. */
  readonly commit: string
  /** The content of its README.md. */
  readonly card: string
  readonly files: readonly HubFile[]
  /** Files of `refs/convert/parquet`. */
  readonly converted: readonly HubFile[]
}

/** All listings by name, with at most `most` of numbered files. */
export function recordedListings (most = Infinity): Map<string, RecordedListing> {
  const { datasets } = JSON.parse(readFileSync(fixture('hub-listings.json'), 'utf8')) as {
    datasets: Record<string, Recorded>
  }
  return new Map(Object.entries(datasets).map(([name, { commit, card, files, converted = [] }]) => {
    const readme = `---\n${card}---\n# ${name}\n`
    const own: FileGroup[] = [
      { path: '.gitattributes', size: 2500 }, { path: 'README.md', size: Buffer.byteLength(readme) }, ...files
    ]
    return [
      name,
      {
        commit: commit ?? digest('sha1', name),
        card: readme,
        files: own.flatMap(group => filesOf(group, most)),
        converted: converted.flatMap(group => filesOf(group, most))
      }
    ]
  }))
}

/** Small files are in git itself; the Hub reports no hash of their content. */
const SMALLEST_LFS = 1_000_000

function filesOf ({ path, from = 0, to = from, digits = 0, size }: FileGroup, most: number): HubFile[] {
  return Array.from({ length: Math.min(most, to - from + 1) }, (_, i) => {
    const name = path.replace('{n}', String(from + i).padStart(digits, '0'))
    // Created on demand: there are 65 000 files.
    return {
      path: name,
      size,
      get oid () { return digest('sha1', name) },
      get sha256 () { return size < SMALLEST_LFS ? null : digest('sha256', name) }
    }
  })
}

function digest (algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex')
}
