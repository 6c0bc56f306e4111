/** Tokenizers, outputs, shards and records of runs that a command can't use. */
import { npyHeader } from '../../lib/shards/npy.ts'
import { docs, fixture, ndjsonOf } from '../helpers.ts'
import { type Cases, GOOD, MODEL, filter, mixture } from './case.ts'

/** Stats of one sequence in a shard, which is passed as JSON. */
function statsOf (shard: string): string {
  return '{"name":"a","sequences":1,"tokens":64,"tail_tokens":0,"shards":1,"output_dir":"shards","seq_len":64,' +
    `"dtype":"int32","vocab_size":85,"tokenizer_sha256":"${'cd'.repeat(32)}","shard_files":[${shard}]}`
}

export const resultCases: Cases = {
  // the tokenizer
  'a missing model': {
    code: 'ERR_TOKENIZER',
    args: ['check-tokenizer', '--tokenizer-path', 'none.model'],
    says: /none\.model: no such file/
  },
  'a file that is not a model': {
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
  'an end of sentence outside the vocabulary': {
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
  'a file that is not a baseline': {
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
  'an id out of range for its type': {
    code: 'ERR_SHARD',
    args: ['write', 'shards/', '--dtype', 'uint16'],
    input: '{"ids":[1,70000]}\n',
    says: /token id 70000 is out of range, expected 0 to 65535/
  },
  'a file in place of a folder': {
    code: 'ERR_OUTPUT',
    args: filter('--data-files', 'good.ndjson', '--output', 'good.ndjson/out.ndjson'),
    says: /good\.ndjson\/out\.ndjson\S*: cannot be written: a part of the path is a file, expected a folder/
  },

  // shards as inputs
  'missing stats': {
    code: 'ERR_STATS',
    args: ['verify', 'none.json'],
    says: /none\.json: cannot be read: no such file, expected the stats file of a run/
  },
  'stats that are not JSON': {
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
  'missing shards': {
    code: 'ERR_VERIFY',
    args: ['verify', 's.json', '--inventory', 'verified.md'],
    leaves: ['verified.md'],
    files: {
      's.json': statsOf(`{"file":"shard_00000.npy","sequences":1,"bytes":384,"sha256":"${'ab'.repeat(32)}"}`)
    },
    says: /s\.json: 1 finding; .*\nshards\/shard_00000\.npy: is not there, expected a shard of 384 bytes/
  },
  'an inventory in place of another file': {
    code: 'ERR_OUTPUT_EXISTS',
    args: ['verify', 's.json', '--inventory', 'notes.md'],
    files: { 's.json': statsOf(''), 'notes.md': '# Notes\n' },
    says: /notes\.md: is not an inventory: it does not begin with "# Data inventory"; name another file with --inv/
  },
  'an inventory that can\'t be written': {
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
  'a record that does not exist': {
    code: 'ERR_RUN', args: ['runs', 'mix'], says: /mix: no run of that name is recorded in runs/
  },
  'runs with other arguments': {
    code: 'ERR_USAGE',
    args: ['runs', 'diff', 'a'],
    says: /runs diff a: expected nothing, NAME, show A, diff A B, or of SHARD/
  },

  // a plan
  'a task of something that is no plan': {
    code: 'ERR_PLAN', args: ['task', 'mix', '--phase', 'map'], says: /mix\/plan\.json: cannot be read: .*sluice plan/
  },

  // a mixture
  'a component that fails': {
    code: 'ERR_COMPONENT',
    ...mixture(GOOD, { files: { 'good.ndjson': 'no json\n' } }),
    says: /1 of 1 components failed\na: good\.ndjson: 1 of 1 records are bad/,
    leaves: ['stats.json']
  }
}
