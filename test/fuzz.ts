/**
 * Damaged files of every format: bytes are flipped, cut off, removed, duplicated or inserted. Reading must give the
 * same documents, or a named error, or counted bad records: no crash, no hang, no silent loss.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import { type CheckedSourceOptions, makeSource } from '../recipes/stages.ts'
import { type PlainRecord, compressions, formats } from './formats.ts'
import { packageRoot } from '../lib/package.ts'
import { doc, put } from './helpers.ts'

/** A valid file to damage. */
export interface Target {
  readonly dataset: string
  readonly file: string
  readonly bytes: Buffer
  readonly documents: readonly Document[]
  /** The position of each document's record; null if a checksum covers the whole file. */
  readonly places: ReadonlyArray<{ readonly start: number, readonly end: number }> | null
  /** A changed value can't be detected, only a changed number of records. @default false */
  readonly isUnguarded?: boolean
  /** Records that give no document. @default 0 */
  readonly bad?: number
  readonly options?: CheckedSourceOptions
}

/** A file whose pages have checksums. */
const PARQUET = join(packageRoot(), 'test/fixtures/parquet/codec-none-v2.parquet')

const RECORDS: readonly PlainRecord[] = Array.from({ length: 20 }, (_, i) => ({
  id: `id-${i}`,
  text: `Text number ${i}: ${'water, "gates" & mühlen; '.repeat(1 + i % 4)}`,
  url: `https://example.org/${i}`
}))

/** Every format, and every compression of one. */
export async function targets (): Promise<Readonly<Record<string, Target>>> {
  const found: Record<string, Target> = {}
  for (const name of ['ndjson', 'array', 'indented array', 'csv', 'tsv']) {
    const { dataset, ending, bytes } = formats[name]!
    found[name] = await plain(dataset, `a.${ending}`, await bytes(RECORDS), RECORDS.map(({ id }) => `"${id}"`))
  }
  const escaped = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
  const rows = RECORDS.map(({ id, text, url }) => [id, text, url].map(escaped).join(','))
  const spark = ['id,text,url', ...rows, ''].join('\n')
  found['csv, escaped'] = {
    ...await plain('csv', 'a.csv', Buffer.from(spark), RECORDS.map(({ id }) => `"${id}"`)), options: { escape: '\\' }
  }
  const texts = RECORDS.map(({ text }) => text)
  found.text = await plain(
    'text', 'a.txt', Buffer.from(texts.map(text => text + '\n').join('')), texts.map(text => text.slice(0, 16))
  )
  const ndjson = await formats.ndjson!.bytes(RECORDS)
  for (const compression of ['.gz', '.zst']) {
    const bytes = compression === '.gz' ? oneMember(ndjson) : compressions['.zst']!(ndjson)
    found[compression] = {
      dataset: 'json',
      file: `a.ndjson${compression}`,
      bytes,
      documents: RECORDS.map(({ id, text, url }) => doc(id, text, { url })),
      places: null
    }
  }
  const parquet = readFileSync(PARQUET)
  found.parquet = {
    dataset: 'parquet',
    file: 'a.parquet',
    bytes: parquet,
    documents: await read({ dataset: 'parquet' }, PARQUET).then(({ documents }) => documents),
    places: null
  }
  for (const name of ['arrow', 'arrow file']) {
    found[name] = {
      dataset: 'arrow',
      file: 'a.arrow',
      bytes: await formats[name]!.bytes(RECORDS),
      documents: RECORDS.map(({ id, text }) => doc(id, text)),
      places: null,
      isUnguarded: true
    }
  }
  for (const name of ['polars.file', 'polars.zstd', 'types.file']) {
    const path = join(packageRoot(), `test/fixtures/arrow/${name}.arrow`)
    const options = name === 'types.file' ? { textColumn: 'category', columns: ['*'] } : { columns: ['*'] }
    const { documents, bad } = await read({ dataset: 'arrow', options }, path)
    found[name] = {
      dataset: 'arrow',
      file: 'a.arrow',
      bytes: readFileSync(path),
      documents,
      bad,
      places: null,
      isUnguarded: true,
      options
    }
  }
  for (const codec of ['lz4', 'zstd']) {
    const path = join(packageRoot(), `test/fixtures/arrow/tiny-row-groups.${codec}.arrow`)
    found[`arrow, ${codec}`] = {
      dataset: 'arrow',
      file: 'a.arrow',
      bytes: readFileSync(path),
      documents: await read({ dataset: 'arrow' }, path).then(({ documents }) => documents),
      places: null,
      isUnguarded: true
    }
  }
  return found
}

/** A single member, so that a cut between two can't look like a complete file. */
function oneMember (bytes: Buffer): Buffer {
  const both = compressions['.gz']!(Buffer.concat([bytes, bytes]))
  return both.subarray(0, both.indexOf(Buffer.of(0x1f, 0x8b, 8, 0), 4))
}

