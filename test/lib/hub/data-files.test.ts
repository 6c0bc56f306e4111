/** What isn't in the comparison with `datasets` (datasets.test.ts): what is said, and what sluice does otherwise. */
import { type Test, t } from '../../tap.ts'
import { found, listing, resolve } from './helpers.ts'
import { pattern } from '../../helpers.ts'

function throws (t: Test, of: () => unknown, message: RegExp): void {
  t.throws(of, { code: 'ERR_DATASET', message })
}

const TWO_SUBSETS = `
configs:
- config_name: en
  data_files: en/*
- config_name: fr
  data_files: fr/*
  sep: ;`

t.test('the subset: the one named, the only one, the default; else those there are are listed', async t => {
  const paths = ['en/a.csv', 'fr/b.csv']
  t.match(found(paths, { card: TWO_SUBSETS, subset: 'fr' }), {
    subset: 'fr', paths: ['fr/b.csv'], options: { sep: ';' }, from: 'card', format: 'csv', split: 'train', warnings: []
  })
  throws(
    t, () => resolve(paths, { card: TWO_SUBSETS }),
    /^o\/ds has several subsets and no default; name one of them: en, fr$/
  )
  throws(t, () => resolve(paths, { card: TWO_SUBSETS, subset: 'de' }), /^o\/ds has no subset "de"; there are: en, fr$/)
  t.match(found(paths, { card: TWO_SUBSETS.replace('fr\n', 'default\n') }), { subset: 'default' })
  t.match(found(paths, { card: TWO_SUBSETS + '\n  default: true' }), { subset: 'fr' })
  throws(
    t, () => resolve(paths, { card: TWO_SUBSETS.replace('en\n', 'default\n') + '\n  default: true' }),
    /several subsets that are marked as the default; name one of them: default, fr$/
  )
  t.match(found(paths, { card: TWO_SUBSETS + '\ndataset_info: { config_name: fr }' }), { subset: 'fr' })
  t.match(found(paths, { card: 'configs: [{ config_name: x }]' }), { subset: 'x', from: 'patterns' })
  t.match(found(paths), { subset: null })
  t.match(found(paths, { subset: 'default' }), { subset: 'default' })
  throws(t, () => resolve(paths, { subset: 'en' }), /has no subset "en"; there are: default$/)
  t.match(
    found(paths, { card: 'dataset_info: { config_name: x }', subset: 'x' }), { subset: 'x' },
    'what dataset_info calls it'
  )
  const many = 'configs:\n' + Array.from({ length: 50 }, (_, i) => `- config_name: s${i}\n`).join('')
  throws(t, () => resolve(paths, { card: many }), /s0, .*s39 and 10 more$/)
})

t.test('the split is the named one, else train, validation or test with a warning; else all are listed', async t => {
  t.match(found(['test.csv', 'dev.csv'], { split: 'test' }), { split: 'test', warnings: [] })
  const fallen = found(['test.csv', 'dev.csv'])
  t.match(fallen, { split: 'validation', paths: ['dev.csv'] })
  t.match(
    fallen.warnings,
    [/^there is no split "train": "validation" is read instead; o\/ds has the splits: validation, test$/]
  )
  const card = 'configs:\n- config_name: a\n  data_files: [{ split: sft, path: a.csv }, { split: x.y, path: b.csv }]'
  throws(
    t, () => resolve(['a.csv', 'b.csv'], { card }), /^there is no split "train"; o\/ds, a has the splits: sft, x\.y$/
  )
  t.match(found(['a.csv', 'b.csv'], { card, split: 'x.y' }), { paths: ['b.csv'] })
  throws(
    t, () => resolve(['train.csv'], { split: 'train[:10%]' }),
    /"train\[:10%\]" names no split: .*--limit; o\/ds has the splits: train$/
  )
  throws(t, () => resolve(['train.csv'], { split: 'train+test' }), /names no split/)
  throws(t, () => resolve(['train.csv'], { split: 'all' }), /"all" names no split/)
})

