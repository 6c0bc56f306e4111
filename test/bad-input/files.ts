/** Files that are missing, damaged, or of another kind than their extensions. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { docs, fixture, ndjsonOf, pattern } from '../helpers.ts'
import { frameOf, rawBlock } from '../zstd.ts'
import { type Case, type Cases, filter } from './case.ts'

/** Documents in a zstd frame whose header has the content size. */
export const ZST = frameOf([rawBlock(ndjsonOf(docs(3)), true)], { contentBytes: ndjsonOf(docs(3)).length })

type Files = Readonly<Record<string, string | Uint8Array>>

/** Reads files of a format as the dataset. */
function dataset (format: string, files: Files, ...args: readonly string[]): Pick<Case, 'args' | 'files'> {
  return { files, args: filter('--dataset', format, '--data-files', ...Object.keys(files), ...args) }
}

function arrowFile (name: string): Buffer {
  return readFileSync(fixture(`arrow/${name}.arrow`))
}

function parquetFile (name: string): Buffer {
  return readFileSync(fixture(`parquet/${name}.parquet`))
}

/** In the footer, the codec of the column `text`: field 4 after its path, an integer in zigzag; LZO is 3. */
function withLzo (): Buffer {
  const bytes = parquetFile('required')
  bytes[bytes.indexOf('\x19\x18\x04text\x15\x02', 'latin1') + 8] = 6
  return bytes
}

/** The bytes with one of them changed; `at` counts from the end. */
function withByte (bytes: Buffer, at: number): Buffer {
  bytes[bytes.length + at]! ^= 1
  return bytes
}

