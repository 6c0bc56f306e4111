import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { formatByNames, formatName } from '../../lib/records/format.ts'
import { withFileArguments } from '../../recipes/components/corpus.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { readManifest } from '../../recipes/manifest/read.ts'
import { knownStages } from '../../recipes/stages.ts'
import { command } from '../commands.ts'
import { failure, howMany, isThorough, put, temporaryFolder } from '../helpers.ts'

t.test('the format is that of the file extension', async t => {
  for (const [name, format] of [
    ['a.jsonl.gz', 'json'], ['x/*.parquet', 'parquet'], ['a.tsv', 'csv'], ['a.TXT.zst', 'text'], ['a.feather', 'arrow'],
    ['a', 'json'], ['-', 'json']
  ] as const) {
    t.equal(formatByNames(name), format, name)
  }
  t.throws(() => formatByNames(['a.csv', 'b.parquet']), {
    code: 'ERR_OPTION', message: /have several formats \(a\.csv: csv, b\.parquet: parquet\)/
  })
  t.strictSame(['jsonl', 'ndjson', 'txt', 'csv', 'constructor'].map(formatName), [
    'json', 'json', 'text', 'csv', 'constructor'
  ])
})

t.test('train-tokenizer takes files as arguments', async t => {
  const folder = temporaryFolder(t)
  const words = 'gate water barge weir mill lock sluice river stone wheel'.split(' ')
  const text = Array.from({ length: howMany(60, 300) }, (_, i) =>
    `${words[i % 10]!} ${words[i * 7 % 9]!} ${words[i * 3 % 8]!}\n`).join('')
  const file = put(folder, 'a.txt', text)
  // Compiling the default normalization table takes most of a second.
  const args = [
    'train-tokenizer',
    file,
    '--vocab-size',
    '5000',
    ...isThorough() ? [] : ['--normalization-rule-name', 'identity', '--workers', '1'],
    '--output-dir',
    join(folder, 'tokenizer')
  ]
  const { code, stderr } = await command(args)
  t.equal(code, 2)
  t.match(stderr, /--vocab-size: .*--no-hard-vocab-limit/)
  t.match(await command([...args, '--no-hard-vocab-limit']), { code: 0, stdout: /\.model: \d+ pieces, trained on/ })
})

t.test('filter-corpus takes files as arguments', async t => {
  const folder = temporaryFolder(t)
  const outputPath = join(folder, 'out.txt')
  const options = { outputPath, targetLang: 'any', minChars: 1 }
  const files = [put(folder, 'a.txt', 'one\n'), put(folder, 'b.txt', 'two\n')]
  await filterCorpus(withFileArguments(files, options))
  t.equal(readFileSync(outputPath, 'utf8'), 'one\ntwo\n')
  const lines = put(folder, 'c', '{"text":"three"}\n')
  await filterCorpus({ ...options, dataset: 'jsonl', dataFiles: lines })
  t.equal(readFileSync(outputPath, 'utf8'), 'three\n')
  t.throws(() => withFileArguments(['a'], { dataFiles: ['b'] }), {
    code: 'ERR_OPTION', message: /both as arguments and by --data-files/
  })
  t.match(await failure(filterCorpus({ ...options, dataset: 'jason', dataFiles: lines })), {
    code: 'ERR_OPTION', message: /did you mean json/
  })
  t.match(
    await failure(filterCorpus({ ...options, dataset: 'https://user:secretpass@host/x', dataFiles: lines })),
    { code: 'ERR_OPTION', message: /^dataset: https:\/\/MASKED@host\/x: is a URL/ }
  )
})

t.test('an output whose extension is of another format is refused', async t => {
  for (const name of ['o.avro', 'o.jsonl.xz', 'o.csv', 'o.gz']) {
    t.match(await failure(filterCorpus({ dataFiles: 'a.txt', outputPath: name })), {
      code: 'ERR_OPTION', message: /expected a name that ends in \.ndjson, \.jsonl, \.json or \.txt/
    }, name)
  }
})

t.test('addresses and ~ as inputs are refused with a hint', async t => {
  for (const [name, message] of [
    [
      'https://host/a.jsonl',
      /is a URL, expected a path; download the file first, or pipe it in: curl -L https:\S+a\.jsonl \| sluice read -/
    ],
    ['https://host/a.txt.gz?x=1&y=2', /curl -L 'https:.*x=1&y=2' \| gzip -dc \| sluice read - --dataset text$/],
    ['gs://bucket/a.tsv', /cat gs:\/\/bucket\/a\.tsv \| sluice read - --dataset csv --delimiter tab$/],
    ['s3://bucket/a.parquet', /download the file first$/],
    ['https://huggingface.co/datasets/o/n/resolve/main/a.jsonl', /--dataset o\/n/],
    ['s3://bucket/a.jsonl', /aws s3 cp s3:\/\/bucket\/a\.jsonl - \| sluice read -/],
    ['file:///data/a.jsonl', /expected a path: \/data\/a\.jsonl/],
    ['~/a.jsonl', /write the path in full, such as .*\/a\.jsonl/]
  ] as const) {
    t.match(
      await failure(filterCorpus({ dataFiles: name, outputPath: join(temporaryFolder(t), 'o.jsonl') })),
      { code: 'ERR_FILES', message }
    )
  }
})

t.test('a manifest that is an LFS pointer or a page is named as such, and jsonl is answered with json', async t => {
  const folder = temporaryFolder(t)
  t.match(await failure(readManifest(
    put(folder, 'a.yaml', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), knownStages
  )), { code: 'ERR_MANIFEST', message: /is a Git LFS pointer/ })
  t.match(await failure(readManifest(
    put(folder, 'b.yaml', '- name: a\n  dataset: jsonl\n  data_files: b.yaml\n'), knownStages
  )), { code: 'ERR_MANIFEST', message: /NDJSON is dataset: json/ })
})
