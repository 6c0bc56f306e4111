/** Records that can't be used, and filters that keep a share of them far from the expected one. */
import { docs, ndjsonOf } from '../helpers.ts'
import { type Case, type Cases, filter } from './case.ts'

/** A file of records, most of them good, so that only `--max-bad 0` fails because of the bad one. */
function withBad (line: string | Buffer, maxLineBytes = '200'): Pick<Case, 'args' | 'files'> {
  return {
    files: { 'bad.ndjson': Buffer.concat([Buffer.from(ndjsonOf(docs(5))), Buffer.from(line), Buffer.from('\n')]) },
    args: filter('--data-files', 'bad.ndjson', '--max-bad', '0', '--max-line-bytes', maxLineBytes)
  }
}

/** The report of the bad record of `withBad`, with its position. */
function firstBad (fault: string): RegExp {
  return new RegExp(`bad\\.ndjson: 1 of 6 records are bad \\(${fault}: 1\\), expected at most 0; ` +
    `the first is ${fault} at bad\\.ndjson#${ndjsonOf(docs(5)).length}( \\(line 6, [^;]*\\))?;`)
}

export const recordCases: Cases = {
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
  'a missing column': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.tsv'),
    files: { 'a.tsv': 'id\tbody\n1\ta\n' },
    says: /a\.tsv: has no column text, its columns are "id", "body"/
  },
  'two files with different columns': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.csv', 'b.csv'),
    files: { 'a.csv': 'text\na\n', 'b.csv': 'txt\nb\n' },
    says: /b\.csv: has no column text, its columns are "txt"/
  },
  'an unclosed quote': {
    code: 'ERR_SOURCE',
    args: filter('--dataset', 'csv', '--data-files', 'a.csv'),
    files: { 'a.csv': 'text\na\n"b\n' },
    says: /a\.csv: a quote in the last record is never closed/
  },
  'a truncated array': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.json'),
    files: { 'a.json': '[{"text":"a"},{"te' },
    says: /a\.json: the JSON array at the start of the file has no end/
  },
  'data after an array': {
    code: 'ERR_SOURCE',
    args: filter('--data-files', 'a.json'),
    files: { 'a.json': '[{"text":"a"}]{"text":"b"}' },
    says: /a\.json: the JSON array at the start of the file has ended, but more follows: "\{\\"text/
  },
  'an option of another source': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--delimiter', ';'),
    says: /delimiter: dataset json takes none \(it is for csv\)/
  },
  'a filter that drops everything': {
    code: 'ERR_EXPECTED',
    args: filter('--data-files', 'good.ndjson', '--min-chars', '9000'),
    says: /sluice: length dropped all \d+ documents that it received \(too_short: \d+\)/
  },
  'a filter far from its expected share': {
    code: 'ERR_EXPECTED',
    args: filter('--data-files', 'good.ndjson', '--expect-kept', '0.01'),
    says: /all filters kept .*expected 1 %/
  },
  'a line in a pipe that is not a document': {
    code: 'ERR_DOCUMENT',
    args: ['dedup'],
    input: '{"text":"x"}\n',
    says: /dedup: line 1 of standard input: expected \{"id","text","meta"\}/
  },
  'a text with several lines, written to a .txt': {
    code: 'ERR_DOCUMENT',
    args: ['write', 'out.txt'],
    input: ndjsonOf([{ id: 'two', text: 'a\nb' }]),
    says: /out\.txt: document two has line breaks/
  }
}
