import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { z } from 'zod'
import { SluiceError } from '../../../lib/errors.ts'
import { readManifest } from '../../../recipes/manifest/read.ts'
import { count } from '../../../lib/options.ts'
import { modelOptions } from '../../../lib/trainer/options.ts'
import { failure, pattern, put, temporaryFolder } from '../../helpers.ts'

const known = {
  filters: {
    length: z.strictObject({ minChars: count.default(1), maxChars: count.default(9) }).refine(
      ({ minChars, maxChars }) => minChars <= maxChars, 'expected `minChars` to be at most `maxChars`'
    ) as never,
    lower: z.strictObject({})
  },
  sources: {
    json: z.strictObject({}), csv: z.strictObject({ lineDelimiter: z.string().optional() }), text: z.strictObject({})
  }
}

const FULL = `
name: mix
tokenizer_output_dir: artifacts/tok
tokenizer: { vocab_size: 8000, model_type: unigram, sha256: ${'aB'.repeat(32)} }
stats: out/stats.json
dedup: { memory: 64MB }
datasets:
  - name: web
    dataset: json
    subset: sample
    split: validation
    revision: abc
    text_column: content
    data_files: [DIR/a.ndjson, DIR/*.gz]
    license: ODC-By-1.0
    sample_limit: 0
    filters:
      - lower
      - length: { min_chars: 2, expect: { kept: 0.6 } }
    expect: { kept: 0.5 }
    rejects: out/rejects.ndjson
    seq_len: 128
    sequences_per_shard: 16
    packing: best_fit
    packing_window: 500
    pad_id: 4
    dtype: uint16
    output_dir: out/web
    raw_dir: null
    filtered_dir: out/filtered
    eos_id: 3
    max_records: 100
  - { name: books, dataset: text, data_files: DIR/a.ndjson }
`

t.test('a manifest with every key, and with the required keys only', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.ndjson', '')
  put(folder, 'b.gz', '')
  const path = put(folder, 'mix.yaml', FULL.replaceAll('DIR', folder))
  const { sha256, text, ...manifest } = await readManifest(path, known)
  t.match(sha256, /^[0-9a-f]{64}$/)
  const modelDefaults = modelOptions.omit({ workers: true }).parse({})
  t.equal(text, readFileSync(path, 'utf8'))
  t.strictSame(manifest, {
    path,
    name: 'mix',
    stats: 'out/stats.json',
    tokenizer: { ...modelDefaults, path: null, vocabSize: 8000, modelType: 'unigram', sha256: 'aB'.repeat(32) },
    tokenizerOutputDir: 'artifacts/tok',
    tokenizerPath: join('artifacts', 'tok', 'spm_8000_unigram.model'),
    datasets: [
      {
        name: 'web',
        dataset: 'json',
        subset: 'sample',
        split: 'validation',
        revision: 'abc',
        textColumn: 'content',
        dataFiles: [`${folder}/a.ndjson`, `${folder}/*.gz`],
        license: 'ODC-By-1.0',
        sampleLimit: 0,
        filters: [
          { stage: 'lower', options: {} },
          { stage: 'length', options: { minChars: 2, maxChars: 9 }, expect: { kept: 0.6 } }
        ],
        expect: { kept: 0.5 },
        rejects: 'out/rejects.ndjson',
        sourceOptions: {},
        seqLen: 128,
        sequencesPerShard: 16,
        format: 'npy',
        tokensPerShard: 100_000_000,
        dtype: 'uint16',
        packing: 'best_fit',
        packingWindow: 500,
        padId: 4,
        outputDir: 'out/web',
        rawDir: null,
        filteredDir: 'out/filtered',
        eosId: 3,
        eos: null,
        bos: false,
        maxRecords: 100,
        dedup: { scope: 'component', memory: 64_000_000 }
      },
      {
        name: 'books',
        dataset: 'text',
        subset: null,
        split: 'train',
        revision: 'main',
        textColumn: 'text',
        dataFiles: `${folder}/a.ndjson`,
        license: null,
        sampleLimit: 100_000,
        filters: [],
        expect: null,
        rejects: null,
        sourceOptions: {},
        seqLen: 2048,
        sequencesPerShard: 1024,
        format: 'npy',
        tokensPerShard: 100_000_000,
        dtype: null,
        packing: 'concat',
        packingWindow: 1000,
        padId: -1,
        outputDir: join('data', 'shards', 'books'),
        rawDir: null,
        filteredDir: null,
        eosId: -1,
        eos: null,
        bos: false,
        maxRecords: null,
        dedup: { scope: 'component', memory: 64_000_000 }
      }
    ],
    mixture: null
  })
})

