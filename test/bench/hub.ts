import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet'
import type { Document } from '../../lib/document.ts'
import type { RecordSource } from '../../lib/records/source.ts'
import { table } from '../../lib/text/table.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { parquet } from '../../sources/parquet.ts'
import { CHECK_HEADER, type Check, checkRows, isReached } from './checks.ts'
import type { Corpus } from './corpus.ts'
import { type HubProcess, startHubProcess, writeColumns, writeRepeated } from './hub-inputs.ts'
import { type Times, alternate } from './measure.ts'

/** The required speed of reading from the Hub, as a share of reading from disk. */
const WANTED_SHARE = 0.7

const MOST_MEMORY = 400e6

/** The allowed transfer of a parquet file in addition to its requested columns. */
const MORE_SHARE = 1.02
const MORE_BYTES = 512_000

const SMALL_FILES = 48
const SMALL_BYTES = 20_000
const DELAY_MS = 50

/** File names of the dataset on the Hub. */
const NAME = 'hf://datasets/bench/data@main'

/** A file, read from disk and from the Hub. */
interface Race {
  readonly name: string
  /** Bytes of the file. */
  readonly bytes: number
  readonly documents: number
  readonly disk: Times
  readonly hub: Times
  /**
   * The speed from the Hub relative to disk, by CPU time of the reading thread, which depends less on other load; null
   * if the system doesn't report it.
   */
  readonly cpuShare: number | null
}

/** The cost of reading from the Hub. */
export interface HubFigures {
  readonly races: readonly Race[]
  /** Many small files from a Hub with slow answers: as one source, and as one source per file. */
  readonly small: { readonly files: number, readonly delayMs: number, readonly ahead: Times, readonly alone: Times }
  readonly checks: readonly Check[]
  /** What was left out, with the reason. */
  readonly notes: readonly string[]
}

/** Whether all requirements were met. @param tolerance the share by which figures of speed may be missed */
export function isStreamed ({ checks }: HubFigures, tolerance: number): boolean {
  return checks.every(check =>
    isReached(check.unit === 'MB' ? check : { ...check, wanted: check.wanted * (1 - tolerance) }))
}

/** Reads files from disk and from the stand-in Hub on loopback, which is a separate process. */
export async function hubFigures (
  corpus: Corpus,
  count: number,
  { quick }: { readonly quick: boolean }
): Promise<HubFigures> {
  const { folder } = corpus
  const names = ['hub.ndjson', 'hub.parquet', 'hub-large.ndjson', 'hub-small.ndjson']
  const [lines, columns, large, small] = names.map(name => join(folder, name)) as [string, string, string, string]
  const [raceBytes, largeBytes] = quick ? [140e6, 300e6] : [200e6, 2e9]
  const notes: string[] = []
  const hasRoom = await freeBytes(folder) > 1.5 * (largeBytes + 3 * raceBytes)
  await writeRepeated(corpus.ndjson.path, lines, raceBytes)
  await writeColumns(lines, columns)
  await writeSmall(corpus.ndjson.path, small)
  if (hasRoom) await writeRepeated(corpus.ndjson.path, large, largeBytes)
  else notes.push(`no file of ${largeBytes / 1e9} GB was read: ${folder} has too little disk space`)
  const smallNames = Array.from({ length: SMALL_FILES }, (_, i) => `small/${String(i).padStart(3, '0')}.ndjson`)
  const hub = await startHubProcess(folder, {
    'lines.ndjson': { localPath: lines },
    'columns.parquet': { localPath: columns },
    ...(hasRoom && { 'large.ndjson': { localPath: large } }),
    ...Object.fromEntries(smallNames.map(name => [name, { localPath: small }]))
  })
  const environment = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, 'nowhere'), HF_TOKEN: '' }
  try {
    Object.assign(process.env, environment) // nothing else in this process uses a Hub
    const races = [
      await race('.ndjson', lines, `${NAME}/lines.ndjson`, name => ndjson(name), count),
      await race('.parquet, 2 of 6 columns', columns, `${NAME}/columns.parquet`, name => parquet(name), count)
    ]
    const checks = races.map(({ name, disk, hub }): Check => ({
      what: `${name}: speed from the Hub, relative to disk`,
      value: disk.best / hub.best,
      unit: 'share',
      is: 'at least',
      wanted: WANTED_SHARE
    }))
    checks.push(await moved(hub, columns))
    const sources = [['ndjson', 'large.ndjson', large], ['parquet', 'columns.parquet', columns]] as const
    for (const [source, name, path] of sources) {
      if (name !== 'large.ndjson' || hasRoom) checks.push(await memory(source, name, path, environment))
    }
    await hub.misbehave({ fault: { kind: 'delay', ms: DELAY_MS }, on: { kind: 'file' }, times: 1e9 })
    const [ahead, alone] = await alternate([
      async () => { await countOf(ndjson(smallNames.map(name => `${NAME}/${name}`))) },
      async () => { for (const name of smallNames) await countOf(ndjson(`${NAME}/${name}`)) }
    ], quick ? 1 : count)
    const figures = { files: SMALL_FILES, delayMs: DELAY_MS, ahead: ahead!, alone: alone! }
    checks.push({
      what: `${SMALL_FILES} small files, each ${DELAY_MS} ms late: speed relative to one at a time`,
      value: alone!.best / ahead!.best,
      unit: 'times',
      is: 'at least',
      wanted: 3
    })
    return { races, small: figures, checks, notes }
  } finally {
    await hub.close()
    await Promise.all([lines, columns, large, small].map(path => rm(path, { force: true })))
  }
}

