/**
 * JSON in concatenated files: several records in a line, with and without white space between them, Python's constants,
 * strings, damage, and byte order marks. The expected result is known from the generation.
 */
import type { Document } from '../lib/document.ts'
import { documentPath } from '../lib/input/find.ts'
import { documentOfJson } from '../lib/records/json.ts'
import type { SourcePosition } from '../lib/records/positions.ts'
import type { BatchThreads, RecordBatch } from '../lib/records/record-batch.ts'
import type { RecordFault } from '../lib/records/record.ts'
import { type NdjsonOptions, ndjson } from '../sources/ndjson.ts'
import type { Random } from './fuzz.ts'
import { put } from './helpers.ts'

/** A record in a file, and its expected result. */
interface Made {
  readonly json: string
  /** Called with the position that names the record. */
  readonly outcome: (id: string) => Document | RecordFault
  /** Whether nothing else can follow it in its line. @default false */
  readonly endsLine?: boolean
}

const TEXTS = [
  '', 'a', 'water, "gates" & mühlen', '}{ ][ "{" \\', '🌊 NaN, Infinity\n{"text": "no"}\r', '\u2028 é \\" \\\\'
]
const CONSTANTS = [
  ['NaN', 'NaN'], ['Infinity', 'Infinity'], ['-Infinity', '-Infinity'], ['1', 1],
  ['[NaN,{"n":-Infinity}]', ['NaN', { n: '-Infinity' }]]
] as const
const JUNK = [
  'junk {"text":"x"}', ', {"text":"x"}', ']', '}{"text":"x"}', '{"text":"x', '{"text":["x"}', '{"text":"x\\"}', 'NaN,'
]

function oneOf<T> (list: readonly T[], random: Random): T {
  return list[random.below(list.length)]!
}

function madeRecord (random: Random): Made {
  const text = oneOf(TEXTS, random)
  switch (random.below(8)) {
    case 0: return { json: JSON.stringify(text), outcome: id => ({ id, text, meta: {} }) }
    case 1: return { json: '{"text":}', outcome: () => 'bad_json' }
    case 2: return { json: '{"text":NaN}', outcome: () => 'text_not_string' }
    case 3: return { json: oneOf(JUNK, random), outcome: () => 'bad_json', endsLine: true }
    case 4: return {
      json: `{"id":"own","text":${JSON.stringify(text)},"n":12345678901234567890}`,
      outcome: () => ({ id: 'own', text, meta: { n: '12345678901234567890' } })
    }
    default: {
      const [json, n] = oneOf(CONSTANTS, random)
      return { json: `{ "text": ${JSON.stringify(text)}, "n": ${json} }`, outcome: id => ({ id, text, meta: { n } }) }
    }
  }
}

/** A result, and its offset in the file. */
interface Found {
  readonly offset: number
  readonly outcome: Document | RecordFault
}

/** A file, its expected results, and the largest size of a record with its separator. */
function madeFile (
  random: Random,
  idPath: string
): { readonly json: string, readonly found: Found[], readonly longest: number } {
  let json = ''
  let longest = 0
  const found: Found[] = []
  const lines = 1 + random.below(5)
  for (let line = 0; line < lines; line++) {
    for (let i = 1 + random.below(5); i > 0; i--) {
      const { json: record, outcome, endsLine = false } = madeRecord(random)
      const offset = Buffer.byteLength(json)
      found.push({ offset, outcome: outcome(`${idPath}#${offset}`) })
      const before = i === 1 && random.below(8) === 0 && !endsLine && found.length > 1 ? '\ufeff' : ''
      const piece = before + record + (endsLine ? '' : oneOf(['', '', ' ', '\t', '\r', ' \r '], random))
      longest = Math.max(longest, Buffer.byteLength(piece))
      json += piece
      if (endsLine) break
    }
    json += line === lines - 1 ? oneOf(['', '\n'], random) : oneOf(['\n', '\r\n', '\n \n\n'], random)
  }
  return { json, found, longest }
}

/** With `lookAhead`, records go through threads, with that many concurrent batches. */
type FuzzOptions = NdjsonOptions & { readonly lookAhead?: number }

/** Does the work of threads in the calling thread. */
function threads (lookAhead: number): BatchThreads<Document> {
  return {
    lookAhead,
    documentOf: document => document,
    add: ({ json, records }: RecordBatch) => ({
      take: () => Promise.resolve(records.map(record => 'from' in record
        ? documentOfJson(Buffer.from(json).subarray(record.from, record.to), 'text', () => record.id)
        : record))
    })
  }
}

/** The results of a file, or of the rest of one, and the positions after the documents. */
async function read (
  path: string,
  { lookAhead, ...options }: FuzzOptions
): Promise<{ readonly found: Found[], readonly positions: SourcePosition[], readonly counts: unknown }> {
  const found: Found[] = []
  const positions: SourcePosition[] = []
  const offsets = new Map<object, number>()
  const alone = ndjson(path, {
    ...options,
    maxBad: '100%',
    highWaterMark: 1,
    located: (document, position) => { offsets.set(document, Number(position.split('#').at(-1))) },
    rejects: ({ fault, position }) => { found.push({ offset: Number(position.split('#').at(-1)), outcome: fault }) }
  })
  const source = lookAhead === undefined ? alone : alone.inBatches(threads(lookAhead))
  for await (const document of source as AsyncIterable<Document>) {
    found.push({ offset: offsets.get(document)!, outcome: document })
    positions.push(source.position)
  }
  return {
    found: found.sort((a, b) => a.offset - b.offset),
    positions,
    counts: { in: source.stats.in, bytes: source.stats.bytes }
  }
}

/**
 * Makes a file, and reads it: whole, and from each position on.
 *
 * @returns null if all results are correct, else what is wrong
 */
export async function fuzzJson (random: Random, folder: string): Promise<string | null> {
  const path = `${folder}/a.ndjson`
  const { json, found: expected, longest } = madeFile(random, documentPath(path))
  put(folder, 'a.ndjson', json)
  if (json.trimStart().startsWith('[')) return null
  const options: FuzzOptions = {
    ...random.below(2) === 0 && { maxLineBytes: longest + 2 }, // so that lines are cut before they end
    ...random.below(2) === 0 && { lookAhead: 1 + random.below(3) }
  }
  const whole = await read(path, options)
  const shown = (found: unknown): string =>
    `${JSON.stringify(json)} (${JSON.stringify(Object.keys(options))}): ${JSON.stringify(found)}`
  if (JSON.stringify(whole.found) !== JSON.stringify(expected)) {
    return `${shown(whole.found)}, expected ${JSON.stringify(expected)}`
  }
  if (JSON.stringify(whole.counts) !== JSON.stringify({ in: expected.length, bytes: Buffer.byteLength(json) })) {
    return shown(whole.counts)
  }
  for (const from of whole.positions) {
    const rest = await read(path, { ...options, from })
    const due = expected.filter(({ offset }) => offset >= from.offset)
    if (JSON.stringify(rest.found) !== JSON.stringify(due)) {
      return `resumed at ${from.offset}: ${shown(rest.found)}, expected ${JSON.stringify(due)}`
    }
    const counts = { in: due.length, bytes: Buffer.byteLength(json) - from.offset }
    if (JSON.stringify(rest.counts) !== JSON.stringify(counts)) {
      return `resumed at ${from.offset}: ${shown(rest.counts)}`
    }
  }
  return null
}
