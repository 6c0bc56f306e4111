/** Cases that the comparison with `datasets` (datasets.test.ts) doesn't cover: messages, and intended differences. */
import { type Test, t } from '../../tap.ts'
import { found, listing, resolve } from './helpers.ts'

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

t.test('the subset is the named one, the only one, or the default; else all are listed', async t => {
  const paths = ['en/a.csv', 'fr/b.csv']
  t.match(found(paths, { card: TWO_SUBSETS, subset: 'fr' }), {
    subset: 'fr', paths: ['fr/b.csv'], options: { sep: ';' }, from: 'card', format: 'csv', split: 'train', warnings: []
  })
  throws(
    t, () => resolve(paths, { card: TWO_SUBSETS }),
    /^o\/ds has several subsets and no default; name one of them: en, fr$/
  )
  const noGerman = /^o\/ds has no subset "de"; its subsets are: en, fr$/
  throws(t, () => resolve(paths, { card: TWO_SUBSETS, subset: 'de' }), noGerman)
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
  throws(t, () => resolve(paths, { subset: 'en' }), /has no subset "en"; its subsets are: default$/)
  t.match(
    found(paths, { card: 'dataset_info: { config_name: x }', subset: 'x' }), { subset: 'x' },
    'the name in dataset_info'
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
    [/^there is no split "train": "validation" is read instead; the splits of o\/ds are: validation, test$/]
  )
  const card = 'configs:\n- config_name: a\n  data_files: [{ split: sft, path: a.csv }, { split: x.y, path: b.csv }]'
  throws(
    t, () => resolve(['a.csv', 'b.csv'], { card }), /^there is no split "train"; the splits of o\/ds, a are: sft, x\.y$/
  )
  t.match(found(['a.csv', 'b.csv'], { card, split: 'x.y' }), { paths: ['b.csv'] })
  throws(
    t, () => resolve(['train.csv'], { split: 'train[:10%]' }),
    /"train\[:10%\]" is not the name of a split: .*--limit; the splits of o\/ds are: train$/
  )
  throws(t, () => resolve(['train.csv'], { split: 'train+test' }), /is not the name of a split/)
  throws(t, () => resolve(['train.csv'], { split: 'all' }), /"all" is not the name of a split/)
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

t.test('shards in data/ are recognized by their names', async t => {
  t.strictSame(found([
    'data/train-00000-of-00002-abc.parquet', 'data/train-00001-of-00002-def.parquet', 'data/sft-00000-of-00001.parquet',
    'x/train.parquet'
  ]).paths.length, 2)
  t.match(
    found(['data/sft-00000-of-00001.parquet', 'data/test-00000-of-00001.parquet'], { split: 'sft' }),
    { paths: ['data/sft-00000-of-00001.parquet'], from: 'patterns' }
  )
  throws(
    t, () => resolve(['data/my-split-00000-of-00001.parquet']),
    /"my-split".*is not a valid name of a split.*data\/my-split-/
  )
})

t.test('globs of the request take precedence', async t => {
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
    'a glob also matches files without a data extension'
  )
  t.match(
    found(paths, { dataFiles: ['data/x.csv', 'none/*.csv'] }).warnings, [/no data file of o\/ds matches none\/\*\.csv/]
  )
  t.match(found(paths, { dataFiles: 'data/x.csv', subset: 'en' }), {
    subset: 'en', warnings: [/has no subsets: "en" is used only as a name/]
  })
  t.match(found(paths, { dataFiles: 'data/x.csv', subset: 'default' }), { subset: 'default', warnings: [] })
  t.match(found(paths, { dataFiles: 'data/x.csv', split: 'test' }), {
    split: 'train', warnings: [/no split "test": "train" is read instead/]
  })
  throws(t, () => resolve(paths, { card: TWO_SUBSETS, dataFiles: 'data/x.csv', subset: 'de' }), /has no subset "de"/)
})

t.test('missing paths are reported with the existing ones', async t => {
  const paths = ['a.csv', 'b/c.csv', 'LICENSE']
  throws(
    t, () => resolve(paths, { dataFiles: 'c.csv' }),
    /^o\/ds: c\.csv doesn't exist; the repository has a\.csv, b\/c\.csv$/
  )
  throws(t, () => resolve(paths, { dataFiles: 'b/' }), /b is a folder: write b\/\*\* for its files/)
  throws(t, () => resolve(paths, { dataFiles: 'LICENSE' }), /LICENSE has no extension of a known format/)
  throws(
    t, () => resolve(paths, { dataFiles: 'x/*' }),
    /^o\/ds, train: no file with the extension of a data file matches x\/\*; the repository has a\.csv, b\/c\.csv$/
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
    /^o\/ds, x: c\.csv doesn't exist/
  )
  throws(t, () => resolve(paths, { dataFiles: '**.csv' }), /\*\* must be a whole part of a path/)
})

t.test('the folder of a subset is used', async t => {
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

t.test('files that can\'t be read are reported', async t => {
  throws(
    t, () => resolve(['a.tar', 'b.tar']),
    /^o\/ds, train: files such as a\.tar are webdataset by their names, which isn't supported; .*data_files/
  )
  throws(t, () => resolve(['a.zip']), /files such as a\.zip are zip by their names/)
  throws(t, () => resolve(['a.png', 'b.png', 'metadata.csv']), /are imagefolder/)
  throws(t, () => resolve(['a.idx']), /have no extension of a known kind/)
  for (const [path, why] of [
    ['a.json.bz2', /has a compression that isn't supported \(\.bz2\)/],
    ['a.csv.xz', /\(\.xz\)/],
    ['a.txt.lz4', /\(\.lz4\)/],
    ['a.json.gzip', /\(\.gzip\)/],
    ['a.json.gz-00000-of-00001', /\(\.gz-00000-of-00001\)/],
    ['a.parquet.gz', /is a parquet file compressed as a whole \(\.gz\)/],
    ['a.json.tar.gz', /is an archive \(\.tar\)/]
  ] as const) throws(t, () => resolve([path]), why)
  throws(t, () => resolve(['a.json', 'b.json', 'c.zip']), /c\.zip is an archive/)
  throws(
    t, () => resolve(['a.json.bz2'], { dataFiles: '*' }),
    /a\.json\.bz2 has a compression that isn't supported \(\.bz2\); the repository has/
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

t.test('the converted parquet is used last', async t => {
  t.match(resolve(['a.tar'], { converted: null }), {
    needsConverted: true, reason: /webdataset by their names, which isn't supported$/
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
    resolved.warnings, [/files such as a\.tar are webdataset.*: the parquet converted by the Hub is read instead/]
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

t.test('a dataset with a script is read as far as possible without it; else the error says what to use', async t => {
  t.match(found(['ds.py', 'a.csv']), { paths: ['a.csv'], warnings: [/has a loading script, ds\.py, which isn't run/] })
  t.match(found(['ds.py', 'en/a.csv', 'fr/b.csv'], { card: TWO_SUBSETS, subset: 'en' }), {
    paths: ['en/a.csv'], warnings: []
  }, 'from the card')
  t.match(resolve(['ds.py', 'a.csv'], { subset: 'en', converted: null }), {
    needsConverted: true, reason: /the subsets of o\/ds are in a loading script, ds\.py/
  })
  t.match(found(['ds.py', 'a.csv'], { subset: 'other', converted: CONVERTED }), { from: 'converted', subset: 'other' })
  throws(
    t, () => resolve(['ds.py', 'a.csv'], { subset: 'x', converted: CONVERTED }),
    /has no subset "x"; its subsets are: default, other/
  )
  throws(
    t, () => resolve(['ds.py']),
    new RegExp('^o/ds has no data files; it needs its loading script \\(ds\\.py\\) to be run, ' +
      'which sluice, like `datasets`, doesn\'t do; ' +
      'there is no converted parquet of it either \\(the branch refs/convert/parquet\\); .*data_files')
  )
  throws(t, () => resolve(['ds.py', 'urls/a.txt']), /no other data than \.txt files, which may be lists/)
  t.match(found(['ds.py', 'urls/a.txt'], { converted: CONVERTED }), { from: 'converted' })
  throws(t, () => resolve(['ds.py', 'data.zip']), /files such as data\.zip are zip.*it needs its loading script/)
  t.match(found(['ds.py', 'a.csv'], { dataFiles: '*.csv' }), { paths: ['a.csv'], warnings: [] })
})
