/** The content of files in the datasets of `layouts`: the same for a seed on every run. */
import { type ParquetField, writeParquet } from '../parquet-writer.ts'
import { randomNumbers } from './misbehaviour.ts'

export interface LayoutRecord {
  readonly id: string
  readonly text: string
  readonly score: number
  readonly meta: { readonly url: string, readonly tags: readonly string[] }
}

const WORDS = [
  'sluice', 'gate', 'water', 'river', 'meadow', 'Schleuse', 'Wasser', 'écluse', 'rivière', '水門', '川', 'шлюз', 'река',
  '🚤', 'lock', '"barge"', 'mill,', 'stone;', 'a\\b', '{c}'
]

/** Records that are the same for a seed; their ids differ from those of other seeds. */
export function recordsOf (seed: number, count = 5): LayoutRecord[] {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, (_, i) => ({
    id: `${seed}-${i}`,
    text: `${seed}-${i}: ${Array.from({ length: 2 + below(12) }, () => WORDS[below(WORDS.length)]).join(' ')}`,
    score: below(100) / 4,
    meta: { url: `https://example.org/${seed}/${i}`, tags: Array.from({ length: below(4) }, () => WORDS[below(4)]!) }
  }))
}

/** The texts of files, in their order. */
export function textsOf (...seeds: readonly number[]): string[] {
  return seeds.flatMap(seed => recordsOf(seed).map(({ text }) => text))
}

export function lines (seed: number): string {
  return recordsOf(seed).map(record => JSON.stringify(record) + '\n').join('')
}

export function plainLines (seed: number, end = '\n'): string {
  return recordsOf(seed).map(({ text }) => text + end).join('')
}

export function csv (seed: number, separator = ','): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  return [
    ['id', 'text', 'score'],
    ...recordsOf(seed).map(({ id, text, score }) => [id, `${text}\nnext line`, String(score)])
  ].map(fields => fields.map(quoted).join(separator) + '\n').join('')
}

export function csvTexts (...seeds: readonly number[]): string[] {
  return textsOf(...seeds).map(text => `${text}\nnext line`)
}

/** A dataset card with lines of YAML. */
export function card (...yaml: readonly string[]): string {
  return ['---', 'license: mit', ...yaml, '---', '# A card', ''].join('\n')
}

/** Blank lines, and characters that end lines in other formats. */
export const ODD_LINES = ['a', '', ' b ', '', '', 'c\u2028d\u0085e\ff', '\u00a0', 'z']

const OPTIONAL = { repetition_type: 'OPTIONAL' } as const
const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...OPTIONAL } as const
const FIELDS: readonly ParquetField[] = [
  { name: 'root', num_children: 4 },
  { name: 'id', ...STRING },
  { name: 'meta', num_children: 2, ...OPTIONAL },
  { name: 'url', ...STRING },
  { name: 'tags', num_children: 1, converted_type: 'LIST', ...OPTIONAL },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', ...STRING },
  { name: 'text', ...STRING },
  { name: 'score', type: 'DOUBLE', ...OPTIONAL }
]

/** Row groups of two rows and of one, with columns next to the text, one of them nested. */
export async function parquet (seed: number): Promise<Buffer> {
  const columns = (['id', 'meta', 'text', 'score'] as const).map(name => ({
    name, data: recordsOf(seed).map(record => record[name])
  }))
  return await writeParquet(columns, { codec: 'SNAPPY', pageSize: 1024, rowGroupSize: [2, 1], schema: FIELDS })
}

const LONG = 2n ** 53n
const MOMENT = Date.UTC(2024, 1, 29, 12, 30)

/** Columns of types that JSON lacks. */
export async function parquetTypes (): Promise<Buffer> {
  return await writeParquet([
    { name: 'text', data: ['one', 'two', 'three'] },
    { name: 'long', data: [LONG + 1n, -LONG - 1n, 7n] },
    { name: 'day', data: [new Date(MOMENT), null, new Date(0)] },
    { name: 'at', data: [new Date(MOMENT), new Date(1), null] },
    { name: 'bytes', data: [Uint8Array.of(0, 255, 10), Uint8Array.of(), null] },
    { name: 'flag', data: [true, null, false] }
  ], {
    codec: 'UNCOMPRESSED',
    pageSize: 1024,
    rowGroupSize: [2],
    schema: [
      { name: 'root', num_children: 6 },
      { name: 'text', ...STRING },
      { name: 'long', type: 'INT64', ...OPTIONAL },
      { name: 'day', type: 'INT32', converted_type: 'DATE', ...OPTIONAL },
      { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', ...OPTIONAL },
      { name: 'bytes', type: 'BYTE_ARRAY', ...OPTIONAL },
      { name: 'flag', type: 'BOOLEAN', ...OPTIONAL }
    ]
  })
}
