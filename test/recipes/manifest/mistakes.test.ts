import { gzipSync } from 'node:zlib'
import { type Test, t } from '../../tap.ts'
import { readManifest } from '../../../recipes/manifest/read.ts'
import { knownStages } from '../../../recipes/stages.ts'
import { failure, put, temporaryFolder } from '../../helpers.ts'

/** The mistakes in a manifest, without the file's name. */
async function saidOf (t: Test, content: string | Uint8Array): Promise<string[]> {
  const path = put(temporaryFolder(t), 'mix.yaml', content)
  const error = await failure(readManifest(path, knownStages))
  t.match(error, { code: 'ERR_MANIFEST', exitCode: 2 })
  return (error as Error).message.split('\n').map(line => line.replace(path, '').replace(/^: ?/, ''))
}

const SAME_COLUMN = 'what belongs together begins in the same column'

/** One mistake each: `LINE:COLUMN: message`. */
const YAML: Readonly<Record<string, [yaml: string, says: string]>> = {
  'keys further to the right than the first': [
    'datasets:\n- name: a\n   dataset: json\n   data_files: a\n',
    `3:4: wrong indentation: dataset begins in column 4, name above it in column 3; ${SAME_COLUMN}`
  ],
  'keys below the dash': [
    'datasets:\n  - name: a\n  dataset: json\n  data_files: a\n',
    `3:3: wrong indentation: dataset begins in column 3, name above it in column 5; ${SAME_COLUMN}`
  ],
  'a key too far to the left': [
    'datasets:\n  - name: a\n    dataset: json\n   data_files: a\n',
    `4:4: wrong indentation: data_files begins in column 4, dataset above it in column 5; ${SAME_COLUMN}`
  ],
  'a key too far to the right': [
    'datasets:\n  - name: a\n    dataset: json\n      data_files: a\n',
    `4:7: wrong indentation: data_files begins in column 7, dataset above it in column 5; ${SAME_COLUMN}`
  ],
  'a key too far to the right, with Windows line breaks': [
    'name: x\r\n  datasets:\r\n  - name: a\r\n',
    `2:3: wrong indentation: datasets begins in column 3, name above it in column 1; ${SAME_COLUMN}`
  ],
  'an item too far to the left': [
    'datasets:\n  - name: a\n    filters:\n    - normalize\n    # a comment\n\n   - length\n',
    `7:4: wrong indentation: this item begins in column 4, the one above it in column 5; ${SAME_COLUMN}`
  ],
  'components with different indentation': [
    'datasets:\n  - name: a\n - name: b\n',
    `3:2: wrong indentation: this item begins in column 2, the one above it in column 3; ${SAME_COLUMN}`
  ],
  'a tab': ['datasets:\n  - name: a\n\tdataset: json\n', '3:1: a tab in the indentation, expected spaces'],
  'a tab after spaces': [
    'datasets:\n  - name: a\n  \tdataset: json\n', '3:1: a tab in the indentation, expected spaces'
  ],
  'a tab in brackets': ['datasets: [\n\t{ name: a }\n]\n', '2:1: a tab in the indentation, expected spaces'],
  'no space after a colon': [
    'datasets:\n  - name:a\n    dataset: json\n', '2:5: expected a space after the colon of name'
  ],
  'no colon': [
    'datasets\n  - name: a\n',
    '1:1: expected a colon after datasets, and what belongs to it in the lines below'
  ],
  'a colon in a value': ['name: a: b\n', '1:7: a value has a colon and a space in it, expected it in quotes'],
  'an unclosed bracket': [
    'datasets:\n  - { name: a\n',
    '3:1: a bracket that is opened above is not closed, expected }; ' +
      'what is in brackets is indented further than what is around them'
  ],
  'no comma': ['datasets: [{ name: a dataset: json }]\n', '1:20: expected a comma between the entries in brackets'],
  'an unclosed quote': [
    'name: "a\ndatasets:\n  - { name: "b" }\n',
    '1:7: a text in quotes is not closed, expected " at its end'
  ],
  'a value that starts with @': ['name: @a\n', '1:7: a value can\'t begin with @, expected it in quotes'],
  'a backslash in double quotes': [
    'name: "C:\\q"\n',
    '1:10: in double quotes a backslash begins an escape, and \\q is not one; ' +
      'write \\\\, or put the text in single quotes'
  ],
  'a glob without quotes': [
    'datasets:\n  - name: a\n    data_files: **/*.json\n',
    '3:17: **/*.json is an alias in YAML, and there is no anchor &*/*.json; ' +
      'a value that begins with * needs quotes: \'**/*.json\''
  ],
  'two documents': ['name: a\n---\nname: b\n', '2:1: a second YAML document begins here, expected one in a file'],
  'a duplicate key': ['name: a\ndatasets: []\nname: b\n', '3:1: the key name occurs twice in one mapping'],
  'other invalid YAML': [
    'name: a]\nb: ]\n',
    '2:4: invalid YAML here: check the quotes, brackets and indentation of this line and the one above it'
  ],
  'one component': [
    'name: a\ndataset: json\ndata_files: a\n',
    '1:1: is one component, expected a list of them below datasets:, each with "- " before its first key'
  ],
  'a text': [
    'Dear all,\nthe gate is open.\n',
    '1:1: is a text without keys, expected datasets: and a list of components below it'
  ],
  'components without dashes': [
    'datasets:\n  name: a\n  dataset: json\n',
    '2:3: expected a list, got a mapping; each entry of a list begins with "- "'
  ]
}