t.test('files come in the order of their code points, each once', async t => {
  t.strictSame(found(['b-10.txt', 'b-2.txt', 'B.txt', '🚤.txt', 'ﬁ.txt', 'a/x.txt']).paths, [
    'B.txt', 'a/x.txt', 'b-10.txt', 'b-2.txt', 'ﬁ.txt', '🚤.txt'
  ])
  t.strictSame(
    found(['train/train-1/a.csv', 'train/b.csv']).paths, ['train/b.csv', 'train/train-1/a.csv'],
    'matched by two patterns'
  )
  t.strictSame(found(['a.csv', 'b.csv'], { dataFiles: ['b.csv', '*.csv'] }).paths, ['b.csv', 'a.csv'])
})

t.test('shards in data/ are told by their names', async t => {
  t.strictSame(found([
    'data/train-00000-of-00002-abc.parquet', 'data/train-00001-of-00002-def.parquet', 'data/sft-00000-of-00001.parquet',
    'x/train.parquet'
  ]).paths.length, 2)
  t.match(
    found(['data/sft-00000-of-00001.parquet', 'data/test-00000-of-00001.parquet'], { split: 'sft' }),
    { paths: ['data/sft-00000-of-00001.parquet'], from: 'patterns' }
  )
  throws(
    t, () => resolve(['data/my-split-00000-of-00001.parquet']), /"my-split".*is no name of a split.*data\/my-split-/
  )
})

t.test('globs of the request\'s own go before everything else', async t => {
  const paths = [
    'data/CC-MAIN-2024-10/000.parquet', 'data/CC-MAIN-2024-10/001.parquet', 'data/x.csv', 'LICENSE', 'deep/er/a.tsv'
  ]
  t.match(found(paths, { card: TWO_SUBSETS, dataFiles: 'data/CC-MAIN-2024-10/*.parquet' }), {
    from: 'request', format: 'parquet', subset: null, split: 'train', options: {}, paths: paths.slice(0, 2)
  })
  t.match(found(paths, { card: TWO_SUBSETS, dataFiles: 'data/*', subset: 'fr' }), {
    subset: 'fr', options: { sep: ';' }, paths: ['data/x.csv']
  })
  t.match(found(paths, { card: 'configs: [{ config_name: x, sep: "|" }]', dataFiles: 'data/*' }), {
    subset: 'x', options: { sep: '|' }
  })
  t.match(found(paths, { dataFiles: 'hf://datasets/o/ds/deep/**' }), {
    format: 'csv', options: { sep: '\t' }, paths: ['deep/er/a.tsv']
  })
  t.strictSame(found(paths, { dataFiles: './data//x.csv' }).paths, ['data/x.csv'])
  t.strictSame(
    found(paths, { dataFiles: ['data/x.csv', 'LICEN?E'] }).paths, ['data/x.csv', 'LICENSE'],
    'what a glob names without an ending of data'
  )
  t.match(
    found(paths, { dataFiles: ['data/x.csv', 'none/*.csv'] }).warnings, [/nothing in o\/ds matches none\/\*\.csv/]
  )
  t.match(found(paths, { dataFiles: 'data/x.csv', subset: 'en' }), {
    subset: 'en', warnings: [/has no subsets: "en" is a name here/]
  })
  t.match(found(paths, { dataFiles: 'data/x.csv', subset: 'default' }), { subset: 'default', warnings: [] })
  t.match(found(paths, { dataFiles: 'data/x.csv', split: 'test' }), {
    split: 'train', warnings: [/no split "test": "train" is read instead/]
  })
  throws(t, () => resolve(paths, { card: TWO_SUBSETS, dataFiles: 'data/x.csv', subset: 'de' }), /has no subset "de"/)
})