/** The result as text. */
export function reportHub ({ races, small, checks, notes }: HubFigures): string {
  const speed = (bytes: number, { best }: Times): string => (bytes / 1e6 / best).toFixed(1)
  const rows = races.map(({ name, bytes, documents, disk, hub, cpuShare }) => [
    name, (bytes / 1e6).toFixed(0), documents.toLocaleString('en-US'), speed(bytes, disk), speed(bytes, hub),
    (disk.best / hub.best).toFixed(2), cpuShare?.toFixed(2) ?? ''
  ])
  return [
    table([['a file, read whole', 'MB', 'documents', 'disk MB/s', 'Hub MB/s', 'share', 'of CPU time'], ...rows]),
    `${small.files} small files from a Hub that answers ${small.delayMs} ms late: ` +
      `${small.ahead.best.toFixed(2)} s, one at a time ${small.alone.best.toFixed(2)} s`,
    table([CHECK_HEADER, ...checkRows(checks)]),
    ...notes
  ].join('\n\n')
}

/** The result as JSON. */
export function jsonOfHub ({ races, small, checks, notes }: HubFigures): object {
  const seconds = ({ best, seconds }: Times): object => ({ best_seconds: best, seconds })
  return {
    races: races.map(({ name, bytes, documents, disk, hub, cpuShare }) => ({
      name, bytes, documents, disk: seconds(disk), hub: seconds(hub), share: disk.best / hub.best, cpu_share: cpuShare
    })),
    small: { files: small.files, delay_ms: small.delayMs, ahead: seconds(small.ahead), alone: seconds(small.alone) },
    checks,
    notes
  }
}

/** Reads a file from both places in turn. @throws Error if the results differ */
async function race (
  name: string,
  path: string,
  hubName: string,
  sourceOf: (name: string) => RecordSource,
  count: number
): Promise<Race> {
  const found = new Set<string>()
  const least = new Map([path, hubName].map(name => [name, Infinity]))
  const reading = (name: string) => async (): Promise<void> => {
    const begun = threadSeconds()
    found.add((await countOf(sourceOf(name))).join())
    least.set(name, Math.min(least.get(name)!, threadSeconds() - begun))
  }
  const [disk, hub] = await alternate([reading(path), reading(hubName)], count)
  if (found.size !== 1) {
    throw new Error(
      `${path}: expected the same documents from disk and from the Hub, found ${[...found].join(' and ')}`
    )
  }
  return {
    name,
    bytes: (await stat(path)).size,
    documents: Number([...found][0]!.split(',')[0]),
    disk: disk!,
    hub: hub!,
    cpuShare: process.platform === 'linux' ? least.get(path)! / least.get(hubName)! : null
  }
}

/** CPU time of this thread; 0 if the system doesn't report it. */
function threadSeconds (): number {
  return process.platform === 'linux'
    ? Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
    : 0
}

/** @returns the number of documents, and of characters in their texts */
async function countOf (source: RecordSource): Promise<[documents: number, characters: number]> {
  let [documents, characters] = [0, 0]
  for await (const { text } of source as AsyncIterable<Document>) {
    documents++
    characters += text.length
  }
  return [documents, characters]
}

/** The bytes that the Hub sends of a parquet file if the text and the ids are read, as it has counted. */
async function moved (hub: HubProcess, path: string): Promise<Check> {
  const before = (await hub.requests()).length
  await countOf(parquet(`${NAME}/columns.parquet`))
  const sent = (await hub.requests()).slice(before).filter(({ host }) => host === 'cdn').reduce((sum, { bytes }) =>
    sum + bytes, 0)
  const { row_groups: groups } = await parquetMetadataAsync(await asyncBufferFromFile(path))
  const columns = groups.flatMap(group => group.columns).map(column => column.meta_data!).filter(({
    path_in_schema: [name]
  }) => name === 'text' || name === 'id')
  const wanted = columns.reduce((sum, column) => sum + Number(column.total_compressed_size), 0)
  return {
    what: `bytes sent for parquet, whose read columns have ${(wanted / 1e6).toFixed(1)} of ` +
      `${((await stat(path)).size / 1e6).toFixed(1)} MB`,
    value: sent / 1e6,
    unit: 'MB',
    is: 'at most',
    wanted: (wanted * MORE_SHARE + MORE_BYTES) / 1e6
  }
}

/** The peak of resident memory of a process that reads a file and keeps nothing. */
async function memory (
  source: string,
  name: string,
  path: string,
  environment: Readonly<Record<string, string>>
): Promise<Check> {
  const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const [usage, program] = [fileOf('usage.js'), fileOf('hub-process.js')]
  const { stdout } = await promisify(execFile)('sh', [
    '-c', 'exec "$0" "$@" 3>&1 >/dev/null', process.execPath, '--import', usage, program, source, `${NAME}/${name}`
  ], { env: { ...process.env, ...environment } })
  const { peakBytes } = JSON.parse(stdout) as { peakBytes: number }
  return {
    what: `resident memory of reading ${((await stat(path)).size / 1e9).toFixed(2)} GB of ${source}`,
    value: peakBytes / 1e6,
    unit: 'MB',
    is: 'at most',
    wanted: MOST_MEMORY / 1e6
  }
}

async function writeSmall (from: string, to: string): Promise<void> {
  const file = await open(from)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SMALL_BYTES), 0, SMALL_BYTES, 0)
    await writeFile(to, buffer.subarray(0, buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1))
  } finally {
    await file.close()
  }
}

async function freeBytes (folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
