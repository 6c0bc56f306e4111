/**
 * The JSON Schema of manifests accepts what the checker accepts, and refuses what it refuses, as far as a schema can
 * express it.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { readManifest } from '../../../recipes/manifest/read.ts'
import { schemaText, writeSchema } from '../../../recipes/start/schema.ts'
import { knownStages } from '../../../recipes/stages.ts'
import { command } from '../../commands.ts'
import { ROOT, failure, put, temporaryFolder } from '../../helpers.ts'

const validate = new Ajv2020({
  allErrors: true, strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false
})
  .compile(JSON.parse(schemaText()) as object)

const contentOf = (yaml: string): unknown => parse(yaml, { merge: true })
const MANIFESTS = ['examples', 'recipes/start'].flatMap(folder =>
  readdirSync(join(ROOT, folder)).filter(name => name.endsWith('.yaml')).map(name => join(folder, name)))

t.test('the schema accepts each manifest of the repository', async t => {
  t.ok(MANIFESTS.length > 7, MANIFESTS.join())
  for (const name of MANIFESTS) {
    t.ok(validate(contentOf(readFileSync(join(ROOT, name), 'utf8'))), `${name}: ${JSON.stringify(validate.errors)}`)
  }
})

const FILE = 'dataset: text, data_files: a.txt'

const RIGHT: Readonly<Record<string, string>> = {
  'the list of datasets alone': `- { name: a, ${FILE} }`,
  'each kind of filter': `- { name: a, ${FILE}, filters: [normalize, length: , length: { min_chars: 2, expect: ` +
    '{ kept: 0.6 } }, language: { keep: [de, fr] }, classify: { model: m.bin, label: good, min: 0.5 }, use: ' +
    './my.mjs, use: { module: ./my.mjs, min_words: 3 }] }',
  'numbers in common notations': '- { name: a, dataset: json, data_files: [a, b], seq_len: 1_024, sample_limit: ' +
    '1e6, max_records: "12" }',
  'a dataset on the Hub': '- { name: a, dataset: HuggingFaceFW/fineweb, columns: url }',
  'options of a source': '- { name: a, dataset: csv, data_files: a.csv, delimiter: tab, quote: "" }',
  'empty keys': `{ name: null, tokenizer: null, datasets: [{ name: a, ${FILE}, license: null, raw_dir: ` +
    'null }] }'
}

for (const [name, yaml] of Object.entries(RIGHT)) {
  t.test(`the schema accepts ${name}`, async t => {
    t.ok(validate(contentOf(yaml)), JSON.stringify(validate.errors))
  })
}

const component = (rest: string): string => `- { name: a, ${FILE}, ${rest} }`

/** The mistakes of manifest.test.ts and mistakes.test.ts except those in YAML's syntax. */
const WRONG: Readonly<Record<string, string>> = {
  'a misspelt key': component('seq_lenn: 3'),
  'a word for a number': component('sequences_per_shard: many'),
  'a number with a letter': component('seq_len: 10k'),
  'an unknown type of ids': component('dtype: int64'),
  'no dataset': '- { name: a, data_files: a.txt }',
  'a name with a slash': `- { name: a/b, ${FILE} }`,
  'a name of dots': `- { name: .., ${FILE} }`,
  'a name that is a number': `- { name: 2024, ${FILE} }`,
  'a misspelt key of the manifest': `{ tokeniser: {}, datasets: [{ name: a, ${FILE} }] }`,
  'an invalid SHA-256': `{ tokenizer: { sha256: abc }, datasets: [{ name: a, ${FILE} }] }`,
  'a key in camel case': component('seqLen: 3'),
  'an unknown stage': component('filters: [lenght: { min_chars: 1 }]'),
  'the bare name of a stage with required options': component('filters: [lowr]'),
  'an unknown option of a stage': component('filters: [length: { min_char: 1 }]'),
  'a negative count': component('filters: [length: { max_chars: -1 }]'),
  'two stages in one item': component('filters: [{ normalize: {}, length: {} }]'),
  'a number for a stage': component('filters: [7]'),
  'the name of an object member': component('filters: [constructor]'),
  'a stage without a required option': component('filters: [classify]'),
  'a custom stage without its module': component('filters: [use: { min_words: 3 }]'),
  'missing data_files': '- { name: a, dataset: json }',
  'an unknown dataset': '- { name: a, dataset: jsn, data_files: a.txt }',
  'a key of another source': component('delimiter: x'),
  'a delimiter that is a number': '- { name: a, dataset: csv, data_files: a.csv, delimiter: 7 }',
  'a share above 1': component('expect: { kept: 60 }'),
  'no share': component('filters: [normalize: { expect: { keep: 1 } }]'),
  'a share without a mapping': component('filters: [normalize: { expect: 3 }]'),
  'true for a text': component('revision: true'),
  'a text for true': component('filters: [language: { record: yes }]'),
  'no component': 'datasets: []',
  'no datasets': 'name: x',
  'a text': 'just text',
  'one component': 'name: a\ndataset: json\ndata_files: a\n',
  'components without dashes': 'datasets:\n  name: a\n  dataset: json\n',
  'options in the column of their stage': 'datasets:\n  - name: a\n    filters:\n      - length:\n        ' +
    'min_chars: 3\n'
}

