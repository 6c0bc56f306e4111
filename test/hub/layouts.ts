/**
 * Datasets in every layout that `datasets` of Python finds files in, small, and the same from their seeds on every run:
 * for `test/checks/hub.ts`, which has `datasets` stream them, and for tests of the source that has to give the same
 * records.
 */
import { gzipSync } from 'node:zlib'
import { loadZstdCompressor } from '../../lib/zstd/compress.ts'
import { type ParquetField, writeParquet } from '../parquet-writer.ts'
import { randomNumbers } from './misbehaviour.ts'
import type { Files, RepoOptions } from './types.ts'

export interface Layout {
  /** In words that a repository can be named by, too. */
  readonly name: string
  /** Of `main`. */
  readonly files: Files
  readonly refs?: Readonly<Record<string, Files>>
  readonly subset?: string
  /** Default: `train`. */
  readonly split?: string
  /** What the user asks for in place of the card's and the patterns' files. */
  readonly dataFiles?: string | readonly string[]
  readonly revision?: string
  /** Default: `text`. */
  readonly textColumn?: string
  /** What to ask `datasets` for in place of the subset: it doesn't look into the conversion to parquet by itself. */
  readonly judgedAs?: { readonly revision: string, readonly dataDir: string }
  /** Texts of the split, in order, by how the files were written. */
  readonly expected: readonly string[]
}

export interface LayoutRecord {
  readonly id: string
  readonly text: string
  readonly score: number
  readonly meta: { readonly url: string, readonly tags: readonly string[] }
}

const WORDS = 'sluice gate water river meadow Schleuse Wasser écluse rivière 水門 川 шлюз река 🚤 lock "barge" mill, stone; a\\b {c}'.split(' ')

/** Records that are the same for a seed, and have ids of their own for each. */
export function recordsOf (seed: number, count = 5): LayoutRecord[] {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, (_, i) => ({
    id: `${seed}-${i}`,
    text: `${seed}-${i}: ${Array.from({ length: 2 + below(12) }, () => WORDS[below(WORDS.length)]).join(' ')}`,
    score: below(100) / 4,
    meta: { url: `https://example.org/${seed}/${i}`, tags: Array.from({ length: below(4) }, () => WORDS[below(4)]!) }
  }))
}

function textsOf (...seeds: readonly number[]): string[] {
  return seeds.flatMap(seed => recordsOf(seed).map(({ text }) => text))
}

function lines (seed: number): string {
  return recordsOf(seed).map(record => JSON.stringify(record) + '\n').join('')
}

function plainLines (seed: number, end = '\n'): string {
  return recordsOf(seed).map(({ text }) => text + end).join('')
}

function csv (seed: number, separator = ','): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  return [
    ['id', 'text', 'score'],
    ...recordsOf(seed).map(({ id, text, score }) => [id, `${text}\nnext line`, String(score)])
  ].map(fields => fields.map(quoted).join(separator) + '\n').join('')
}

function csvTexts (...seeds: readonly number[]): string[] {
  return textsOf(...seeds).map(text => `${text}\nnext line`)
}

function card (yaml: string): string {
  return `---\nlicense: mit\n${yaml}---\n# A card\n`
}

/** Blank ones, and characters that end lines elsewhere. */
const ODD_LINES = ['a', '', ' b ', '', '', 'c\u2028d\u0085e\ff', '\u00a0', 'z']

const OPTIONAL = { repetition_type: 'OPTIONAL' } as const
const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...OPTIONAL } as const
const FIELDS: readonly ParquetField[] = [
  { name: 'root', num_children: 4 },
  { name: 'id', ...STRING },
  { name: 'meta', num_children: 2, ...OPTIONAL },
  { name: 'url', ...STRING },
  { name: 'tags', num_children: 1, converted_type: 'LIST', ...OPTIONAL },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', ...STRING },
  { name: 'text', ...STRING },
  { name: 'score', type: 'DOUBLE', ...OPTIONAL }
]

/** Row groups of two rows and of one, columns beside the text, one of them nested. */
async function parquet (seed: number): Promise<Buffer> {
  const columns = (['id', 'meta', 'text', 'score'] as const).map(name => ({
    name, data: recordsOf(seed).map(record => record[name])
  }))
  return await writeParquet(columns, { codec: 'SNAPPY', pageSize: 1024, rowGroupSize: [2, 1], schema: FIELDS })
}

const LONG = 2n ** 53n
const MOMENT = Date.UTC(2024, 1, 29, 12, 30)

