/**
 * What the command line and `hf` read of each layout from the stand-in Hub, compared with what Python's `datasets`
 * streams.
 *
 * Layouts avoid the intended differences: a file that several globs match is read once (`datasets`: once for each);
 * `NA` and other marks of pandas in CSV are text (`datasets`: null), and a column without a name stays without one; a
 * byte order mark is not part of a text's first line; a lone carriage return ends no line; and data that `datasets`
 * refuses, such as columns that differ between files or maps in parquet, is read. Not read, with a warning: JSON whose
 * single object contains the records (`field`), and text by paragraphs or whole files (`sample_by`).
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '../../lib/document.ts'
import { packageRoot } from '../../lib/package.ts'
import { hf } from '../../sources/hf.ts'
import { setHubEnvironment } from '../hub/environment.ts'
import { repoOf } from '../hub/layouts.ts'
import { startHub } from '../hub/stand-in.ts'
import type { Layout } from '../hub/types.ts'
import type { Checks } from './checks.ts'

/** The streamed records of a layout, or the error. */
export type Streamed = ReadonlyArray<Readonly<Record<string, unknown>>> | string

/**
 * A check for each layout: the same records in the same order, with every column compared.
 *
 * @param folder to work in
 */
export async function judgeReading (
  checks: Checks,
  folder: string,
  asked: readonly Layout[],
  streamed: ReadonlyMap<string, Streamed>
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const hub = await startHub({ repos: asked.map(repoOf), pageSize: 3 })
  const setBack = setHubEnvironment({ HF_ENDPOINT: hub.endpoint })
  try {
    for (const layout of asked) {
      const theirs = streamed.get(layout.name)!
      const faults = [
        ...await faultsOf('shard-corpus', layout, theirs, () => pulled(layout, join(folder, `${layout.name}.ndjson`))),
        ...await faultsOf('hf', layout, theirs, () => read(layout))
      ]
      for (const fault of faults) console.log(`  ${fault}`)
      checks.check(`reading from the stand-in Hub, ${layout.name}: same as datasets ` +
        `(${typeof theirs === 'string' ? 'an error' : theirs.length})`, faults.length === 0)
    }
  } finally {
    await setBack()
    await hub.close()
  }
}

async function faultsOf (
  how: string,
  { textColumn = 'text' }: Layout,
  theirs: Streamed,
  reading: () => Promise<readonly Document[]>
): Promise<string[]> {
  try {
    const fault = typeof theirs === 'string'
      ? 'datasets fails, and sluice doesn\'t'
      : difference(theirs, await reading(), textColumn)
    return fault === null ? [] : [`${how}: ${fault}`]
  } catch (error) {
    return [`${how}: ${String(error).slice(0, 400)}`]
  }
}

/** The output of the built command line, in a separate process. */
async function pulled (
  { name, subset, split, revision, dataFiles, textColumn }: Layout,
  output: string
): Promise<Document[]> {
  const flags = { subset, split, revision, textColumn }
  await sluice([
    'shard-corpus', '--dataset', `layouts/${name}`, '--columns', '*', '--output', output, '--max-bad', '0', '--quiet',
    ...Object.entries(flags).flatMap(([flag, value]) =>
      value === undefined ? [] : [`--${flag.replace('textC', 'text-c')}`, value]),
    ...(dataFiles === undefined ? [] : ['--data-files', ...[dataFiles].flat()])
  ])
  return readFileSync(output, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as Document)
}

async function read ({ name, subset, split, revision, dataFiles, textColumn }: Layout): Promise<Document[]> {
  const documents: Document[] = []
  const files = dataFiles === undefined || typeof dataFiles === 'string' ? dataFiles : [...dataFiles]
  for await (const document of hf(`layouts/${name}`, {
    subset, split, revision, dataFiles: files, textColumn, columns: '*', maxBad: 0
  }) as AsyncIterable<Document>) {
    documents.push(document)
  }
  return documents
}

async function sluice (args: readonly string[]): Promise<void> {
  const child = spawn(
    process.execPath, [join(packageRoot(), 'dist/recipes/cli/main.js'), ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] }
  )
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject).on('close', code => {
      code === 0
        ? resolve()
        : reject(new Error(`exit code ${code}: ${errors}`))
    })
  })
}

/** The difference between documents and Python's records, as text; null if there is none. */
function difference (
  theirs: ReadonlyArray<Readonly<Record<string, unknown>>>,
  ours: readonly Document[],
  textColumn: string
): string | null {
  if (ours.length !== theirs.length) return `${ours.length} records, datasets has ${theirs.length}`
  for (const [i, { id, text, meta }] of ours.entries()) {
    // An id that can't be used is in meta; an id that sluice generates is not part of the record.
    const record = { ...'id' in theirs[i]! && { id }, ...meta }
    const { [textColumn]: theirText, ...others } = theirs[i]!
    if (theirText !== text) return `record ${i}: another text`
    if (!isSame(others, record)) {
      return `record ${i}: ${JSON.stringify(record).slice(0, 300)}, ` +
        `datasets has ${JSON.stringify(others).slice(0, 300)}`
    }
  }
  return null
}

/**
 * Whether a value of Python's equals ours. A table has a column in each of its rows, so a missing field is null.
 * Numbers may be text of the same number in ours (CSV is text, and 64-bit integers must keep all digits), times may be
 * text of the same time, and objects may be lists of pairs (maps).
 */
function isSame (theirs: unknown, ours: unknown): boolean {
  if (theirs === null || ours === null || ours === undefined) return theirs === null && (ours ?? null) === null
  if (Array.isArray(theirs) || Array.isArray(ours)) {
    return Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length &&
      theirs.every((value, i) => isSame(value, ours[i]))
  }
  if (typeof theirs === 'object' && typeof ours === 'object') {
    return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].every(name =>
      isSame((theirs as Record<string, unknown>)[name] ?? null, (ours as Record<string, unknown>)[name]))
  }
  if (typeof theirs === 'number') return theirs === ours || (ours !== '' && Number(ours) === theirs)
  if (typeof theirs === 'boolean') {
    return theirs === ours || (typeof ours === 'string' && ours.toLowerCase() === `${theirs}`)
  }
  return theirs === ours ||
    (typeof theirs === 'string' && typeof ours === 'string' && momentOf(theirs) === momentOf(ours))
}

/** Milliseconds since 1970 of a text that is a date or a time, in UTC if it has no zone; otherwise the text. */
function momentOf (text: string): number | string {
  const [, day, time = 'T00:00', zone = 'Z'] = /^(\d{4}-\d\d-\d\d)(T[\d:.]+)?(Z)?$/.exec(text) ?? []
  return day === undefined ? text : Date.parse(day + time + zone)
}