for (const [name, yaml] of Object.entries(WRONG)) {
  t.test(`the schema refuses ${name}, as the checker does`, async t => {
    t.notOk(validate(contentOf(yaml)))
    const folder = temporaryFolder(t)
    const files = yaml.replaceAll('a.txt', put(folder, 'a.txt', '')).replaceAll('a.csv', put(folder, 'a.csv', ''))
    t.equal(
      (await failure(readManifest(put(folder, 'mix.yaml', files), knownStages)) as SluiceError).code, 'ERR_MANIFEST'
    )
  })
}

/** Rules that no JSON Schema can express, and why: only the checker enforces them. */
const BEYOND: Readonly<Record<string, [yaml: string, why: string]>> = {
  'limits in the wrong order': [
    component('filters: [length: { min_chars: 5, max_chars: 4 }]'),
    'it compares two values'
  ],
  'a model for cld3': [component('filters: [language: { model: x.bin }]'), 'a rule in code, of two options'],
  'a language unknown to cld3': [
    component('filters: [language: { keep: german }]'), 'a rule in code: it depends on the detector'
  ],
  'files that don\'t exist': ['- { name: a, dataset: text, data_files: none.txt }', 'it is about the disk'],
  'two components with the same name': [
    `- { name: a, ${FILE} }\n- { name: a, ${FILE}, output_dir: b }`,
    'items are unique only as a whole'
  ],
  'two components in the same folder': [
    `- { name: a, ${FILE}, output_dir: x }\n- { name: b, ${FILE}, output_dir: ./x }`,
    'it compares paths'
  ],
  'two copies in the same folder': [component('raw_dir: x, filtered_dir: ./x'), 'it compares two values'],
  'a control character in a name': ['- { name: "a\\u0001", dataset: text, data_files: a.txt }', 'a rule in code']
}

for (const [name, [yaml, why]] of Object.entries(BEYOND)) {
  t.test(`only the checker refuses ${name}: ${why}`, async t => {
    t.ok(validate(contentOf(yaml)), JSON.stringify(validate.errors))
    const folder = temporaryFolder(t)
    const path = put(folder, 'mix.yaml', yaml.replaceAll('a.txt', put(folder, 'a.txt', '')))
    t.equal((await failure(readManifest(path, knownStages)) as SluiceError).code, 'ERR_MANIFEST')
  })
}

t.test('each key has a description', async t => {
  const { anyOf: [manifest], $defs } = JSON.parse(schemaText()) as {
    anyOf: [Described]
    $defs: Record<string, Described>
  }
  const objects = [manifest, $defs.component!, manifest.properties.tokenizer as Described]
  const keys = objects.flatMap(({ properties }) => Object.entries(properties))
  t.ok(keys.length > 45, `${keys.length} keys`)
  t.strictSame(keys.filter(([, { description }]) => description === undefined).map(([key]) => key), [])
})

interface Described { readonly properties: Readonly<Record<string, { readonly description?: string }>> }

t.test('sluice schema prints the schema, or writes it to a file; the package contains it', async t => {
  const folder = temporaryFolder(t)
  t.match(
    await command(['schema']), { code: 0, stdout: schemaText(), stderr: '# yaml-language-server: $schema=FILE\n' }
  )
  t.match(await command(['schema', '--output', 'manifest.json'], { cwd: folder }), {
    code: 0, stdout: '{\n  "output": "manifest.json"\n}\n'
  })
  t.equal(readFileSync(join(folder, 'manifest.json'), 'utf8'), schemaText())
  t.match(await failure(writeSchema({ output: put(folder, 'mine.json', '{"a":1}') })), { code: 'ERR_OUTPUT_EXISTS' })
  t.equal(readFileSync(join(ROOT, 'dist/manifest.schema.json'), 'utf8'), schemaText())
})