/** Columns of which JSON has no type. */
async function parquetTypes (): Promise<Buffer> {
  return await writeParquet([
    { name: 'text', data: ['one', 'two', 'three'] },
    { name: 'long', data: [LONG + 1n, -LONG - 1n, 7n] },
    { name: 'day', data: [new Date(MOMENT), null, new Date(0)] },
    { name: 'at', data: [new Date(MOMENT), new Date(1), null] },
    { name: 'bytes', data: [Uint8Array.of(0, 255, 10), Uint8Array.of(), null] },
    { name: 'flag', data: [true, null, false] }
  ], {
    codec: 'UNCOMPRESSED',
    pageSize: 1024,
    rowGroupSize: [2],
    schema: [
      { name: 'root', num_children: 6 },
      { name: 'text', ...STRING },
      { name: 'long', type: 'INT64', ...OPTIONAL },
      { name: 'day', type: 'INT32', converted_type: 'DATE', ...OPTIONAL },
      { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', ...OPTIONAL },
      { name: 'bytes', type: 'BYTE_ARRAY', ...OPTIONAL },
      { name: 'flag', type: 'BOOLEAN', ...OPTIONAL }
    ]
  })
}

/** All layouts; the writer of parquet and the compressor are loaded for them. */
export async function layouts (): Promise<Layout[]> {
  const zstd = await loadZstdCompressor()
  const splits = {
    'README.md': card('configs:\n- config_name: default\n  data_files:\n  - split: ' +
      'train\n    path:\n    - b/*.jsonl\n    - a/1.jsonl\n  - split: test\n    path: t.jsonl\n'),
    'a/1.jsonl': lines(1),
    'a/2.jsonl': lines(2),
    'b/1.jsonl': lines(3),
    't.jsonl': lines(4)
  }
  const subsets = (more: string): Files => ({
    'README.md': card('configs:\n- config_name: en\n  data_files: en/*.jsonl\n- config_name: ' +
      '"20231101.de"\n  data_files:\n  - split: train\n    path: de/train-*.jsonl\n  - split: ' +
      `validation\n    path: de/val.jsonl\n${more}`),
    'en/a.jsonl': lines(1),
    'en/b.jsonl': lines(2),
    'de/train-0.jsonl': lines(3),
    'de/val.jsonl': lines(4)
  })
  const named = { 'train.jsonl': lines(1), 'test.jsonl': lines(2), 'validation.jsonl': lines(3) }
  const folders = {
    'train/b.jsonl': lines(1),
    'train/a.jsonl': lines(2),
    'train/deep/er.jsonl': lines(3),
    'test/a.jsonl': lines(4),
    'dev/x.jsonl': lines(5)
  }
  const globs = {
    'data/2024-10/a.jsonl': lines(1),
    'data/2024-10/b.jsonl': lines(2),
    'data/2024-18/a.jsonl': lines(3),
    'other.jsonl': lines(4)
  }
  const converted = (name: string): Files => ({
    'README.md': card(''), [`${name}.py`]: 'import datasets\n', 'raw/data.bin': 'not to be read'
  })
  const judgedAs = { revision: 'refs/convert/parquet', dataDir: 'en' }
  const conversion = { 'refs/convert/parquet': { 'en/train/0000.parquet': await parquet(1), 'en/train/0001.parquet': await parquet(2), 'en/test/0000.parquet': await parquet(3), 'de/partial-train/0000.parquet': await parquet(4) } }
  return [
    {
      name: 'card-string',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files: data/*.jsonl\n'),
        'data/b.jsonl': lines(1),
        'data/a.jsonl': lines(2),
        'data/deep/c.jsonl': lines(3),
        'x.jsonl': lines(4)
      },
      expected: textsOf(2, 1)
    },
    {
      name: 'card-list',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files:\n  - z/*.jsonl\n  - a/*.jsonl\n'),
        'a/1.jsonl': lines(1),
        'z/2.jsonl': lines(2),
        'z/1.jsonl': lines(3)
      },
      expected: textsOf(3, 2, 1)
    },
    { name: 'card-splits', files: splits, expected: textsOf(3, 1) },
    { name: 'card-splits-test', files: splits, split: 'test', expected: textsOf(4) },
    { name: 'card-subset', files: subsets(''), subset: 'en', expected: textsOf(1, 2) },
    { name: 'card-subset-split', files: subsets(''), subset: '20231101.de', split: 'validation', expected: textsOf(4) },
    { name: 'card-default', files: subsets('  default: true\n'), expected: textsOf(3) },
    {
      name: 'card-default-by-name',
      files: {
        'README.md': card('configs:\n- config_name: a\n  data_files: a.jsonl\n- config_name: ' +
          'default\n  data_files: b.jsonl\n'),
        'a.jsonl': lines(1),
        'b.jsonl': lines(2)
      },
      expected: textsOf(2)
    },
    {
      name: 'card-data-dir',
      files: {
        'README.md': card('configs:\n- config_name: a\n  data_dir: one\n- config_name: b\n  data_dir: two\n'),
        'one/train.jsonl': lines(1),
        'one/test.jsonl': lines(2),
        'two/train.jsonl': lines(3)
      },
      subset: 'b',
      expected: textsOf(3)
    },
    {
      name: 'card-recursive',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: ' +
          '"data/**/*.jsonl"\n'),
        'data/1/b.jsonl': lines(1),
        'data/1/a/c.jsonl': lines(2),
        'data/0.jsonl': lines(3)
      },
      expected: textsOf(3, 2, 1)
    },
    { name: 'card-without-configs', files: { ...named, 'README.md': card('language:\n- en\n') }, expected: textsOf(1) },
    { name: 'one-file', files: { 'data.jsonl': lines(1) }, expected: textsOf(1) },
    {
      name: 'many-files',
      files: {
        'part-10.jsonl': lines(1), 'part-2.jsonl': lines(2), 'part-1.jsonl': lines(3), 'sub/part-0.jsonl': lines(4)
      },
      expected: textsOf(3, 1, 2, 4)
    },
    { name: 'file-names', files: named, expected: textsOf(1) },
    { name: 'file-names-validation', files: named, split: 'validation', expected: textsOf(3) },
    {
      name: 'file-names-in-words',
      files: {
        'my-train_set.jsonl': lines(1), 'my-dev.jsonl': lines(2), 'eval.jsonl': lines(3), 'training 2.jsonl': lines(4)
      },
      expected: textsOf(1, 4)
    },
    { name: 'folders', files: folders, expected: textsOf(2, 1, 3) },
    { name: 'folders-dev', files: folders, split: 'validation', expected: textsOf(5) },
    {
      name: 'sharded',
      files: {
        'data/train-00001-of-00002.jsonl': lines(1),
        'data/train-00000-of-00002.jsonl': lines(2),
        'data/held_out-00000-of-00001.jsonl': lines(3),
        'other/more.jsonl': lines(4)
      },
      expected: textsOf(2, 1)
    },
    {
      name: 'sharded-own-split',
      files: { 'data/train-00000-of-00001.jsonl': lines(2), 'data/held_out-00000-of-00001.jsonl': lines(3) },
      split: 'held_out',
      expected: textsOf(3)
    },
    {
      name: 'hidden-files',
      files: {
        'a.jsonl': lines(1),
        '.hidden.jsonl': lines(2),
        '.dir/b.jsonl': lines(3),
        '__pycache__/c.jsonl': lines(4),
        '_d.jsonl': lines(5),
        'dataset_info.json': '{}'
      },
      expected: textsOf(5, 1)
    },
    {
      name: 'most-frequent-ending',
      files: {
        'a.jsonl': lines(1),
        'b.jsonl': lines(2),
        'c.txt': 'text',
        LICENSE: 'text',
        '.gitattributes': '*.bin filter=lfs\n'
      },
      expected: textsOf(1, 2)
    },
    {
      name: 'odd-names',
      files: { 'data/train é (1) 100%.jsonl': lines(1), 'data/train-a&b=c,d+e.jsonl': lines(2) },
      expected: textsOf(1, 2)
    },
    { name: 'json-array', files: { 'train.json': JSON.stringify(recordsOf(1), null, 2) }, expected: textsOf(1) },
    {
      name: 'json-gz',
      files: {
        'en/c4-train.00000-of-00002.json.gz': gzipSync(lines(1)),
        'en/c4-train.00001-of-00002.json.gz': gzipSync(lines(2)),
        'en/c4-validation.00000-of-00001.json.gz': gzipSync(lines(3))
      },
      expected: textsOf(1, 2)
    },
    {
      name: 'jsonl-zst',
      files: {
        'train/chunk1/example_0.jsonl.zst': zstd(Buffer.from(lines(1))),
        'train/chunk1/example_1.jsonl.zst': zstd(Buffer.from(lines(2))),
        'test/chunk1/example_0.jsonl.zst': zstd(Buffer.from(lines(3)))
      },
      expected: textsOf(1, 2)
    },
    { name: 'csv', files: { 'train.csv': csv(1), 'test.csv': csv(2) }, expected: csvTexts(1) },
    {
      name: 'csv-separator',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files: "*.csv"\n  sep: "|"\n'),
        'a.csv': csv(1, '|')
      },
      expected: csvTexts(1)
    },
    { name: 'csv-gz', files: { 'train.csv.gz': gzipSync(csv(1)) }, expected: csvTexts(1) },
    {
      name: 'tsv',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files: "*.tsv"\n  sep: "\\t"\n'),
        'a.tsv': csv(1, '\t')
      },
      expected: csvTexts(1)
    },
    { name: 'tsv-by-ending', files: { 'train.tsv': csv(1, '\t') }, expected: csvTexts(1) },
    {
      name: 'txt',
      files: { 'TinyStories-train.txt': plainLines(1), 'TinyStories-valid.txt': plainLines(2) },
      expected: textsOf(1)
    },
    {
      name: 'txt-split',
      files: { 'TinyStories-train.txt': plainLines(1), 'TinyStories-valid.txt': plainLines(2) },
      split: 'validation',
      expected: textsOf(2)
    },
    {
      name: 'txt-crlf',
      files: { 'a.txt': plainLines(1, '\r\n'), 'b.txt': plainLines(2).trimEnd() },
      expected: textsOf(1, 2)
    },
    { name: 'txt-odd-lines', files: { 'a.txt': `${ODD_LINES.join('\n')}\n` }, expected: ODD_LINES },
    { name: 'txt-gz', files: { 'a.txt.gz': gzipSync(plainLines(1)) }, expected: textsOf(1) },
    {
      name: 'jsonl-uneven',
      files: { 'a.jsonl': '{"text":"one","n":1}\n\n{"text":"two","m":{"x":[1,null]}}\r\n{"n":2,"m":null,"text":"three \\u2028 \\ud83d\\ude80"}' },
      expected: ['one', 'two', 'three \u2028 🚀']
    },
    {
      name: 'jsonl-dates',
      files: { 'a.jsonl': lines(1).replaceAll('}\n', ',"timestamp":"2019-04-25T12:57:54Z","date":"2019-04-25","n":9007199254740991}\n') },
      expected: textsOf(1)
    },
    {
      name: 'text-column',
      files: { 'a.jsonl': lines(1).replaceAll('"text"', '"content"') },
      textColumn: 'content',
      expected: textsOf(1)
    },
    {
      name: 'parquet-files',
      files: {
        'data/train-00000-of-00002.parquet': await parquet(1),
        'data/train-00001-of-00002.parquet': await parquet(2),
        'data/test-00000-of-00001.parquet': await parquet(3)
      },
      expected: textsOf(1, 2)
    },
    { name: 'parquet-types', files: { 'a.parquet': await parquetTypes() }, expected: ['one', 'two', 'three'] },
    {
      name: 'parquet-subset',
      files: {
        'README.md': card('configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: ' +
          'data/*/*\n- config_name: sample-10BT\n  data_files:\n  - split: train\n    path: sample/10BT/*\n'),
        'data/CC-MAIN-2013-20/000_00000.parquet': await parquet(1),
        'sample/10BT/001_00000.parquet': await parquet(2),
        'sample/10BT/000_00000.parquet': await parquet(3),
        'sample/100BT/000_00000.parquet': await parquet(4)
      },
      subset: 'sample-10BT',
      expected: textsOf(3, 2)
    },
    { name: 'data-files-glob', files: globs, dataFiles: 'data/2024-10/*.jsonl', expected: textsOf(1, 2) },
    { name: 'data-files-list', files: globs, dataFiles: ['other.jsonl', 'data/*/a.jsonl'], expected: textsOf(4, 1, 3) },
    { name: 'data-files-recursive', files: globs, dataFiles: '**/*.jsonl', expected: textsOf(1, 2, 3, 4) },
    { name: 'data-files-beside-card', files: subsets(''), dataFiles: 'de/*.jsonl', expected: textsOf(3, 4) },
    {
      name: 'revision-tag',
      files: named,
      refs: { 'refs/tags/v1': { 'train.jsonl': lines(9) } },
      revision: 'v1',
      expected: textsOf(9)
    },
    {
      name: 'revision-branch',
      files: named,
      refs: { 'next/one': { 'train.jsonl': lines(8) } },
      revision: 'next/one',
      expected: textsOf(8)
    },
    {
      name: 'converted',
      files: converted('converted'),
      refs: conversion,
      judgedAs,
      subset: 'en',
      expected: textsOf(1, 2)
    },
    {
      name: 'converted-test',
      files: converted('converted-test'),
      refs: conversion,
      judgedAs,
      subset: 'en',
      split: 'test',
      expected: textsOf(3)
    }
  ]
}

/** The repository of a layout, for `startHub`. */
export function repoOf ({ name, files, refs }: Layout): RepoOptions {
  return { name: `layouts/${name}`, files, ...(refs !== undefined && { refs }) }
}
