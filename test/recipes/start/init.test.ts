/** From data to a manifest that `check` accepts and `run` makes shards from. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pathToFileURL } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { parse } from 'yaml'
import { t } from '../../tap.ts'
import { loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'
import type { InitReport } from '../../../recipes/start/init.ts'
import { init } from '../../../recipes/start/init.ts'
import { schemaText } from '../../../recipes/start/schema.ts'
import { command } from '../../commands.ts'
import { filesIn, fixture, folderInMemory, howMany, ndjsonOf, put, temporaryFolder } from '../../helpers.ts'
import { C4, hubForCommands } from '../../hub/process.ts'

const texts = Array.from({ length: 60 }, (_, i) =>
  `The miller of village ${i} opened the gate, and the water ran to the wheel.`)
const CODE = 'def gate (level):\n    if level > 3:\n        return "open"\n    return "shut"\n'

const parquet = Buffer.from(parquetWriteBuffer({
  columnData: [
    { name: 'url', data: texts.map((_, i) => `https://example.org/${i}`), type: 'STRING' },
    { name: 'article', data: texts, type: 'STRING' }
  ]
}))

interface Case {
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly args: readonly string[]
  /** The keys of each component in the manifest. */
  readonly says: ReadonlyArray<Readonly<Record<string, unknown>>>
}

const CASES: Readonly<Record<string, Case>> = {
  NDJSON: {
    files: { 'mill.ndjson': ndjsonOf(texts.map((text, i) => ({ id: `m${i}`, text }))) },
    args: ['mill.ndjson'],
    says: [{
      name: 'mill', dataset: 'json', data_files: 'mill.ndjson', text_column: 'text', filters: ['normalize', 'dedup']
    }]
  },
  'a folder of compressed files, with the text in another field': {
    files: {
      'raw/a/x.jsonl.gz': gzipSync(ndjsonOf(texts.map(body => ({ url: 'u', body })))), 'raw/README.md': '# Not data\n'
    },
    args: ['raw'],
    says: [{ name: 'raw', dataset: 'json', data_files: 'raw/**/*.jsonl.gz', text_column: 'body' }]
  },
  'CSV whose text column is recognized by its length only': {
    files: { 'mills.csv': ['nr,what was said', ...texts.map((text, i) => `${i},"${text}"`)].join('\n') + '\n' },
    args: ['mills.csv'],
    says: [{ name: 'mills', dataset: 'csv', text_column: 'what was said' }]
  },
  'an object with an array of records': {
    files: { 'mills.json': JSON.stringify({ version: '1.1', data: texts.map((body, nr) => ({ nr, body })) }) },
    args: ['mills.json'],
    says: [{ name: 'mills', dataset: 'json', field: 'data', text_column: 'body' }]
  },
  'a folder of objects, each with an array of its paragraphs': {
    files: Object.fromEntries([0, 30].map(from => [`pages/${from}.json`, JSON.stringify({
      paragraphs: texts.slice(from, from + 30).map(text => ({ text }))
    })])),
    args: ['pages'],
    says: [{ name: 'pages', dataset: 'json', text_column: 'paragraphs[].text', field: undefined }]
  },
  'text in nested fields': {
    files: { 'talk.json': JSON.stringify(texts.map(content => ({ messages: [{ content }] }))) },
    args: ['talk.json'],
    says: [{ dataset: 'json', text_column: 'messages[].content' }]
  },
  'lines of text': {
    files: { 'lines.txt': texts.join('\n') + '\n' },
    args: ['lines.txt'],
    says: [{ dataset: 'text', data_files: 'lines.txt' }]
  },
  'parquet without an extension': {
    files: { part_0: parquet },
    args: ['part_0'],
    says: [{ name: 'part_0', dataset: 'parquet', text_column: 'article' }]
  },
  Arrow: {
    files: { 'p.arrow': readFileSync(fixture('arrow/polars.file.arrow')) },
    args: ['p.arrow'],
    says: [{ name: 'p', dataset: 'arrow' }]
  },
  'files of several formats and fields: one component each': {
    files: {
      'a.ndjson': ndjsonOf(texts.slice(0, 30).map(text => ({ text }))),
      'b.ndjson': ndjsonOf(texts.slice(30).map(text => ({ text }))),
      'c.ndjson': ndjsonOf(texts.map(content => ({ content }))),
      'c.csv': 'text\n' + texts.join('\n').replaceAll(',', '') + '\n'
    },
    args: ['a.ndjson', 'b.ndjson', 'c.ndjson', 'c.csv'],
    says: [
      { name: 'a', data_files: ['a.ndjson', 'b.ndjson'] }, { name: 'c', text_column: 'content' },
      { name: 'c_2', dataset: 'csv' }
    ]
  }
}

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(schemaText()) as object)