t.test('a manifest may be just the list of datasets', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.txt', '')
  const manifest = await readManifest(
    put(folder, 'mix.yaml', `- { name: a, dataset: text, data_files: '${file}' }\n`), known
  )
  t.match(manifest, { name: null, tokenizerPath: null, datasets: [{ name: 'a' }] })
})

/** The mistakes in a manifest, without the file's name. */
async function mistakes (t: Tap, yaml: string): Promise<string[]> {
  const folder = temporaryFolder(t)
  put(folder, 'a.txt', '')
  const path = put(folder, 'mix.yaml', yaml.replaceAll('DIR', folder))
  const error = await failure(readManifest(path, known)) as SluiceError
  t.match(error, { code: 'ERR_MANIFEST', exitCode: 2 })
  return error.message.split('\n').map(line => line.replace(`${path}:`, '').replace(folder, 'DIR'))
}

type Tap = Parameters<typeof temporaryFolder>[0]

t.test('every mistake is reported at once, with its line and column and the valid choices', async t => {
  t.strictSame(await mistakes(t, `datasets:
  - name: a
    dataset: text
    data_files: DIR/a.txt
    seq_lenn: 3
    sequences_per_shard: many
    dtype: int64
  - name: a/b
    data_files: DIR/a.txt
tokeniser: {}
tokenizer:
  sha256: abc
`), [
    '5:5: unknown key seq_lenn (did you mean seq_len?)',
    '6:26: expected a number, got "many"',
    '7:12: expected "int32" or "uint16" or "uint32", got "int64"',
    '8:5: dataset: expected a string, it is missing',
    '8:11: expected a name without slashes, got "a/b"',
    '10:1: unknown key tokeniser (did you mean tokenizer?)',
    '12:11: expected a SHA-256, 64 hexadecimal digits, got "abc"'
  ])
})

t.test('a key in the wrong part of a manifest is reported with the part that has it', async t => {
  t.strictSame(await mistakes(t, `
eos: "</s>"
special_tokens: text
tokenizer: { bos: true }
datasets:
  - { sha256: abc, name: a, dataset: text, data_files: DIR/a.txt }
`), [
    '2:1: unknown key eos; it is a key of each entry of datasets',
    '3:1: unknown key special_tokens; it is a key of tokenizer',
    '4:14: unknown key bos; it is a key of each entry of datasets',
    '6:7: unknown key sha256; it is a key of tokenizer'
  ])
})

t.test('a key in camel case is unknown', async t => {
  t.strictSame(
    await mistakes(t, '- { seqLen: 3, name: a, dataset: text, data_files: DIR/a.txt }'),
    ['1:5: unknown key seqLen (did you mean seq_len?)']
  )
})

t.test('filters: unknown stages, unknown options, wrong values, and rules across options', async t => {
  t.strictSame(await mistakes(t, `- name: a
  dataset: text
  data_files: DIR/a.txt
  filters:
    - lenght: { min_chars: 1 }
    - length: { min_char: 1, max_chars: -1 }
    - length: { min_chars: 5, max_chars: 4 }
    - lowr
    - { lower: {}, length: {} }
    - 7
`), [
    '5:7: unknown stage lenght (did you mean length?)',
    '6:17: unknown key min_char (did you mean min_chars?)',
    '6:41: expected at least 0, got -1',
    '7:15: expected min_chars to be at most max_chars',
    '8:7: unknown stage lowr (did you mean lower?)',
    '9:7: expected the name of a stage, or one name with its options, such as length: { min_chars: 200 }',
    '10:7: expected the name of a stage, or one name with its options, such as length: { min_chars: 200 }'
  ])
})

t.test('datasets: missing files, no files, and unreadable files', async t => {
  t.strictSame(await mistakes(t, `- { name: a, dataset: text, data_files: DIR/none.txt }
- name: b
  dataset: json
- name: c
  dataset: HuggingFaceFW/fineweb
- { name: e, dataset: jsn, data_files: DIR/a.txt }
- { name: d, dataset: text, data_files: 'DIR/*.none' }
`).then(lines => lines.map(line => line.replace(/ in \/.*/, ''))), [
    '1:41: DIR/none.txt: no such file',
    '3:12: dataset json needs data_files: a path, a glob, or a list of them',
    '6:23: jsn cannot be read, expected json or csv or text, with data_files, ' +
      'or OWNER/NAME of a dataset on the Hub (did you mean json?)',
    '7:41: DIR/*.none: no file matches this glob'
  ])
})