export const fileCases: Cases = {
  'a missing file': { code: 'ERR_FILES', args: ['read', 'none.ndjson'], says: /none\.ndjson: no such file/ },
  'a dataset on the Hub in offline mode': {
    code: 'ERR_HUB',
    args: ['shard-corpus', '--dataset', 'some/code', '--output', 'a.ndjson'],
    says: /some\/code@main: .*HF_HUB_OFFLINE/
  },
  'a glob that matches nothing': {
    code: 'ERR_FILES',
    args: filter('--data-files', 'none/*.ndjson'),
    says: /none\/\*\.ndjson: no file matches this glob/
  },
  'a folder in place of a file': { code: 'ERR_FILES', args: ['read', '.'], says: /\.: is a folder, expected a file/ },
  'a truncated .gz': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'cut.ndjson.gz'),
    files: { 'cut.ndjson.gz': gzipSync(ndjsonOf(docs(3000))).subarray(0, 5000) },
    says: /cut\.ndjson\.gz: the gzip data is cut off after \d+ decompressed bytes/
  },
  'a damaged .gz': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'bad.ndjson.gz'),
    files: { 'bad.ndjson.gz': Buffer.concat([gzipSync(ndjsonOf(docs(3))).subarray(0, 10), Buffer.alloc(50, 0xff)]) },
    says: /bad\.ndjson\.gz: damaged gzip data after \d+ decompressed bytes/
  },
  'a .gz that is not gzip data': {
    code: 'ERR_SOURCE',
    args: ['read', 'plain.ndjson.gz'],
    files: { 'plain.ndjson.gz': ndjsonOf(docs(3)) },
    says: /plain\.ndjson\.gz: is not gzip data, as its extension says/
  },
  'a .gz with a wrong checksum': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.ndjson.gz'),
    files: { 'a.ndjson.gz': withByte(gzipSync(ndjsonOf(docs(3))), -8) },
    says: /a\.ndjson\.gz: damaged gzip data after \d+ decompressed bytes \(incorrect data check\)/
  },
  'a .gz followed by other data': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.ndjson.gz'),
    files: { 'a.ndjson.gz': Buffer.concat([gzipSync(ndjsonOf(docs(3))), Buffer.from('more')]) },
    says: pattern(
      /a\.ndjson\.gz: the gzip data ends at byte \d+ of \d+, and what follows \(4 bytes\) is not gzip data; /,
      /get the file again/
    )
  },
  'an empty .gz': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.gz'],
    files: { 'a.ndjson.gz': '' },
    says: /a\.ndjson\.gz: the gzip data is cut off after 0 decompressed bytes/
  },
  'an empty .zst': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.zst'],
    files: { 'a.ndjson.zst': '' },
    says: /a\.ndjson\.zst: the zstd data is cut off after 0 decompressed bytes/
  },
  'a truncated .zst': {
    code: 'ERR_SOURCE',
    args: ['read', 'cut.ndjson.zst'],
    files: { 'cut.ndjson.zst': ZST.subarray(0, -9) },
    says: /cut\.ndjson\.zst: the zstd data is cut off after 0 decompressed bytes, expected more; get the file again/
  },
  'a .zst with a wrong checksum': {
    code: 'ERR_SOURCE',
    args: ['read', '--limit', '1', 'bad.ndjson.zst'],
    files: { 'bad.ndjson.zst': frameOf([rawBlock('\n', true)], { checksum: 1 }) },
    says: pattern(
      /bad\.ndjson\.zst: damaged zstd data after 1 decompressed bytes /,
      /\(a frame whose checksum doesn't match\); get the file again/
    )
  },
  'a .zst that is not zstd data': {
    code: 'ERR_SOURCE',
    args: ['read', 'plain.ndjson.zst'],
    files: { 'plain.ndjson.zst': ndjsonOf(docs(3)) },
    says: /plain\.ndjson\.zst: is not zstd data, as its extension says; give it another name/
  },
  'a .zst followed by other data': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'rest.ndjson.zst'),
    files: { 'rest.ndjson.zst': Buffer.concat([ZST, Buffer.from('more')]) },
    says: /the zstd data ends at byte \d+ of \d+, and what follows \(4 bytes\) is not zstd data; get the file again/
  },
  'a .zst whose window is too large': {
    code: 'ERR_SOURCE',
    args: ['read', fixture('zstd/larger-window.zst')],
    says: pattern(
      /larger-window\.zst: was compressed with a window of 268435456 bytes; the limit is 134217728; /,
      /decompress it first, with zstd -d --long=31/
    )
  },
  'a .zst with a dictionary': {
    code: 'ERR_SOURCE',
    args: ['read', fixture('zstd/dictionary.zst')],
    says: /dictionary\.zst: was compressed with a dictionary \(\d+\), which sluice can't use/
  },
  'gzip data with another extension': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson'],
    files: { 'a.ndjson': gzipSync('{}') },
    says: /a\.ndjson: is gzip data; give it a name that ends in \.gz/
  },
  'zstd data with another extension': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson'],
    files: { 'a.ndjson': ZST },
    says: /a\.ndjson: is zstd data; give it a name that ends in \.zst/
  },
  'gzip data on standard input': {
    code: 'ERR_SOURCE', args: ['read'], input: gzipSync('{}'), says: /-: is gzip data; pipe it through gzip -dc/
  },
  'a .gz that was compressed twice': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.gz'],
    files: { 'a.ndjson.gz': gzipSync(gzipSync('{}')) },
    says: /a\.ndjson\.gz: is gzip data again once it is decompressed; decompress it once by hand/
  },
  'a parquet file': {
    code: 'ERR_SOURCE',
    args: ['read', '--dataset', 'json', 'a.parquet'],
    files: { 'a.parquet': 'PAR1\x15\x04\x15' },
    says: /a\.parquet: is a parquet file; read it with --dataset parquet \(dataset: parquet\)/
  },
  'an xz file': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.xz'],
    files: { 'a.ndjson.xz': Buffer.from('fd377a585a000004', 'hex') },
    says: /a\.ndjson\.xz: is xz data; decompress it first, with xz -dc/
  },
  'UTF-16': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson'],
    files: { 'a.ndjson': Buffer.from('\ufeff{}\n', 'utf16le') },
    says: /a\.ndjson: is UTF-16; convert it to UTF-8, for example with iconv/
  },
  'a truncated parquet file': {
    code: 'ERR_SOURCE',
    ...dataset('parquet', { 'a.parquet': parquetFile('row-groups').subarray(0, -100) }),
    says: /a\.parquet: the parquet file is cut off: it begins with PAR1 and doesn't end with it; get the file again/
  },
  'a parquet file with an unknown codec': {
    code: 'ERR_SOURCE',
    ...dataset('parquet', { 'a.parquet': withLzo() }),
    says: /a\.parquet: row group 0, column text: is compressed with LZO, expected one of .*ZSTD/
  },
  'a missing column in a parquet file': {
    code: 'ERR_SOURCE',
    ...dataset('parquet', { 'a.parquet': parquetFile('required') }, '--text-column', 'body'),
    says: /a\.parquet: has no column body; it has text, n; name one of these \(--text-column/
  },
  'parquet files of mixed schemas': {
    code: 'ERR_SOURCE',
    ...dataset('parquet', { 'a.parquet': parquetFile('required'), 'b.parquet': parquetFile('names') }),
    says: /b\.parquet: has no column text; it has a\.b, a, __proto__/
  },
  'an Arrow file truncated between two messages': {
    code: 'ERR_SOURCE',
    ...dataset('arrow', { 'a.arrow': arrowFile('tiny-row-groups.stream').subarray(0, -8) }),
    says: /a\.arrow: the Arrow data is cut off at byte \d+.*without a mark of its end/
  },
  'a missing column in an Arrow file': {
    code: 'ERR_SOURCE',
    ...dataset('arrow', { 'a.arrow': arrowFile('required.file') }, '--text-column', 'body'),
    says: /a\.arrow: has no column body; it has text, n/
  },
  'text with the extension of Arrow': {
    code: 'ERR_SOURCE',
    ...dataset('arrow', { 'a.arrow': '{"text":"a"}\n' }),
    says: /a\.arrow: is not an Arrow file or stream: it begins with/
  },
  'parquet from standard input': {
    code: 'ERR_OPTION',
    args: ['read', '--dataset', 'parquet'],
    input: parquetFile('required'),
    says: /-: parquet is read from its end, so it can't be read from a stream; write it to a file/
  }
}
