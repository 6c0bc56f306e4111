import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Document } from '../../lib/document.ts'
import { SluiceError, allInOrder, codeOf } from '../../lib/errors.ts'
import { documentPath } from '../../lib/input/find.ts'
import { LicenseCounts, licenseColumns } from '../../lib/licenses/counts.ts'
import { strictestOf } from '../../lib/licenses/terms.ts'
import { removeCheckpoint } from '../../lib/output/checkpoint.ts'
import type { LockOptions } from '../../lib/output/lock.ts'
import { isResumable, partialName } from '../../lib/output/resumable.ts'
import { packageVersion } from '../../lib/package.ts'
import { isTextFile } from '../../sinks/text.ts'
import { ndjson } from '../../sources/ndjson.ts'
import type { JobStatus } from '../jobs/job.ts'
import { filesOnHub } from '../jobs/known-files.ts'
import type { DocumentsJob } from '../manifest/found.ts'
import type { Provenance, ProvenanceFile } from '../provenance/schema.ts'
import {
  type WrittenProvenance, checkProvenance, findProvenance, releaseProvenance, writeProvenance
} from '../provenance/write.ts'
import { checkpointOf } from './paths.ts'
import { type PulledFrom, keptColumns, pulledFrom } from './pulled-from.ts'
import { type WriteOptions, type WrittenDocuments, writeDocuments } from './write-documents.ts'

/**
 * Copies a component's documents to a file, as `writeDocuments` does, and writes their provenance next to it. The
 * provenance of a copy that was finished before is kept. The checkpoint stays until both are written.
 *
 * @throws SluiceError as `writeDocuments` and `writeProvenance`
 */
export async function pull (component: DocumentsJob, output: string, options: WriteOptions): Promise<WrittenDocuments> {
  await checkProvenance(output)
  const now = new Date()
  // Left by a run that was stopped: the pull started when this file was created.
  const partial = await stat(partialName(output)).catch(() => null)
  const seen: JobStatus[] = []
  let files = Infinity
  const written = await writeDocuments(component, output, {
    ...options,
    keep: true,
    onRead: count => { files = count },
    onStatus: status => {
      seen.push(status)
      options.onStatus?.(status)
    }
  })
  const forget = async (): Promise<void> => {
    if (options.keep !== true) await removeCheckpoint(checkpointOf(output))
  }
  const is = seen[0]?.is
  const isFinished = is === 'finished'
  if (isFinished && (await findProvenance([output])).length > 0) {
    await releaseProvenance(output, lockingOf(options))
    await forget()
    return written
  }
  const startedAt = isFinished ? await dateOf(output) : startOf(now, is === 'started' ? partial : null)
  const pulled: Pulled = { startedAt, records: written.kept, files }
  const provenance = await keepProvenance(component, output, pulled, options).catch((cause: unknown) => {
    if (options.signal?.aborted !== true || codeOf(cause) === 'ERR_ABORTED') throw cause
    throw stoppedBeforeProvenance(output, cause)
  })
  for (const note of provenance?.notes ?? []) options.tell?.(note)
  await forget()
  return written
}

function stoppedBeforeProvenance (output: string, cause?: unknown): SluiceError {
  const message = 'stopped; the file is complete, but its provenance is not written yet: the same command writes it'
  return new SluiceError('ERR_ABORTED', `${output}: ${message}`, { cause })
}

/** When a pull started. A resumed pull started when its partial file was created, if the file system has that date. */
function startOf (now: Date, partial: Stats | null): string {
  return new Date(Math.min(now.getTime(), partial?.birthtimeMs || now.getTime())).toISOString()
}

/** The date of a file that exists. */
async function dateOf (path: string): Promise<string> {
  return (await stat(path)).mtime.toISOString()
}

interface Pulled {
  /** ISO 8601. */
  readonly startedAt: string
  readonly records: number
  /** How many of the component's files were read. */
  readonly files: number
}