for (const [name, [yaml, says]] of Object.entries(YAML)) {
  t.test(`syntax: ${name}`, async t => {
    t.strictSame(await saidOf(t, yaml), [says])
  })
}

t.test('every duplicate key is reported', async t => {
  t.strictSame(await saidOf(t, 'name: a\nname: b\nstats: a\nstats: b\ndatasets: []\n'), [
    '2:1: the key name occurs twice in one mapping', '4:1: the key stats occurs twice in one mapping'
  ])
})

t.test('filter options with too little indentation', async t => {
  const said = await saidOf(t, 'datasets:\n  - name: a\n    filters:\n      - length:\n        min_chars: 3\n')
  t.match(said.at(-1), '4:9: the options of length begin in the same column as its name, ' +
    'expected them further to the right')
})

const MANIFEST = 'expected a manifest, a YAML file with datasets'
const INPUT = 'a manifest names inputs under data_files, and filter-corpus --data-files reads them without one'

const OTHER_FILES: Readonly<Record<string, [content: string | Uint8Array, says: string]>> = {
  nothing: ['', `is empty, ${MANIFEST}`],
  'blank lines': ['\n  \n', `is empty, ${MANIFEST}`],
  comments: ['# datasets:\n', `has nothing but comments, ${MANIFEST}`],
  NDJSON: ['{"text":"a"}\n{"text":"b"}\n', `is NDJSON, a JSON record per line, ${MANIFEST}; ${INPUT}`],
  'NDJSON with names': [
    '{"name":"a","text":"a"}\n{"name":"b","text":"b"}\n', `is NDJSON, a JSON record per line, ${MANIFEST}; ${INPUT}`
  ],
  'one record': ['{"id":1,"text":"a"}\n', `is a JSON record, ${MANIFEST}; ${INPUT}`],
  'an array of records': ['[\n{"text":"a"},\n{"text":"b"}]\n', `is a JSON array of records, ${MANIFEST}; ${INPUT}`],
  CSV: ['id,text\n1,"a: b"\n', `looks like CSV, ${MANIFEST}; ${INPUT}`],
  TSV: ['id\ttext\n1\ta\n', `looks like TSV, ${MANIFEST}; ${INPUT}`],
  'a parquet file': [Buffer.from('PAR1\x15\x04\0\xff', 'latin1'), `is a parquet file, ${MANIFEST}; ${INPUT}`],
  'gzip data': [gzipSync('{}'), `is gzip data, ${MANIFEST}; ${INPUT}`],
  'UTF-16': [
    Buffer.from('\ufeffname: a', 'utf16le'),
    `is not a text in UTF-8, ${MANIFEST}; save it as UTF-8 if it is one`
  ],
  'a web page': ['<!DOCTYPE html>\n<html></html>', `is a page of HTML or XML, ${MANIFEST}; get the file itself`],
  'a Git LFS pointer': [
    'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n',
    `is a Git LFS pointer, ${MANIFEST}; get the file itself with git lfs pull`
  ]
}

for (const [name, [content, says]] of Object.entries(OTHER_FILES)) {
  t.test(`another file: ${name}`, async t => {
    t.strictSame(await saidOf(t, content), [says])
  })
}

t.test('a folder in place of a manifest', async t => {
  const folder = temporaryFolder(t)
  t.match(await failure(readManifest(folder, knownStages)), {
    code: 'ERR_MANIFEST', message: `${folder}: is a folder, ${MANIFEST}`
  })
})

t.test('numbers in common notations, and values that YAML reads as another type', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.ndjson', '')
  const yaml = `- name: a\n  dataset: json\n  data_files: '${file}'\n  seq_len: 1_024\n  sample_limit: ` +
    '1e6\n  max_records: "12"\n  filters: [length: { max_chars: 1_000_000 }]\n'
  t.match((await readManifest(put(folder, 'mix.yaml', yaml), knownStages)).datasets, [{
    seqLen: 1024, sampleLimit: 1_000_000, maxRecords: 12, filters: [{ options: { maxChars: 1_000_000 } }]
  }])
  t.strictSame(await saidOf(t, `- name: 2024\n  dataset: json\n  data_files: '${file}'\n  seq_len: ` +
    '10k\n  revision: true\n  filters:\n    - language: { keep: [german, fr], record: yes }\n    - length: ' +
    '{ min_chars: 9, max_chars: 1 }\n'), [
    '1:9: expected a string, got 2024; write it in quotes',
    '4:12: expected a number, got "10k"; a number is written as 10000, 10_000 or 1e4',
    '5:13: expected a string, got true; write it in quotes',
    '7:47: expected true or false, got "yes"',
    '8:15: expected min_chars to be at most max_chars'
  ])
  t.strictSame(await saidOf(t, `- name: a\n  dataset: json\n  data_files: '${file}'\n  filters: [language: { keep: ` +
    '[german, fr] }]\n'), ['4:31: cld3 does not know the language "german" (did you mean de?)'])
})

t.test('a long malicious text gives one mistake, or as many as are shown', async t => {
  for (const content of [
    '[ {'.repeat(2000), 'a: b: '.repeat(1000), 'a:\n b\n  c: d\n'.repeat(2000), '\t'.repeat(300_000),
    'x,'.repeat(30_000)
  ]) {
    const { length } = await saidOf(t, content)
    t.ok(length > 0 && length <= 21, `${content.slice(0, 10)}: ${length}`)
  }
})
