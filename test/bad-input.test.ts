/**
 * Every way that a call, a manifest or the data can be wrong: the error's code, the exit code, and the message with the
 * place. A code without a case fails the test.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { t } from './tap.ts'
import { type ErrorCode, errorCodes } from '../lib/errors.ts'
import { lock, withLock } from '../lib/output/lock.ts'
import { npyHeader } from '../lib/shards/npy.ts'
import { dedup } from '../transforms/dedup.ts'
import { command, commandProcess } from './commands.ts'
import {
  answers, docs, failure, filesIn, fixture, howMany, isThorough, ndjsonOf, put, temporaryFolder
} from './helpers.ts'
import { frameOf, rawBlock, zstdBomb } from './zstd.ts'

process.env.HF_HUB_OFFLINE = '1' // nothing here is to reach the Hub
const commands = commandProcess()
/** In `npm test` most cases are in the test's own process. */
const run = isThorough() ? commands.run : command
const RECORDS = ndjsonOf(answers().records)

const MODEL = fixture('tiny.model')
/** Documents in a frame with its size. */
const ZST = frameOf([rawBlock(ndjsonOf(docs(3)), true)], { contentBytes: ndjsonOf(docs(3)).length })
const GOOD = '- { name: a, dataset: json, data_files: good.ndjson, seq_len: 64, output_dir: shards }'

interface Case {
  readonly code: ErrorCode
  readonly args: readonly string[]
  readonly says: RegExp
  readonly input?: string | Uint8Array
  /** Files to put into the working directory beside those that every case has. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined
  /** Files that are there afterwards and were not before; none, where nothing is said. */
  readonly leaves?: readonly string[]
}

const mixture = (manifest: string, more: Pick<Case, 'files'> = {}): Pick<Case, 'args' | 'files'> => ({
  args: ['process-mixture', 'm.yaml', '--tokenizer-path', MODEL, '--log-file', 'stats.json'],
  files: { 'm.yaml': manifest, ...more.files }
})
const filter = (...args: readonly string[]): readonly string[] =>
  ['filter-corpus', '--target-lang', 'any', '--min-chars', '1', '--output-path', 'out.ndjson', ...args]
/** A file of records, most of them good, so that only `--max-bad 0` minds the bad one. */
const withBad = (line: string | Buffer, maxLineBytes = '200'): Pick<Case, 'args' | 'files'> => ({
  files: { 'bad.ndjson': Buffer.concat([Buffer.from(ndjsonOf(docs(5))), Buffer.from(line), Buffer.from('\n')]) },
  args: filter('--data-files', 'bad.ndjson', '--max-bad', '0', '--max-line-bytes', maxLineBytes)
})

/** What is said of the one bad record of `withBad`, with its place. */
const firstBad = (fault: string): RegExp => new RegExp(`bad\\.ndjson: 1 of 6 records are bad \\(${fault}: 1\\), ` +
  `allowed are 0; the first is ${fault} at bad\\.ndjson#${ndjsonOf(docs(5)).length}( \\(line 6, [^;]*\\))?;`)

/** Parquet files `a.parquet`, and more, as the dataset. */
const ofParquet = (
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): Pick<Case, 'args' | 'files'> => ({
  files, args: filter('--dataset', 'parquet', '--data-files', ...Object.keys(files), ...args)
})
const ofArrow = (
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): Pick<Case, 'args' | 'files'> => ({
  files, args: filter('--dataset', 'arrow', '--data-files', ...Object.keys(files), ...args)
})
const arrowFile = (name: string): Buffer => readFileSync(fixture(`arrow/${name}.arrow`))
const parquetFile = (name: string): Buffer => readFileSync(fixture(`parquet/${name}.parquet`))
/** In the footer, the codec of the column `text`: field 4 behind its path, an integer in zigzag; LZO is 3. */
const withLzo = (): Buffer => {
  const bytes = parquetFile('required')
  bytes[bytes.indexOf('\x19\x18\x04text\x15\x02', 'latin1') + 8] = 6
  return bytes
}
/** With one byte changed, counted from the end. */
const withByte = (bytes: Buffer, at: number): Buffer => {
  bytes[bytes.length + at]! ^= 1
  return bytes
}
/** Stats of one sequence in a shard that is described in JSON. */
const statsOf = (shard: string): string =>
  `{"name":"a","sequences":1,"tokens":64,"tail_tokens":0,"shards":1,"output_dir":"shards","seq_len":64,"dtype":"int32","vocab_size":85,"tokenizer_sha256":"${'cd'.repeat(32)}","shard_files":[${shard}]}`