for (const [i, [name, { files, args, says }]] of Object.entries(CASES).entries()) {
  t.test(`${name}: the manifest passes check, and run makes shards from it`, async t => {
    const folder = folderInMemory(t)
    for (const [path, content] of Object.entries(files)) put(folder, path, content)
    const written = await command(['init', ...args], { cwd: folder })
    t.match(written, {
      code: 0, stderr: '', stdout: /^Written to sluice\.yaml[^]* check sluice\.yaml\n[^]* run sluice\.yaml\n$/m
    })
    const yaml = readFileSync(join(folder, 'sluice.yaml'), 'utf8')
    const content = parse(yaml) as { datasets: Array<{ output_dir: string }> }
    t.match(content.datasets, says)
    t.equal(content.datasets.length, says.length)
    t.match(yaml, /^# yaml-language-server: \$schema=\S+manifest\.schema\.json\n/)
    const schema = new URL(/schema=(\S+)/.exec(yaml)![1]!, pathToFileURL(`${folder}/`))
    t.ok(existsSync(schema), 'the schema exists')
    t.ok(validate(content), JSON.stringify(validate.errors))
    t.match(await command(['check', 'sluice.yaml'], { cwd: folder }), { code: 0 })
    if (i % howMany(3, 1) !== 0) return // some kinds, all in `npm run thorough`
    const run = await command(['run', 'sluice.yaml', '--workers', '1', '--quiet'], { cwd: folder })
    t.match(run, { code: 0, stderr: '' })
    for (const { output_dir: shards } of content.datasets) {
      t.ok(filesIn(join(folder, shards)).includes('shard_00000.npy'), shards)
    }
  })
}

t.test('code keeps its lines through the tokenizer', async t => {
  const folder = folderInMemory(t)
  put(folder, 'code.ndjson', ndjsonOf(texts.map((_, i) => ({ content: CODE.replace('3', String(i)) }))))
  const { components } = await runInit(folder, ['code.ndjson'])
  t.match(components, [{ text_column: 'content', is_code: true, documents: 60 }])
  const yaml = readFileSync(join(folder, 'sluice.yaml'), 'utf8')
  t.match(parse(yaml), {
    tokenizer: { normalization_rule_name: 'identity', remove_extra_whitespaces: false, byte_fallback: true },
    datasets: [{ filters: ['dedup'] }]
  })
  t.match(await command(['run', 'sluice.yaml', '--workers', '1'], { cwd: folder }), {
    code: 0, stderr: /^(?!.*indented)/s
  })
  const { encode, decode } = await loadTokenizer(join(folder, 'artifacts/tokenizer/code/spm_4000_unigram.model'))
  t.equal(decode(encode(CODE)), CODE)
})

async function runInit (cwd: string, args: readonly string[]): Promise<InitReport> {
  const { stdout } = await command(['init', ...args, '--json'], { cwd })
  return JSON.parse(stdout) as InitReport
}

t.test('comments state what was found: languages, lengths, ids, sizes', async t => {
  const folder = temporaryFolder(t)
  const german = 'Der Müller öffnete das Tor, und das Wasser lief zum Rad der Mühle hinab, wie an jedem Tag.'
  put(folder, 'two.ndjson', ndjsonOf(texts.map((text, i) => ({
    id: `x${i}`, text: i % 3 === 0 ? `${german} ${i}` : text
  }))))
  const { components } = await runInit(folder, ['two.ndjson'])
  t.match(components, [{ name: 'two', files: 1, documents: 60, languages: { de: 20 / 60, en: 40 / 60 } }])
  const yaml = readFileSync(join(folder, 'sluice.yaml'), 'utf8')
  for (const line of [
    '# 1 file, 6,200 B, 60 documents.', '# Documents have the ids of their records.', '# Languages: en 67 %, de 33 %.',
    '# - language: { keep: [en, de], threshold: 0.8 }', 'Documents have 72 to 93 characters.'
  ]) {
    t.match(yaml, line)
  }
})

t.test('a dataset on the Hub gives a manifest', async t => {
  await hubForCommands(t, { repos: [C4] })
  const folder = folderInMemory(t)
  t.match(await command(['init', 'allenai/c4', '--subset', 'en'], { cwd: folder }), { code: 0, stderr: '' })
  t.match(parse(readFileSync(join(folder, 'sluice.yaml'), 'utf8')), {
    name: 'c4',
    datasets: [{
      name: 'c4', dataset: 'allenai/c4', subset: 'en', split: 'train', text_column: 'text', license: 'odc-by'
    }]
  })
  t.match(await command(['check', 'sluice.yaml'], { cwd: folder }), { code: 0 })
  t.match(await command(['run', 'sluice.yaml', '--workers', '1', '--quiet'], { cwd: folder }), { code: 0 })
  t.ok(existsSync(join(folder, 'data/shards/c4/c4/shard_00000.npy')))
  t.match(await command(['init', 'allenai/none', '--force'], { cwd: folder }), { code: 2, stderr: /allenai\/none/ })
  const name = 'hf://datasets/allenai/c4/en/c4-train.00000-of-01024.json.gz'
  t.match(
    await runInit(folder, [name, '--force']), { components: [{ name: 'c4-train', dataset: 'json', documents: 8 }] }
  )
})

t.test('a manifest is replaced only with the flag; - is standard output', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a.txt', texts.join('\n'))
  put(folder, 'mine.yaml', 'mine')
  t.match(await command(['init', 'a.txt', '--output', 'mine.yaml'], { cwd: folder }), {
    code: 2, stderr: /mine\.yaml: already exists; name another file with --output, or replace it with --force/
  })
  t.equal(readFileSync(join(folder, 'mine.yaml'), 'utf8'), 'mine')
  t.match(await command(['init', 'a.txt', '--output', 'mine.yaml', '--force'], { cwd: folder }), { code: 0 })
  const printed = await command(['init', 'a.txt', '--output', '-'], { cwd: folder })
  t.match(parse(printed.stdout), { datasets: [{ data_files: 'a.txt' }] })
  t.match(printed.stderr, /run sluice\.yaml/)
  t.notOk(existsSync(join(folder, 'sluice.yaml')))
})

