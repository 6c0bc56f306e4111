import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Document } from '../lib/document.ts'
import { documentPath, findFiles } from '../lib/files.ts'
import { sha256OfFile } from '../lib/hash.ts'
import { theHub } from '../lib/hub/hub.ts'
import { LicenseCounts, licenseColumns, licensesPage } from '../lib/license-counts.ts'
import { strictestOf } from '../lib/licenses.ts'
import type { Component } from '../lib/manifest/schema.ts'
import { parseOptions } from '../lib/options.ts'
import { writeFileWhole } from '../lib/output.ts'
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
 * Writes where a raw pull comes from, beside it: see `writeProvenance`. Where its records state their licence, they are
 * counted by it in `LICENSES.md`, or `<name>.LICENSES.md` where that is of another pull.
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
  }, card)
  for (const note of notes) options.tell?.(note)
  await countLicenses(output, options)
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

async function countLicenses (output: string, { signal }: PullOptions): Promise<void> {
  const columns = licenseColumns(await firstFields(output, signal))
  if (columns.license === null) return
  const counts = new LicenseCounts(columns)
  for await (const { meta } of documentsIn(output, signal)) counts.add(meta)
  const name = basename(output)
  const common = join(dirname(output), 'LICENSES.md')
  const page = licensesPage([{ name, counts }])
  const there = await readFile(common, 'utf8').catch(() => null)
  const isOurs = there === null || there.startsWith(page.slice(0, page.indexOf('## ') + 3 + name.length))
  await writeFileWhole(isOurs ? common : join(dirname(output), `${name}.LICENSES.md`), page)
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