/** Writes the provenance. Null if the output is not a regular file: a pipe has no folder for provenance. */
async function keepProvenance (
  component: DocumentsJob, output: string, { startedAt, records, files }: Pulled, options: WriteOptions
): Promise<WrittenProvenance | null> {
  if (!await isResumable(output)) return null
  const from = await pulledFrom(component, options)
  const counts = isTextFile(output) ? null : await countLicenses(output, options.signal)
  if (counts === 'stopped') throw stoppedBeforeProvenance(output)
  return await writeProvenance(output, {
    source: sourceOf(component, from),
    retrieved_at_utc: { begun: startedAt, finished: new Date().toISOString() },
    license: licenseOf(component, from),
    files: await filesRead(component, files, options),
    filters: component.filters.map(({ stage, options }) => ({ stage, options })),
    limit: component.maxRecords,
    columns: keptColumns(component),
    records,
    command: options.command ?? null,
    sluice: packageVersion(),
    output: { path: documentPath(output), bytes: (await stat(output)).size, sha256: null }
  }, { card: from?.card ?? null, counts, locking: lockingOf(options) })
}

function lockingOf ({ takeover, tell, signal }: WriteOptions): LockOptions {
  return { takeover, tell, signal }
}

function sourceOf ({ dataset, subset, split, revision }: DocumentsJob, from: PulledFrom | null): Provenance['source'] {
  if (from === null) return { dataset, subset, split, revision: null, commit: null, url: null }
  const { commit, url } = from
  return { dataset, subset: from.subset ?? subset, split: from.split, revision, commit, url }
}

function licenseOf ({ license, hub }: DocumentsJob, from: PulledFrom | null): Provenance['license'] {
  const stated = license === null ? [] : [license]
  const found = [...stated, ...from?.license.found ?? []]
  const statedBy = license === null ? [] : ['the user who pulled it']
  const readFrom = [...statedBy, ...(from === null ? [] : [from.license.readFrom])]
  return {
    found,
    read_from: readFrom.length === 0 ? null : readFrom.join(' and '),
    card_sha256: hub?.cardSha256 ?? null,
    ...strictestOf(found)
  }
}

/**
 * Local files are described by their current sizes and dates: hashing them would take as long as reading them again.
 * Files on the Hub are described by their hashes, and files of a dataset there also by their paths in the dataset.
 */
async function filesRead (
  { files: all, hub }: DocumentsJob, count: number, { maxRetries, timeout, signal, tell }: WriteOptions
): Promise<ProvenanceFile[]> {
  const files = all.slice(0, count)
  const remote = await filesOnHub(files.map(({ path }) => path), { maxRetries, timeout, signal, tell })
  return await allInOrder(files.map(async ({ path, size }) => {
    const file = remote.get(path)
    if (file === undefined) return await localFile(path, size)
    const { sha256, oid } = file
    return { path: hub === null ? path : file.path, bytes: size, sha256, git_oid: oid === '' ? null : oid }
  }))
}

async function localFile (path: string, size: number | null): Promise<ProvenanceFile> {
  const unknown = { path, bytes: null, sha256: null, git_oid: null }
  if (size === null) return unknown
  const now = await stat(path)
  return { ...unknown, bytes: now.size, modified_at_utc: now.mtime.toISOString() }
}

/**
 * Counts the records of a file by licence; null if the first record has no column of licences or repositories. The
 * finished file is read again for this: otherwise each checkpoint would have to hold the counts, with the names of up
 * to 100,000 repositories.
 */
async function countLicenses (
  output: string, signal: AbortSignal | undefined
): Promise<LicenseCounts | 'stopped' | null> {
  let counts: LicenseCounts | undefined
  const documents = ndjson(output, { maxBad: '100%', maxLineBytes: MAX_LINE_BYTES }) as AsyncIterable<Document>
  for await (const { meta } of documents) {
    if (signal?.aborted === true) return 'stopped'
    if (counts === undefined) {
      const columns = licenseColumns(Object.keys(meta))
      if (columns.license === null && columns.repository === null) return null
      counts = new LicenseCounts(columns)
    }
    counts.add(meta)
  }
  return counts ?? null
}

/** The longest line that a pull can write. */
const MAX_LINE_BYTES = 2 ** 29
