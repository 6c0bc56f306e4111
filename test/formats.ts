/** The same records in every supported format, for tests. */
import { gzipSync } from 'node:zlib'
import { tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette'
import { loadZstdCompressor } from '../lib/zstd/compress.ts'
import type { CheckedSourceOptions } from '../recipes/stages.ts'
import { type ParquetOptions, writeParquet } from './parquet-writer.ts'

/** A record with an id, a text, and one more field. */
export interface PlainRecord {
  readonly id: string
  readonly text: string
  readonly url: string
}

export interface Format {
  /** The value of `dataset`, and the extension of its files. */
  readonly dataset: string
  readonly ending: string
  readonly options?: CheckedSourceOptions
  readonly bytes: (records: readonly PlainRecord[]) => Buffer | Promise<Buffer>
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
const separated = (separator: string, end: string) => (records: readonly PlainRecord[]): Buffer =>
  Buffer.from([['id', 'text', 'url'], ...records.map(({ id, text, url }) => [id, text, url])].map(fields =>
    fields.map(quoted).join(separator) + end).join(''))

const parquet = (options: Omit<ParquetOptions, 'rowGroupSize'>) => (records: readonly PlainRecord[]): Promise<Buffer> =>
  writeParquet((['url', 'id', 'text'] as const).map(name => ({
    name, data: records.map(record => record[name]), type: 'STRING'
  })), { ...options, rowGroupSize: [2, 3, 100] })

const arrow = (format: 'stream' | 'file') => (records: readonly PlainRecord[]): Buffer => {
  const names = ['url', 'id', 'text'] as const
  const columns = Object.fromEntries(names.map(name => [name, records.map(record => record[name])]))
  return Buffer.from(tableToIPC(tableFromArrays(columns, {
    types: Object.fromEntries(names.map(name => [name, utf8()])), maxBatchRows: 3
  }), { format })!)
}

export const formats: Readonly<Record<string, Format>> = {
  ndjson: {
    dataset: 'json',
    ending: 'ndjson',
    bytes: records => Buffer.from(records.map(record => JSON.stringify(record) + '\n').join(''))
  },
  'ndjson with a byte order mark and CRLF': {
    dataset: 'json',
    ending: 'jsonl',
    bytes: records => Buffer.from('\ufeff' + records.map(record => JSON.stringify(record)).join('\r\n'))
  },
  array: { dataset: 'json', ending: 'json', bytes: records => Buffer.from(JSON.stringify(records)) },
  'indented array': {
    dataset: 'json', ending: 'json', bytes: records => Buffer.from(JSON.stringify(records, null, 2) + '\n')
  },
  csv: { dataset: 'csv', ending: 'csv', bytes: separated(',', '\n') },
  tsv: { dataset: 'csv', ending: 'tsv', bytes: separated('\t', '\r\n') },
  parquet: {
    dataset: 'parquet',
    ending: 'parquet',
    options: { columns: ['url'] },
    bytes: parquet({ codec: 'SNAPPY', pageSize: 1024 * 1024 })
  },
  'parquet in small pages': {
    dataset: 'parquet',
    ending: 'parquet',
    options: { columns: ['*'] },
    bytes: parquet({ codec: 'UNCOMPRESSED', pageSize: 64 })
  },
  arrow: { dataset: 'arrow', ending: 'arrow', options: { columns: ['url'] }, bytes: arrow('stream') },
  'arrow file': { dataset: 'arrow', ending: 'arrow', options: { columns: ['*'] }, bytes: arrow('file') }
}

const zstd = await loadZstdCompressor()

/** By extension. Compressed data has two frames, or members, if there is data for both. */
export const compressions: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  '': bytes => bytes,
  '.gz': bytes =>
    Buffer.concat([gzipSync(bytes.subarray(0, bytes.length >> 1)), gzipSync(bytes.subarray(bytes.length >> 1))]),
  '.zst': bytes => Buffer.concat([zstd(bytes.subarray(0, bytes.length >> 1)), zstd(bytes.subarray(bytes.length >> 1))])
}

/** Whether files of a format can be compressed as a whole. */
export function canBe ({ dataset }: Format, compression: string): boolean {
  return compression === '' || dataset !== 'parquet'
}
