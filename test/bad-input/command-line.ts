/** Calls with a wrong command, flag or value. */
import { pattern } from '../helpers.ts'
import { type Cases, filter } from './case.ts'

export const commandLineCases: Cases = {
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
  'a prefix of a command': {
    code: 'ERR_USAGE',
    args: ['filter', 'good.ndjson'],
    says: /unknown command 'filter'\n\(Did you mean filter-corpus\?\)/
  },
  'a command without a similar name': {
    code: 'ERR_USAGE', args: ['zzzzzz'], says: /unknown command 'zzzzzz'; see sluice --help \[/
  },
  'a prefix of a flag': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', 'good.ndjson', '--checkpoint', 'a.txt'],
    says: /unknown option '--checkpoint'\n\(Did you mean --checkpoint-every\?\)/
  },
  'a flag similar to several': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', '--max', '9'],
    says: /\(Did you mean --max-retries or --max-line-bytes or --max-bad or --max-chars\?\)/
  },
  'a flag without a similar name': {
    code: 'ERR_USAGE',
    args: ['filter-corpus', '-o', 'a.txt'],
    says: /unknown option '-o'; see sluice filter-corpus --help \[/
  },
  'a flag without its value': {
    code: 'ERR_USAGE', args: ['length', '--min-chars'], says: /--min-chars <number>' argument missing/
  },
  'a missing argument': { code: 'ERR_USAGE', args: ['process-mixture'], says: /missing required argument 'manifest'/ },
  'one argument too many': { code: 'ERR_USAGE', args: ['length', 'a.ndjson'], says: /too many arguments/ },
  'an output of an unknown kind': {
    code: 'ERR_USAGE', args: ['write', 'out.xlsx'], input: '', says: /out\.xlsx: expected a name that ends in/
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
  'a missing required flag': {
    code: 'ERR_OPTION',
    args: ['filter-corpus'],
    says: /--data-files: expected the paths or globs of the files to read, or OWNER\/NAME/
  },
  'an unknown dataset': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--dataset', 'jsonp'),
    says: pattern(
      /jsonp cannot be read, expected json or csv or text or parquet or arrow, with data files, /,
      /or OWNER\/NAME of a dataset on the Hub/
    )
  },
  'an invalid limit of bad records': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--max-bad', 'few'),
    says: /--max-bad: expected a count such as 100, or a share such as 1% or 0\.01, got "few"/
  }
}