t.test('keys that only some sources have, and expected values', async t => {
  t.strictSame(await mistakes(t, `- { name: a, dataset: text, line_delimiter: x, data_files: DIR/a.txt }
- { name: b, dataset: csv, line_delimiter: 7, data_files: DIR/a.txt }
- { name: c, dataset: csv, line_delimiter: x, expect: { kept: 60 }, data_files: DIR/a.txt }
- { name: d, dataset: text, filters: [lower: { expect: { keep: 1 } }, lower: { expect: 3 }], data_files: DIR/a.txt }
`), [
    '1:29: line_delimiter is for dataset csv',
    '2:44: expected a string, got 7; write it in quotes',
    '3:63: expected at most 1, got 60',
    '4:56: kept: expected a number, it is missing',
    '4:58: unknown key keep (did you mean kept?)',
    '4:88: expected a mapping, got 3'
  ])
  const folder = temporaryFolder(t)
  const manifest = await readManifest(put(folder, 'm.yaml', '- { name: a, dataset: csv, data_files: ' +
    `'${put(folder, 'a.csv', '')}', line_delimiter: x }`), known)
  t.strictSame(manifest.datasets[0]!.sourceOptions, { lineDelimiter: 'x' })
})

t.test('two components can\'t have the same name, or the same output_dir in any spelling', async t => {
  t.strictSame(await mistakes(t, `- { name: a, dataset: text, data_files: DIR/a.txt, output_dir: out/x }
- name: a
  dataset: text
  data_files: DIR/a.txt
  output_dir: ./out/y/../x
`), [
    '2:9: two components have the name a, expected a different one for each',
    '5:15: two components have the output_dir ./out/y/../x, expected a different one for each'
  ])
})

t.test('a file that is no YAML, and YAML that is no manifest', async t => {
  t.match(
    await mistakes(t, 'name: x\ndatasets: [\n'), [/^3:1: a bracket that is opened above is not closed, expected \]/]
  )
  t.match(await mistakes(t, 'name: a\nname: b\ndatasets: []\n'), ['2:1: the key name occurs twice in one mapping'])
  t.strictSame(await mistakes(t, 'just text'), ['1:1: is a text without keys, expected datasets: ' +
    'and a list of components below it'])
  t.strictSame(await mistakes(t, 'datasets: []'), ['1:11: expected at least 1 entry, got an empty list'])
  t.strictSame(await mistakes(t, 'name: x'), ['1:1: datasets: expected a list, it is missing'])
  t.match(await failure(readManifest('/none/mix.yaml', known)), {
    code: 'ERR_MANIFEST', message: /none\/mix\.yaml: cannot be read/
  })
})

t.test('names of object members are no stages; aliases of nothing and of themselves are mistakes', async t => {
  const component = (filter: string): string =>
    `- { name: a, dataset: text, data_files: DIR/a.txt, filters: [${filter}] }`
  for (const filter of ['constructor', 'toString', '{ __proto__: {} }']) {
    t.match(await mistakes(t, component(filter)), [/unknown stage|expected the name of a stage/])
  }
  t.match(
    await mistakes(t, component('*nothing')),
    [pattern(
      /^1:\d\d+: \*nothing is an alias in YAML, and there is no anchor &nothing; /,
      /a value that begins with \* needs quotes: '\*nothing'$/
    )]
  )
  t.match(await mistakes(t, '- { name: .., dataset: text, data_files: DIR/a.txt }'), [/^1:11: expected a name/])
})

t.test('merge keys work, and two copies in one folder are refused', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.txt', '')
  const manifest = await readManifest(put(folder, 'm.yaml', `- &a { name: a, dataset: text, data_files: '${file}', ` +
    'seq_len: 7 }\n- { <<: *a, name: b }\n'), known)
  t.match(manifest.datasets, [{ name: 'a', seqLen: 7 }, { name: 'b', seqLen: 7 }])
  t.match(
    await mistakes(t, '- { filtered_dir: x, raw_dir: ./x, name: a, dataset: text, data_files: DIR/a.txt }'),
    ['1:19: raw_dir and filtered_dir are both x, expected two folders']
  )
})

t.test('a file of another kind is reported as such, and a long list of mistakes is cut', async t => {
  t.match(await mistakes(t, 'a\0b'), [/is not a text in UTF-8/])
  const many = await mistakes(t, Array.from({ length: 50 }, (_, i) => `- { name: c${i} }`).join('\n'))
  t.equal(many.length, 21)
  t.match(many.at(-1), '… and 30 more')
})