async function plain (dataset: string, file: string, bytes: Buffer, begins: readonly string[]): Promise<Target> {
  const starts = begins.map(begin => bytes.lastIndexOf(Buffer.from('\n'), bytes.indexOf(begin)) + 1)
  const inLine = file.endsWith('.json')
    ? begins.map(begin => bytes.lastIndexOf(Buffer.from('{'), bytes.indexOf(begin)))
    : starts
  const documents = RECORDS.map(({ id, text, url }) => dataset === 'text' ? doc('', text) : doc(id, text, { url }))
  return {
    dataset, file, bytes, documents, places: inLine.map((start, i) => ({ start, end: inLine[i + 1] ?? bytes.length }))
  }
}

/** The same on every machine: a linear congruential generator (Numerical Recipes). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to `end`, exclusive. */
  below (end: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor(this.#state / 2 ** 32 * end)
  }
}

/** A damaged copy, and the bytes of the original that are changed or no longer adjacent in it. */
export interface Damage {
  readonly bytes: Buffer
  readonly touched: ReadonlyArray<{ readonly start: number, readonly end: number }>
}

/** One way of damaging a file. */
export function damage (bytes: Buffer, random: Random): Damage {
  const at = random.below(bytes.length)
  const length = 1 + random.below(random.below(4) === 0 ? bytes.length : 40)
  const end = Math.min(bytes.length, at + length)
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
  const noise = Buffer.from(Array.from({ length: Math.min(length, 300) }, () => random.below(256)))
  switch (random.below(8)) {
    case 0: case 1: {
      const copy = Buffer.from(bytes)
      copy[at]! ^= 1 << random.below(8)
      return { bytes: copy, touched: [{ start: at, end: at + 1 }] }
    }
    case 2: return { bytes: before, touched: [{ start: at, end: bytes.length }] }
    case 3: return { bytes: Buffer.concat([before, after]), touched: [{ start: at, end }] }
    case 4: return { bytes: Buffer.concat([before, part, part, after]), touched: [{ start: end - 1, end }] }
    case 5: return {
      bytes: Buffer.concat([before, noise, bytes.subarray(at)]), touched: [{ start: at - 1, end: at + 1 }]
    }
    case 6: return {
      bytes: Buffer.concat([bytes, random.below(2) === 0 ? noise : Buffer.alloc(noise.length)]),
      touched: [{ start: bytes.length - 1, end: bytes.length }]
    }
    default: {
      const copy = Buffer.from(bytes)
      noise.subarray(0, end - at).copy(copy, at)
      return { bytes: copy, touched: [{ start: at, end }] }
    }
  }
}

/** The result of reading a file. */
export interface Outcome {
  readonly documents: readonly Document[]
  readonly bad: number
  readonly error?: unknown
}

async function read ({ dataset, options }: Pick<Target, 'dataset' | 'options'>, path: string): Promise<Outcome> {
  const source = makeSource(dataset, [path], { ...options, maxBad: { share: 1 }, maxLineBytes: 4000 })
  const documents: Document[] = []
  const bad = (): number => Object.values(source.stats.dropped).reduce((sum, n) => sum + n, 0)
  try {
    for await (const document of source as AsyncIterable<Document>) documents.push(document)
    return { documents, bad: bad() }
  } catch (error) {
    return { documents, bad: bad(), error }
  }
}

/** Damages a file once, and reads it. @returns null if the result is correct, else what is wrong */
export async function fuzzOnce (target: Target, random: Random, folder: string): Promise<string | null> {
  const damaged = damage(target.bytes, random)
  const { documents, bad, error } = await read(target, put(folder, target.file, damaged.bytes))
  if (error instanceof SluiceError) return error.code === 'ERR_SOURCE' ? null : `${error.code}: ${error.message}`
  if (error !== undefined) return error instanceof Error ? error.stack ?? error.message : JSON.stringify(error)
  if (target.isUnguarded === true) return lossOfRecords(target, documents.length + bad)
  return bad > 0 ? null : lossOf(target, damaged, documents)
}

/** Without an error, there must be as many records as before. */
function lossOfRecords ({ documents, bad = 0 }: Target, found: number): string | null {
  const expected = documents.length + bad
  return found === expected ? null : `${found} records for ${expected}, and no error`
}

/** Without an error and bad records, every document whose record wasn't touched must be there, unchanged. */
function lossOf (
  { dataset, documents: expected, places }: Target,
  { touched }: Damage,
  documents: readonly Document[]
): string | null {
  // If the header of CSV is damaged, the ids may be in a column of another name.
  const byText = dataset === 'text' || (dataset === 'csv' && touched.some(({ start }) => start < places![0]!.start))
  const keyOf = ({ id, text }: Document): string => byText ? text : `${id} ${text}`
  const got = documents.map(keyOf)
  if (places === null) {
    return got.join('\n') === expected.map(keyOf).join('\n')
      ? null
      : `other documents, and no error: ${got.length} for ${expected.length}`
  }
  const seen = new Set(got)
  const lost = expected.filter((document, i) =>
    !seen.has(keyOf(document)) && !touched.some(({ start, end }) => start <= places[i]!.end && end >= places[i]!.start))
  return lost.length === 0 ? null : `lost silently: ${lost.map(({ id, text }) => id || text).join(', ')}`
}