t.test('paths that aren\'t there, and what there is', async t => {
  const paths = ['a.csv', 'b/c.csv', 'LICENSE']
  throws(
    t, () => resolve(paths, { dataFiles: 'c.csv' }),
    /^o\/ds: c\.csv isn't there; the repository has a\.csv, b\/c\.csv$/
  )
  throws(t, () => resolve(paths, { dataFiles: 'b/' }), /b is a folder; its files are b\/\*\*/)
  throws(t, () => resolve(paths, { dataFiles: 'LICENSE' }), /LICENSE has no ending that tells what is in it/)
  throws(
    t, () => resolve(paths, { dataFiles: 'x/*' }),
    /^o\/ds, train: nothing that has an ending of data matches x\/\*; the repository has a\.csv, b\/c\.csv$/
  )
  throws(t, () => resolve(['LICENSE'], { dataFiles: 'x/*' }), /the repository has no data files$/)
  throws(
    t, () => resolve(Array.from({ length: 12 }, (_, i) => `${i}.csv`), { dataFiles: [] }),
    /matches none; the repository has 0\.csv, .* and 2 more$/
  )
  for (const path of [
    '/etc/passwd', '../x.csv', 'a/../b.csv', 'https://huggingface.co/datasets/o/ds/resolve/main/a.csv',
    'hf://datasets/o/other/a.csv', 'hf://datasets/o/ds@main/a.csv', 'zip://x::a.zip'
  ]) {
    throws(t, () => resolve(paths, { dataFiles: path }), /expected a path or glob in the dataset's repository/)
  }
  throws(
    t, () => resolve(paths, { card: 'configs: [{ config_name: x, data_files: [a.csv, c.csv] }]' }),
    /^o\/ds, x: c\.csv isn't there/
  )
  throws(t, () => resolve(paths, { dataFiles: '**.csv' }), /\*\* stands for whole folders/)
})

t.test('a subset\'s folder', async t => {
  const paths = ['en/train/a.csv', 'en/test/b.csv', 'fr/c.csv', 'train.csv']
  t.match(found(paths, { card: 'configs: [{ config_name: x, data_dir: en/ }]' }), {
    paths: ['en/train/a.csv'], from: 'patterns'
  })
  t.match(
    found(paths, { card: 'configs: [{ config_name: x, data_dir: fr, data_files: "*.csv" }]' }),
    { paths: ['fr/c.csv'], from: 'card' }
  )
  throws(
    t, () => resolve(paths, { card: 'configs: [{ config_name: x, data_dir: de }]' }),
    /^o\/ds, x has no data files; there is no converted parquet.*the repository has en\/test\/b\.csv/
  )
})

t.test('what isn\'t read says so', async t => {
  throws(
    t, () => resolve(['a.tar', 'b.tar']),
    /^o\/ds, train: a\.tar and its like are webdataset by their names, which isn't read; .*data_files/
  )
  throws(t, () => resolve(['a.zip']), /a\.zip and its like are zip by their names/)
  throws(t, () => resolve(['a.png', 'b.png', 'metadata.csv']), /are imagefolder/)
  throws(t, () => resolve(['a.idx']), /are nothing by their names/)
  for (const [path, why] of [
    ['a.json.bz2', /is compressed in a way that isn't read \(\.bz2\)/],
    ['a.csv.xz', /\(\.xz\)/],
    ['a.txt.lz4', /\(\.lz4\)/],
    ['a.json.gzip', /\(\.gzip\)/],
    ['a.json.gz-00000-of-00001', /\(\.gz-00000-of-00001\)/],
    ['a.parquet.gz', /is parquet that is compressed as a whole \(\.gz\)/],
    ['a.json.tar.gz', /is an archive \(\.tar\)/]
  ] as const) throws(t, () => resolve([path]), why)
  throws(t, () => resolve(['a.json', 'b.json', 'c.zip']), /c\.zip is an archive/)
  throws(
    t, () => resolve(['a.json.bz2'], { dataFiles: '*' }),
    /a\.json\.bz2 is compressed in a way that isn't read \(\.bz2\); the repository has/
  )
  for (const path of ['a.json.gz', 'a.jsonl.zst', 'a.json']) t.match(found([path]), { format: 'json', paths: [path] })
  t.match(found(['a.arrow']), { format: 'arrow' })
  t.match(found(['a.txt', 'b.md', 'c.jpg']), { format: 'text', paths: ['a.txt'] }, 'as many of each')
  t.match(found(['a.json', 'b.csv']), { format: 'json', paths: ['a.json'] })
})

const CONVERTED = listing([
  'default/train/0001.parquet', 'default/train/0000.parquet', 'default/partial-test/0000.parquet', 'README.md',
  'other/train-part1/0000.parquet', 'other/train-part0/9999.parquet', 'other/train-part0/10000.parquet'
])

t.test('the converted parquet is the last resort', async t => {
  t.match(resolve(['a.tar'], { converted: null }), {
    needsConverted: true, reason: /webdataset by their names, which isn't read$/
  })
  const resolved = found(['a.tar'], { converted: CONVERTED })
  t.match(resolved, {
    from: 'converted',
    format: 'parquet',
    subset: 'default',
    split: 'train',
    paths: ['default/train/0000.parquet', 'default/train/0001.parquet']
  })
  t.match(
    resolved.warnings, [/a\.tar and its like are webdataset.*: the parquet that the Hub made of it is read instead/]
  )
  t.equal(resolved.warnings.length, 1)
  t.match(found(['a.tar'], { converted: CONVERTED, split: 'test' }).warnings, [
    /instead/, /converted only the beginning of o\/ds, default, test/
  ])
  t.strictSame(found([], { converted: CONVERTED.slice(3) }).paths, [
    'other/train-part0/9999.parquet', 'other/train-part0/10000.parquet', 'other/train-part1/0000.parquet'
  ])
  t.strictSame(
    found([], { converted: listing(['default/partial-train/0000.parquet', 'default/train/0000.parquet']) }).paths,
    ['default/train/0000.parquet']
  )
  const old = listing(['a/partial/train/0000.parquet', 'a/partial/0001.parquet', 'a/partial/train/0001.parquet'])
  t.match(found([], { converted: old }), {
    split: 'train',
    paths: ['a/partial/train/0000.parquet', 'a/partial/train/0001.parquet'],
    warnings: { 1: /only the beginning/ }
  })
  t.strictSame(found([], { converted: old, split: 'partial' }).paths, ['a/partial/0001.parquet'])
  t.match(found(['a.csv'], { converted: CONVERTED }), { from: 'patterns' })
  t.match(resolve(['a.tar'], {
    converted: null, dataFiles: null, card: 'configs: [{ config_name: default, data_files: x/* }]'
  }), { needsConverted: true, reason: /matches x\/\*$/ })
  throws(
    t, () => resolve([], { converted: listing(['en/train/0000.parquet', 'fr/train/0000.parquet']) }),
    /several subsets and no default; name one of them: en, fr/
  )
})

t.test('a dataset that needs a script is read as far as it can be without, and else says what to use', async t => {
  t.match(found(['ds.py', 'a.csv']), { paths: ['a.csv'], warnings: [/has a loading script, ds\.py, which isn't run/] })
  t.match(found(['ds.py', 'en/a.csv', 'fr/b.csv'], { card: TWO_SUBSETS, subset: 'en' }), {
    paths: ['en/a.csv'], warnings: []
  }, 'the card tells')
  t.match(resolve(['ds.py', 'a.csv'], { subset: 'en', converted: null }), {
    needsConverted: true, reason: /has its subsets from a loading script, ds\.py/
  })
  t.match(found(['ds.py', 'a.csv'], { subset: 'other', converted: CONVERTED }), { from: 'converted', subset: 'other' })
  throws(
    t, () => resolve(['ds.py', 'a.csv'], { subset: 'x', converted: CONVERTED }),
    /has no subset "x"; there are: default, other/
  )
  throws(
    t, () => resolve(['ds.py']),
    pattern(
      /^o\/ds has no data files; it needs that script \(ds\.py\) to be run, /,
      /which sluice, like `datasets`, doesn't do; /,
      /there is no converted parquet of it either \(the branch refs\/convert\/parquet\); .*data_files/
    )
  )
  throws(t, () => resolve(['ds.py', 'urls/a.txt']), /no data beside it but \.txt files, which may be lists/)
  t.match(found(['ds.py', 'urls/a.txt'], { converted: CONVERTED }), { from: 'converted' })
  throws(t, () => resolve(['ds.py', 'data.zip']), /data\.zip and its like are zip.*it needs that script/)
  t.match(found(['ds.py', 'a.csv'], { dataFiles: '*.csv' }), { paths: ['a.csv'], warnings: [] })
})