const cases: Readonly<Record<string, Case>> = {
  // the command line
  'an unknown command': {
    code: 'ERR_USAGE',
    args: ['filter-corpse'],
    says: /unknown command 'filter-corpse'\n\(Did you mean filter-corpus\?\)/
  },
  'no command': { code: 'ERR_USAGE', args: [], says: /Usage: sluice/ },
  'an unknown flag': {
    code: 'ERR_USAGE',
    args: ['length', '--min-char', '3'],
    says: /unknown option '--min-char'\n\(Did you mean --min-chars\?\)/
  },
  'the beginning of a command': {
    code: 'ERR_USAGE',
    args: ['filter', 'good.ndjson'],
    says: /unknown command 'filter'\n\(Did you mean filter-corpus\?\)/
  },
  'a command like no other': {
    code: 'ERR_USAGE', args: ['zzzzzz'], says: /unknown command 'zzzzzz'; see sluice --help \[/
  },
  'the beginning of a flag': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', 'good.ndjson', '--output', 'a.txt'],
    says: /unknown option '--output'\n\(Did you mean --output-path\?\)/
  },
  'a flag like several': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', '--lang', 'en'],
    says: /\(Did you mean --lang-threshold or --lang-detector or --lang-model\?\)/
  },
  'a flag like no other': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', '-o', 'a.txt'],
    says: /unknown option '-o'; see sluice filter-corpus --help \[/
  },
  'a flag without its value': {
    code: 'ERR_USAGE', args: ['length', '--min-chars'], says: /--min-chars <number>' argument missing/
  },
  'a missing argument': { code: 'ERR_USAGE', args: ['process-mixture'], says: /missing required argument 'manifest'/ },
  'an argument too many': { code: 'ERR_USAGE', args: ['length', 'a.ndjson'], says: /too many arguments/ },
  'an output of an unknown kind': {
    code: 'ERR_USAGE', args: ['write', 'out.parquet'], input: '', says: /out\.parquet: expected a name that ends in/
  },
  'a wrong value': {
    code: 'ERR_OPTION',
    args: ['length', '--min-chars', 'many'],
    input: '',
    says: /--min-chars: expected a number, got "many"/
  },
  'a value out of range': {
    code: 'ERR_OPTION',
    args: ['language', '--threshold', '2'],
    input: '',
    says: /--threshold: expected at most 1, got 2/
  },
  'a required flag left out': {
    code: 'ERR_OPTION',
    args: ['filter-corpus'],
    says: /--data-files: expected the paths or globs of the files to read, or OWNER\/NAME/
  },
  'a dataset that can\'t be read': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--dataset', 'jsonp'),
    says: /jsonp cannot be read, expected json or csv or text or parquet or arrow, with data files, or OWNER\/NAME of a dataset on the Hub/
  },
  'a bound on bad records that is none': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--max-bad', 'few'),
    says: /--max-bad: expected a count such as 100, or a share such as 1% or 0\.01, got "few"/
  },

  // the manifest
  'no manifest': {
    code: 'ERR_MANIFEST', args: ['process-mixture', 'none.yaml'], says: /none\.yaml: cannot be read: no such file/
  },
  'a manifest that is no YAML': { code: 'ERR_MANIFEST', ...mixture('datasets: [\n'), says: /m\.yaml:2:1: / },
  'an unknown key': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len', 'seqlen')),
    says: /m\.yaml:1:54: unknown key seqlen \(did you mean seq_len\?\)/
  },
  'a wrong type': {
    code: 'ERR_MANIFEST', ...mixture(GOOD.replace('64', 'long')), says: /m\.yaml:1:63: expected a number, got "long"/
  },
  'an unknown filter': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [dedupe]')),
    says: /m\.yaml:1:64: unknown stage dedupe \(did you mean dedup\?\)/
  },
  'an unknown option of a filter': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ dedup: { windows: 5 } }]')),
    says: /m\.yaml:1:75: unknown key windows \(did you mean window\?\)/
  },
  'a missing file in a manifest': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('good.ndjson', 'none.ndjson')),
    says: /m\.yaml:1:41: none\.ndjson: no such file/
  },
  'two components with one name': {
    code: 'ERR_MANIFEST',
    ...mixture(`${GOOD}\n${GOOD.replace('shards', 'other')}`),
    says: /m\.yaml:2:11: two components have the name a/
  },
  'two components with one output_dir': {
    code: 'ERR_MANIFEST',
    ...mixture(`${GOOD}\n${GOOD.replace('name: a', 'name: b').replace('shards', './shards/')}`),
    says: /m\.yaml:2:79: two components have the output_dir \.\/shards\//
  },
  'no tokenizer': {
    code: 'ERR_MANIFEST',
    args: ['process-mixture', 'm.yaml'],
    files: { 'm.yaml': GOOD },
    says: /m\.yaml:1:1: the manifest names no tokenizer_output_dir/
  },

  'a model of a filter that isn\'t there': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ classify: { model: none.bin, label: hq, min: 0.5 } }]')),
    says: /m\.yaml:1:85: none\.bin: no such file, expected the file of a model/
  },
  'a label in a manifest that the model doesn\'t have': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', `filters: [{ classify: { model: ${fixture('fasttext/hs.bin')}, label: ` +
      'hq, min: 0.5 } }]')),
    says: /m\.yaml:1:\d+: .*hs\.bin: has no label "hq"; it has __label__de/
  },
  'a model in a manifest that is none': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ classify: { model: good.ndjson, label: hq, min: 0.5 } }]')),
    says: /m\.yaml:1:85: good\.ndjson: can't be used as a fastText model/
  },
  'a model without its detector': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--lang-model', 'good.ndjson'),
    says: /--lang-model is for --lang-detector fasttext/
  },
  'a detector for any language': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--lang-detector', 'fasttext'),
    says: /no language is detected: leave --lang-detector out/
  },
  'a model that is none': {
    code: 'ERR_MODEL',
    args: filter(
      '--data-files', 'good.ndjson', '--target-lang', 'en', '--lang-detector', 'fasttext', '--lang-model',
      'good.ndjson'
    ),
    says: /good\.ndjson: can't be used as a fastText model/
  },
  'a label that a model doesn\'t have': {
    code: 'ERR_OPTION',
    args: ['classify', '--model', fixture('fasttext/hs.bin'), '--label', 'hq', '--min', '0.5'],
    input: '{"id":"1","text":"a","meta":{}}\n',
    says: /hs\.bin: has no label "hq"; it has __label__de/
  },
  'a language that a model doesn\'t know': {
    code: 'ERR_OPTION',
    args: ['language', '--detector', 'fasttext', '--model', fixture('fasttext/hs.bin'), '--keep', 'nl'],
    input: '{"id":"1","text":"a","meta":{}}\n',
    says: /does not know the language "nl"; it knows de ru/
  },

  // files
  'a missing file': { code: 'ERR_FILES', args: ['read', 'none.ndjson'], says: /none\.ndjson: no such file/ },
  'a dataset on the Hub, which is not to be asked': {
    code: 'ERR_HUB',
    args: ['shard-corpus', '--dataset', 'some/code', '--output', 'a.ndjson'],
    says: /some\/code@main: .*HF_HUB_OFFLINE/
  },
  'a glob that matches nothing': {
    code: 'ERR_FILES',
    args: filter('--data-files', 'none/*.ndjson'),
    says: /none\/\*\.ndjson: no file matches this glob/
  },
  'a folder in a file\'s place': { code: 'ERR_FILES', args: ['read', '.'], says: /\.: is a folder, expected a file/ },
  'a .gz that is cut off': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'cut.ndjson.gz'),
    files: { 'cut.ndjson.gz': gzipSync(ndjsonOf(docs(3000))).subarray(0, 5000) },
    says: /cut\.ndjson\.gz: the gzip data is cut off after \d+ decompressed bytes/
  },
  'a .gz that is damaged': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'bad.ndjson.gz'),
    files: { 'bad.ndjson.gz': Buffer.concat([gzipSync(ndjsonOf(docs(3))).subarray(0, 10), Buffer.alloc(50, 0xff)]) },
    says: /bad\.ndjson\.gz: damaged gzip data after \d+ decompressed bytes/
  },
  'a .gz that is none': {
    code: 'ERR_SOURCE',
    args: ['read', 'plain.ndjson.gz'],
    files: { 'plain.ndjson.gz': ndjsonOf(docs(3)) },
    says: /plain\.ndjson\.gz: is not gzip data, which its ending promises/
  },
  'a .gz with another checksum': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.ndjson.gz'),
    files: { 'a.ndjson.gz': withByte(gzipSync(ndjsonOf(docs(3))), -8) },
    says: /a\.ndjson\.gz: damaged gzip data after \d+ decompressed bytes \(incorrect data check\)/
  },
  'a .gz with something else behind it': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.ndjson.gz'),
    files: { 'a.ndjson.gz': Buffer.concat([gzipSync(ndjsonOf(docs(3))), Buffer.from('more')]) },
    says: /a\.ndjson\.gz: the gzip data ends at byte \d+ of \d+, and what follows \(4 bytes\) is not gzip data; get the file again/
  },
  'a .gz that is empty': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.gz'],
    files: { 'a.ndjson.gz': '' },
    says: /a\.ndjson\.gz: the gzip data is cut off after 0 decompressed bytes/
  },
  'a .zst that is empty': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson.zst'],
    files: { 'a.ndjson.zst': '' },
    says: /a\.ndjson\.zst: the zstd data is cut off after 0 decompressed bytes/
  },
  'a .zst that is cut off': {
    code: 'ERR_SOURCE',
    args: ['read', 'cut.ndjson.zst'],
    files: { 'cut.ndjson.zst': ZST.subarray(0, -9) },
    says: /cut\.ndjson\.zst: the zstd data is cut off after 0 decompressed bytes, expected more; get the file again/
  },
  'a .zst with another checksum': {
    code: 'ERR_SOURCE',
    args: ['read', '--limit', '1', 'bad.ndjson.zst'],
    files: { 'bad.ndjson.zst': frameOf([rawBlock('\n', true)], { checksum: 1 }) },
    says: /bad\.ndjson\.zst: damaged zstd data after 1 decompressed bytes \(a frame with another checksum than it tells\); get the file again/
  },
  'a .zst that is none': {
    code: 'ERR_SOURCE',
    args: ['read', 'plain.ndjson.zst'],
    files: { 'plain.ndjson.zst': ndjsonOf(docs(3)) },
    says: /plain\.ndjson\.zst: is not zstd data, which its ending promises; give it another name/
  },
  'a .zst with something else behind it': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'rest.ndjson.zst'),
    files: { 'rest.ndjson.zst': Buffer.concat([ZST, Buffer.from('more')]) },
    says: /the zstd data ends at byte \d+ of \d+, and what follows \(4 bytes\) is not zstd data; get the file again/
  },
  'a .zst with a larger window': {
    code: 'ERR_SOURCE',
    args: ['read', fixture('zstd/larger-window.zst')],
    says: /larger-window\.zst: was compressed with a window of 268435456 bytes, at most 134217728 are read; decompress it first, with zstd -d --long=31/
  },
  'a .zst with a dictionary': {
    code: 'ERR_SOURCE',
    args: ['read', fixture('zstd/dictionary.zst')],
    says: /dictionary\.zst: was compressed with a dictionary \(\d+\), which sluice can't use/
  },
  'gzip data under another name': {
    code: 'ERR_SOURCE',
    args: ['read', 'a.ndjson'],
    files: { 'a.ndjson': gzipSync('{}') },
    says: /a\.ndjson: is gzip data; give it a name that ends in \.gz/
  },
  'zstd data under another name': {
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
  'a parquet file that is cut off': {
    code: 'ERR_SOURCE',
    ...ofParquet({ 'a.parquet': parquetFile('row-groups').subarray(0, -100) }),
    says: /a\.parquet: the parquet file is cut off: it begins with PAR1 and doesn't end with it; get the file again/
  },
  'a parquet file with a codec that isn\'t known': {
    code: 'ERR_SOURCE',
    ...ofParquet({ 'a.parquet': withLzo() }),
    says: /a\.parquet: row group 0, column text: is compressed with LZO, expected one of .*ZSTD/
  },
  'a column that isn\'t in a parquet file': {
    code: 'ERR_SOURCE',
    ...ofParquet({ 'a.parquet': parquetFile('required') }, '--text-column', 'body'),
    says: /a\.parquet: has no column body; it has text, n; name one of these \(--text-column/
  },
  'parquet files of mixed schemas': {
    code: 'ERR_SOURCE',
    ...ofParquet({ 'a.parquet': parquetFile('required'), 'b.parquet': parquetFile('names') }),
    says: /b\.parquet: has no column text; it has a\.b, a, __proto__/
  },
  'an Arrow file that is cut off between two messages': {
    code: 'ERR_SOURCE',
    ...ofArrow({ 'a.arrow': arrowFile('tiny-row-groups.stream').subarray(0, -8) }),
    says: /a\.arrow: the Arrow data is cut off at byte \d+.*without a mark of its end/
  },
  'a column that isn\'t in an Arrow file': {
    code: 'ERR_SOURCE',
    ...ofArrow({ 'a.arrow': arrowFile('required.file') }, '--text-column', 'body'),
    says: /a\.arrow: has no column body; it has text, n/
  },
  'an Arrow file that is text': {
    code: 'ERR_SOURCE',
    ...ofArrow({ 'a.arrow': '{"text":"a"}\n' }),
    says: /a\.arrow: is not an Arrow file or stream: it begins with/
  },
  'parquet from standard input': {
    code: 'ERR_OPTION',
    args: ['read', '--dataset', 'parquet'],
    input: parquetFile('required'),
    says: /-: parquet is read from its end, which a stream doesn't have; write it to a file/
  },

  // records
  bad_json: { code: 'ERR_BAD_RECORDS', ...withBad('{"text":'), says: firstBad('bad_json') },
  not_object: { code: 'ERR_BAD_RECORDS', ...withBad('[1]'), says: firstBad('not_object') },
  text_not_string: { code: 'ERR_BAD_RECORDS', ...withBad('{"text":1}'), says: firstBad('text_not_string') },
  bad_utf8: {
    code: 'ERR_BAD_RECORDS', ...withBad(Buffer.from('{"text":"\xe9"}', 'latin1')), says: firstBad('bad_utf8')
  },
  lone_surrogate: { code: 'ERR_BAD_RECORDS', ...withBad('{"text":"\\ud800"}'), says: firstBad('lone_surrogate') },
  too_long: { code: 'ERR_BAD_RECORDS', ...withBad(`{"text":"${'x'.repeat(300)}"}`), says: firstBad('too_long') },
  bad_csv: {
    code: 'ERR_BAD_RECORDS',
    args: filter('--dataset', 'csv', '--data-files', 'a.csv', '--max-bad', '0'),
    files: { 'a.csv': 'text\n"a"b\n' },
    says: /\(bad_csv: 1\).*the first is bad_csv at a\.csv#5.*--quote ''/
  },
  too_deep: {
    code: 'ERR_BAD_RECORDS',
    ...withBad(`{"text":"a","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, '100000'),
    says: firstBad('too_deep')
  },
  'a column that isn\'t there': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.tsv'),
    files: { 'a.tsv': 'id\tbody\n1\ta\n' },
    says: /a\.tsv: has no column text, its columns are "id", "body"/
  },
  'columns that two files don\'t share': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.csv', 'b.csv'),
    files: { 'a.csv': 'text\na\n', 'b.csv': 'txt\nb\n' },
    says: /b\.csv: has no column text, its columns are "txt"/
  },
  'a quote that is never closed': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.csv'),
    files: { 'a.csv': 'text\na\n"b\n' },
    says: /a\.csv: a quote that opens in the last record is never closed/
  },
  'an array that is cut off': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.json'),
    files: { 'a.json': '[{"text":"a"},{"te' },
    says: /a\.json: the JSON array that the file begins with has no end/
  },
  'more behind an array': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.json'),
    files: { 'a.json': '[{"text":"a"}]{"text":"b"}' },
    says: /a\.json: the JSON array that the file begins with has ended, and more follows: "\{\\"text/
  },
  'an option of another source': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--delimiter', ';'),
    says: /delimiter: dataset json takes none \(it is for csv\)/
  },
  'a filter that drops everything': {
    code: 'ERR_EXPECTED',
    args: filter('--data-files', 'good.ndjson', '--min-chars', '9000'),
    says: /sluice: length dropped all \d+ documents that came to it \(too_short: \d+\)/
  },
  'another share than expected': {
    code: 'ERR_EXPECTED',
    args: filter('--data-files', 'good.ndjson', '--expect-kept', '0.01'),
    says: /all filters kept .*expected 1%/
  },
  'a line of a pipe that is no document': {
    code: 'ERR_DOCUMENT',
    args: ['dedup'],
    input: '{"text":"x"}\n',
    says: /dedup: line 1 of standard input: expected \{"id","text","meta"\}/
  },
  'a text of several lines for a .txt': {
    code: 'ERR_DOCUMENT',
    args: ['write', 'out.txt'],
    input: ndjsonOf([{ id: 'two', text: 'a\nb' }]),
    says: /out\.txt: document two has line breaks/
  },

  // the tokenizer
  'no model': {
    code: 'ERR_TOKENIZER',
    args: ['check-tokenizer', '--tokenizer-path', 'none.model'],
    says: /none\.model: no such file/
  },
  'a model that isn\'t one': {
    code: 'ERR_TOKENIZER',
    args: ['shard-corpus', '--data-files', 'good.ndjson', '--tokenizer-path', 'good.ndjson'],
    says: /good\.ndjson: is JSON, which sluice can't encode with; expected a SentencePiece \.model file/
  },
  'a model without an end of sentence': {
    code: 'ERR_TOKENIZER',
    args: ['encode', '--tokenizer-path', fixture('no-eos.model')],
    input: ndjsonOf(docs(1)),
    says: /no EOS token/
  },
  'an end of sentence that isn\'t in the vocabulary': {
    code: 'ERR_TOKENIZER',
    args: ['encode', '--tokenizer-path', MODEL, '--eos-id', '85'],
    input: ndjsonOf(docs(1)),
    says: /eos_id 85 is not in the vocabulary/
  },
  'another hash than expected': {
    code: 'ERR_CHECKSUM',
    args: ['check-tokenizer', '--tokenizer-path', MODEL, '--expected-sha256', 'ab'.repeat(32)],
    says: /tiny\.model: has SHA-256 [0-9a-f]{64}, expected abab/
  },
  'another hash than the manifest expects': {
    code: 'ERR_CHECKSUM',
    ...mixture(`tokenizer: { sha256: ${'ab'.repeat(32)} }\ndatasets:\n  ${GOOD}`),
    says: /expected abab.*tokenizer\.sha256 in m\.yaml/
  },
  'a sample without a word': {
    code: 'ERR_COVERAGE',
    args: ['check-coverage', 'empty.txt', '--tokenizer-path', MODEL],
    files: { 'empty.txt': ' \n' },
    says: /empty\.txt: no word in 1 documents, expected at least one/
  },
  'a baseline that is none': {
    code: 'ERR_BASELINE',
    args: ['check-coverage', 'good.ndjson', '--tokenizer-path', MODEL, '--baseline', 'b.json'],
    files: { 'b.json': '{}' },
    says: /b\.json: is not the JSON that check-coverage writes: documents: expected a number, it is missing; words: /
  },

  // output
  'shards of another run': {
    code: 'ERR_OUTPUT_EXISTS',
    ...mixture(GOOD, { files: { 'shards/shard_00000.npy': 'old' } }),
    says: /shards: holds 1 shard of another run; .*--overwrite/
  },
  'shards of another run, in a pipe': {
    code: 'ERR_OUTPUT_EXISTS',
    args: ['write', 'shards/'],
    input: '{"ids":[1,2]}\n',
    files: { 'shards/shard_00000.npy': 'old' },
    says: /holds 1 shard/
  },
  'sequences of different lengths': {
    code: 'ERR_SHARD',
    args: ['write', 'shards/'],
    input: '{"ids":[1,2]}\n{"ids":[1]}\n',
    says: /shards\/: got a sequence of 1 ids, expected 2/
  },
  'an id that the type doesn\'t hold': {
    code: 'ERR_SHARD',
    args: ['write', 'shards/', '--dtype', 'uint16'],
    input: '{"ids":[1,70000]}\n',
    says: /token id 70000 is out of range, expected 0 to 65535/
  },
  'a file in a folder\'s place': {
    code: 'ERR_OUTPUT',
    args: filter('--data-files', 'good.ndjson', '--output-path', 'good.ndjson/out.ndjson'),
    says: /good\.ndjson\/out\.ndjson\S*: cannot be written: a part of the path is a file, expected a folder/
  },

  // shards that are read back
  'no stats': {
    code: 'ERR_STATS',
    args: ['verify', 'none.json'],
    says: /none\.json: cannot be read: no such file, expected the stats file of a run/
  },
  'stats that are no JSON': {
    code: 'ERR_STATS',
    args: ['verify', 'good.ndjson'],
    says: /good\.ndjson: is not JSON: .*; expected the stats file of a run/
  },
  'stats of an older version': {
    code: 'ERR_STATS',
    args: ['verify', 's.json'],
    files: { 's.json': `{"stats":[${statsOf('{"a":1}')}]}`.replace('shard_files', 'files') },
    says: /s\.json: stats\[0\]\.shard_files: expected a list, it is missing\n.*make the shards again/
  },
  'shards that are not there': {
    code: 'ERR_VERIFY',
    args: ['verify', 's.json', '--inventory', 'verified.md'],
    leaves: ['verified.md'],
    files: { 's.json': statsOf('{"file":"shard_00000.npy","sequences":1,"bytes":384,"sha256":"' + 'ab'.repeat(32) + '"}') },
    says: /s\.json: 1 finding; .*\nshards\/shard_00000\.npy: is not there, expected a shard of 384 bytes/
  },
  'an inventory\'s place that is taken': {
    code: 'ERR_OUTPUT_EXISTS',
    args: ['verify', 's.json', '--inventory', 'notes.md'],
    files: { 's.json': statsOf(''), 'notes.md': '# Notes\n' },
    says: /notes\.md: is no inventory, as it doesn't begin with "# Data inventory"; name another file by --inventory/
  },
  'no place for an inventory': {
    code: 'ERR_OUTPUT',
    args: ['verify', 's.json'],
    files: { 's.json': statsOf(''), logs: '' },
    says: /logs\/data_inventory_\S+\.md: cannot be written: a part of the path is a file/
  },
  'a folder without shards': {
    code: 'ERR_FILES',
    args: ['inspect', '.', '--tokenizer-path', MODEL],
    says: /\.: holds no shards, expected shard_00000\.npy/
  },
  'shards of another tokenizer': {
    code: 'ERR_SHARD',
    args: ['inspect', 'x.npy', '--tokenizer-path', MODEL, '--documents'],
    files: { 'x.npy': Buffer.concat([npyHeader({ dtype: 'uint16', rows: 1, columns: 2 }), Buffer.of(3, 0, 85, 0)]) },
    says: /x\.npy: id 85 in row 0, column 1 is not in the vocabulary, expected 0 to 84; use the tokenizer/
  },

  // records of runs
  'no record of that name': {
    code: 'ERR_RUN', args: ['runs', 'mix'], says: /mix: no run of that name is recorded in runs/
  },
  'runs asked for something else': {
    code: 'ERR_USAGE', args: ['runs', 'diff', 'a'], says: /runs diff a: expected nothing, NAME, diff A B, or of SHARD/
  },

  // a mixture
  'a component that fails': {
    code: 'ERR_COMPONENT',
    ...mixture(GOOD, { files: { 'good.ndjson': 'no json\n' } }),
    says: /1 of 1 components failed\na: good\.ndjson: 1 of 1 records are bad/,
    leaves: ['stats.json']
  }
}

/** Codes that no single call ends with, and the test that has them. */
const elsewhere: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_ABORTED: 'test/recipes/cli/cli.test.ts: SIGINT and SIGTERM',
  ERR_CHECKPOINT: 'test/spoiled-runs.test.ts: a run that was stopped, and can\'t be resumed',
  ERR_DATASET: 'test/recipes/hub-refusals.test.ts: a stand-in Hub',
  ERR_LICENSE: 'test/recipes/licenses.test.ts: the table is printed all the same',
  ERR_LOCKED: 'below: a lock that is held',
  ERR_STATE: 'below: a state that is restored in code'
}

for (const [name, { code, args, input, files = {}, says, leaves = [] }] of Object.entries(cases)) {
  t.test(`${code}: ${name}`, async t => {
    const cwd = temporaryFolder(t)
    put(cwd, 'good.ndjson', RECORDS)
    for (const [file, content] of Object.entries(files)) put(cwd, file, content)
    const before = filesIn(cwd)
    const ended = await run(args, { cwd, ...(input !== undefined && { input }) })
    t.equal(ended.code, errorCodes[code].exit, ended.stderr)
    t.equal(ended.stdout, '')
    t.match(ended.stderr, says)
    if (args.length > 0) t.match(ended.stderr, `[${code}]`)
    t.notMatch(ended.stderr, /\n {4}at |unexpected error/, 'no stack: it is not our defect')
    t.strictSame(filesIn(cwd), [...before, ...leaves].sort(), 'nothing is left behind')
  })
}

/** Files that are odd and can be read all the same: the ids of the documents, and what is counted as bad. */
const accepted: Readonly<Record<string, {
  readonly file: string
  readonly content: string | Uint8Array
  readonly ids: readonly string[]
  readonly bad?: string
  readonly warning?: string
}>> = {
  'a byte order mark': { file: 'a.ndjson', content: '\ufeff{"id":"a","text":"x"}\n', ids: ['a'] },
  CRLF: { file: 'a.ndjson', content: '{"id":"a","text":"x"}\r\n\r\n{"id":"b","text":"y"}', ids: ['a', 'b'] },
  'zeros behind a .gz': {
    file: 'a.ndjson.gz', content: Buffer.concat([gzipSync(ndjsonOf(docs(2))), Buffer.alloc(700)]), ids: ['d0', 'd1']
  },
  'zeros behind a .zst': {
    file: 'a.ndjson.zst', content: Buffer.concat([ZST, Buffer.alloc(700)]), ids: ['d0', 'd1', 'd2']
  },
  'zeros behind lines': {
    file: 'a.ndjson', content: `${ndjsonOf(docs(1))}${'\0'.repeat(700)}`, ids: ['d0'], bad: '1 bad_json'
  },
  'many members of gzip': {
    file: 'a.ndjson.gz',
    content: Buffer.concat(docs(3).map(document => gzipSync(ndjsonOf([document])))),
    ids: ['d0', 'd1', 'd2']
  },
  'equal keys, of which the last counts': { file: 'a.ndjson', content: '{"id":"a","id":"b","text":"x"}\n', ids: ['b'] },
  'a key __proto__': { file: 'a.ndjson', content: '{"id":"a","text":"x","__proto__":{"id":"c"}}\n', ids: ['a'] },
  'an empty file': { file: 'a.ndjson', content: '', ids: [], warning: 'a.ndjson is empty' },
  'a record of many megabytes': {
    file: 'a.ndjson.zst',
    content: Buffer.concat([zstdBomb(howMany(20e6, 200e6)), frameOf([rawBlock('\n' + ndjsonOf(docs(1)), true)])]),
    ids: ['d0'],
    bad: '1 too_long'
  }
}

for (const [name, { file, content, ids, bad, warning }] of Object.entries(accepted)) {
  t.test(`read all the same: ${name}`, async t => {
    const cwd = temporaryFolder(t)
    put(cwd, file, content)
    const { code, stdout, stderr } = await run(['read', file, '--max-bad', '1'], { cwd })
    t.equal(code, 0, stderr)
    t.strictSame(stdout.split('\n').slice(0, -1).map(line => (JSON.parse(line) as { id: string }).id), ids)
    const lines = stderr.trim().split('\n')
    t.equal(lines.pop(), `ndjson: ${ids.length + (bad === undefined ? 0 : 1)} in, ` +
      `${ids.length} out${bad === undefined ? '' : `, ${bad}`}`)
    t.match(lines, warning === undefined ? [] : [`sluice: warning: ${warning}`])
    t.equal(lines.length, warning === undefined ? 0 : 1)
  })
}

t.test('ERR_STATE: a state of another stage', async t => {
  t.throws(() => { dedup({ window: 3 }).restore({ window: 4, hashes: '' }) }, { code: 'ERR_STATE', exitCode: 1 })
})

t.test('ERR_LOCKED: a lock that is held, and what is no lock', async t => {
  const path = put(temporaryFolder(t), 'a.lock', 'no lock')
  t.match(await failure(lock(path, 'shards')), {
    code: 'ERR_LOCKED',
    exitCode: 1,
    message: /a\.lock: is not a whole lock file.*; if no run is under way here, delete it and run again/
  })
  rmSync(path)
  await withLock(path, 'shards', async () => {
    t.match(await failure(lock(path, 'shards')), {
      code: 'ERR_LOCKED',
      exitCode: 1,
      message: /^shards: is being written to by another run, process \d+ on host .*, which began at .*; wait for it to end, or stop it/
    })
  })
})

t.test('ERR_LOCKED: a command whose output another run writes to', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'good.ndjson', ndjsonOf(docs(3)))
  const says = (path: string): RegExp => new RegExp(`${path.replaceAll('.', '\\.')}: ` +
    `is being written to by another run, process ${process.pid} on host .*, which began at`)
  const commandsOf: Readonly<Record<string, readonly string[]>> = {
    'out.ndjson.checkpoint.json': filter('--data-files', 'good.ndjson'),
    'copy.ndjson.checkpoint.json': ['shard-corpus', '--data-files', 'good.ndjson', '--output', 'copy.ndjson'],
    'shards/checkpoint.json': [
      'shard-corpus', '--data-files', 'good.ndjson', '--tokenizer-path', MODEL, '--output-dir', 'shards', '--log-file',
      'stats.json'
    ]
  }
  for (const [path, args] of Object.entries(commandsOf)) {
    await withLock(join(cwd, `${path}.lock`), path, async () => {
      const before = filesIn(cwd)
      const { code, stdout, stderr } = await run(args, { cwd })
      t.strictSame({ code, stdout }, { code: 1, stdout: '' })
      t.match(stderr, says(path))
      t.match(stderr, '[ERR_LOCKED]')
      t.strictSame(filesIn(cwd), before)
    })
  }
  put(cwd, 'm.yaml', GOOD)
  await withLock(join(cwd, 'shards/checkpoint.json.lock'), 'shards', async () => {
    const { code, stderr } = await run([
      'process-mixture', 'm.yaml', '--tokenizer-path', MODEL, '--log-file', 'stats.json'
    ], { cwd })
    t.equal(code, 1)
    t.match(stderr, /1 of 1 components failed\na: shards\/checkpoint\.json: is being written to by another run/)
  })
  t.match(await run(filter('--data-files', 'good.ndjson'), { cwd }), { code: 0 }, 'once the other has let go of it')
})

t.test('every code has a case', async t => {
  const covered = new Set([...Object.values(cases).map(({ code }) => code), ...Object.keys(elsewhere)])
  t.strictSame(Object.keys(errorCodes).filter(code => !covered.has(code)), [])
})

t.test('a bound on bad records keeps the rest', async t => {
  const cwd = temporaryFolder(t)
  put(cwd, 'a.ndjson', ndjsonOf(docs(5)) + 'bad\n')
  t.match(await run(filter('--data-files', 'a.ndjson', '--max-bad', '1'), { cwd }), {
    code: 0, stdout: /ndjson\.bad_json 1/
  })
  t.match(await run(filter('--data-files', 'a.ndjson', '--max-bad', '20%'), { cwd }), { code: 0 })
  t.strictSame(filesIn(cwd), ['a.ndjson', join('out.ndjson')])
})

t.test('nothing that has failed keeps a process running', async t => {
  const cwd = temporaryFolder(t)
  for (const { code, args, input = '', files = {} } of Object.values(cases).filter((_, i) =>
    !isThorough() && i % 12 === 5)) {
    put(cwd, 'good.ndjson', RECORDS)
    for (const [file, content] of Object.entries(files)) put(cwd, file, content)
    t.equal((await commands.run(args, { cwd, input })).code, errorCodes[code].exit, args.join(' '))
  }
  t.match(await commands.end(), { code: 0, signal: null })
})
