import { stat } from 'node:fs/promises'
import type { Document } from '../lib/document.ts'
import { documentPath, findFiles } from '../lib/files.ts'
import { sha256OfFile } from '../lib/hash.ts'
import { theHub } from '../lib/hub/hub.ts'
import { LicenseCounts, licenseColumns } from '../lib/license-counts.ts'
import { strictestOf } from '../lib/licenses.ts'
import type { Component } from '../lib/manifest/schema.ts'
import { parseOptions } from '../lib/options.ts'
import { packageVersion } from '../lib/package.ts'
import { cardAddress, readCardText } from './card.ts'
import type { RunOptions } from './flow.ts'
import { type Provenance, type ProvenanceFile, writeProvenance } from './provenance.ts'
import { filters, makeSource } from './stages.ts'

/** What a raw pull has come to. */
export interface Pulled {
  readonly begun: Date
  /** Of the component's files, how many were read, the last one maybe in part. */
  readonly files: number
  readonly records: number
}

export interface PullOptions extends Pick<RunOptions, 'signal' | 'tell' | 'command'> {
  readonly maxRetries?: number | undefined
  readonly timeout?: number | undefined
}

/** Records that are looked at for a column with their licence. */
const LOOKED_AT = 100

/**
 * Writes where a raw pull comes from, beside it: see `writeProvenance`.
 *
 * @param component as it was read; its files on the Hub are found
 * @throws SluiceError `ERR_OUTPUT`, `ERR_HUB`, `ERR_ABORTED`
 */
export async function tellOfPull (component: Component, output: string, pulled: Pulled, options: PullOptions): Promise<void> {
  const { dataset, subset, split, revision, hub, maxRecords } = component
  const card = hub === undefined || hub.cardSha256 === null ? null : await cardOf(component, options)
  const { url, license } = await sourceOf(component, options)
  const { notes } = await writeProvenance(output, {
    source: { dataset, subset: hub?.subset ?? subset, split: hub?.split ?? split, ...(hub === undefined ? { revision: null, commit: null, url: null } : { revision, commit: hub.commit, url }) },
    retrieved_at_utc: { begun: pulled.begun.toISOString(), finished: new Date().toISOString() },
    license,
    files: await filesOf(component, pulled.files),
    filters: component.filters.map(({ stage, options: given, module }) => ({ stage, options: module === undefined ? parseOptions(stage, filters[stage]!.options, given) : given })),
    limit: maxRecords,
    columns: columnsOf(component),
    records: pulled.records,
    command: options.command ?? null,
    sluice: packageVersion(),
    output: { path: documentPath(output), bytes: (await stat(output)).size, sha256: await sha256OfFile(output, options.signal) }
  }, { card, counts: await countLicenses(output, options) })
  for (const note of notes) options.tell?.(note)
}

async function cardOf ({ dataset, hub }: Component, { maxRetries, timeout, signal, tell }: PullOptions): Promise<string | null> {
  return await readCardText(await theHub({ maxRetries, timeout }), dataset, hub!.commit, { signal, tell })
}

/** The address of what was pulled, and what its licence asks for. */
async function sourceOf ({ dataset, license, hub }: Component, { maxRetries, timeout }: PullOptions): Promise<{ readonly url: string | null, readonly license: Provenance['license'] }> {
  const theirs = hub === undefined ? null : await theHub({ maxRetries, timeout })
  const isOnCard = hub !== undefined && hub.license.length > 0
  const found = isOnCard ? hub.license : license === null ? [] : [license]
  const { spdx, obligations, redistributable, reason } = strictestOf(found)
  const readFrom = isOnCard ? cardAddress(theirs!, dataset, hub.commit) : license === null ? null : 'what the command or the manifest says'
  return {
    url: theirs === null ? null : `${theirs.http.settings.endpoint}/datasets/${dataset}/tree/${hub!.commit}`,
    license: { found: [...found], read_from: readFrom, card_sha256: hub?.cardSha256 ?? null, spdx, obligations: [...obligations], redistributable, reason }
  }
}

async function filesOf ({ dataFiles, hub }: Component, count: number): Promise<ProvenanceFile[]> {
  const files = (await findFiles(dataFiles)).slice(0, count)
  if (hub !== undefined) return (await (await theHub()).remoteFiles(files.map(({ path }) => path))).map(({ path, size, sha256, oid }) => ({ path, bytes: size, sha256, git_oid: oid === '' ? null : oid }))
  return await Promise.all(files.map(async ({ path, size }) => ({ path: documentPath(path), bytes: size, sha256: null, git_oid: null, ...(size !== null && { modified_at_utc: (await stat(path)).mtime.toISOString() }) })))
}

/** What is kept beside the text: all of a record, but for parquet. */
function columnsOf ({ dataset, hub, sourceOptions }: Component): string[] | null {
  const { columns = [] } = sourceOptions as { columns?: readonly string[] }
  return (hub?.format ?? dataset) === 'parquet' && !columns.includes('*') ? [...columns] : null
}

/** The records of what was pulled, by licence; null where they state none. They are read again for that, so that nothing of it has to be kept in checkpoints. */
async function countLicenses (output: string, { signal }: PullOptions): Promise<LicenseCounts | null> {
  const columns = licenseColumns(await firstFields(output, signal))
  if (columns.license === null) return null
  const counts = new LicenseCounts(columns)
  for await (const { meta } of documentsIn(output, signal)) counts.add(meta)
  return counts
}

/** The names of fields that the first records have beside their text. */
async function firstFields (output: string, signal: AbortSignal | undefined): Promise<string[]> {
  const names = new Set<string>()
  let count = 0
  for await (const { meta } of documentsIn(output, signal)) {
    for (const name of Object.keys(meta)) names.add(name)
    if (++count === LOOKED_AT) break
  }
  return [...names]
}

function documentsIn (output: string, signal: AbortSignal | undefined): AsyncIterable<Document> {
  return makeSource('json', [output], { maxLineBytes: 2 ** 31 - 1, maxBad: '100%' }, { signal }) as AsyncIterable<Document>
}