t.test('unusable input is an error that says what to do', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'empty.ndjson', '')
  put(folder, 'noise.dat', Buffer.from(Array.from({ length: 2000 }, (_, i) => i * 7 % 256)))
  put(folder, 'paper', '%PDF-1.7\n')
  put(folder, 'numbers.csv', 'a,b\n1,2\n3,4\n')
  put(folder, 'bad.ndjson', 'no json\nnone here\n')
  put(folder, 'docs/page.md', '# A page\n')
  mkdirSync(join(folder, 'nothing'))
  symlinkSync('gone.ndjson', join(folder, 'dangling.ndjson'))
  for (const [args, says] of [
    [
      [],
      /expected the files, globs or folders to make shards of, or OWNER\/NAME of a dataset on the Hub \[ERR_OPTION\]/
    ],
    [['-'], /standard input can be read only once; write it to a file first/],
    [['none.ndjson'], /none\.ndjson: no such file/],
    [['*.parquet'], /\*\.parquet: no file matches this glob/],
    [['dangling.ndjson'], /dangling\.ndjson: is a link to gone\.ndjson, which doesn't exist/],
    [['empty.ndjson'], /empty\.ndjson: is empty; name files with documents/],
    [['noise.dat'], /noise\.dat: is a binary file of an unknown kind; convert it/],
    [['paper'], /paper: is a PDF; take its text out first/],
    [['numbers.csv'], /numbers\.csv: has no column text, its columns are "a", "b".*--text-column/],
    [['numbers.csv', '--text-column', 'c'], /numbers\.csv: has no column c/],
    [['bad.ndjson'], /bad\.ndjson.*2 of 2 records are bad/],
    [
      ['docs'],
      /docs: expected files with the extension of a known format.*such as page\.md.*name the files themselves/
    ],
    [['nothing'], /nothing: expected files .* it has no files/]
  ] as const) {
    const { code, stderr } = await command(['init', ...args], { cwd: folder })
    t.match(stderr, says)
    t.ok(code === 1 || code === 2, `${args.join()}: exit code ${code}`)
  }
  t.notOk(existsSync(join(folder, 'sluice.yaml')))
  await t.rejects(init([]), { code: 'ERR_OPTION' })
})
