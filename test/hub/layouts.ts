/**
 * Small datasets in every layout in which Python's `datasets` finds files, the same on every run. `test/checks/hub.ts`
 * has `datasets` stream them, and tests of the source compare its records with these.
 */
import { formatLayouts } from './format-layouts.ts'
import { card, lines, parquet, textsOf } from './layout-files.ts'
import type { Files, Layout, RepoOptions } from './types.ts'

/** A dataset whose files are named after their splits. */
const NAMED: Files = { 'train.jsonl': lines(1), 'test.jsonl': lines(2), 'validation.jsonl': lines(3) }

/** A dataset with two subsets, in folders; `more` is appended to the second one in the card. */
function subsets (...more: readonly string[]): Files {
  return {
    'README.md': card(
      'configs:',
      '- config_name: en',
      '  data_files: en/*.jsonl',
      '- config_name: "20231101.de"',
      '  data_files:',
      '  - split: train',
      '    path: de/train-*.jsonl',
      '  - split: validation',
      '    path: de/val.jsonl',
      ...more
    ),
    'en/a.jsonl': lines(1),
    'en/b.jsonl': lines(2),
    'de/train-0.jsonl': lines(3),
    'de/val.jsonl': lines(4)
  }
}

/** Layouts in which the card names the files. */
function cardLayouts (): Layout[] {
  const splits = {
    'README.md': card(
      'configs:',
      '- config_name: default',
      '  data_files:',
      '  - split: train',
      '    path:',
      '    - b/*.jsonl',
      '    - a/1.jsonl',
      '  - split: test',
      '    path: t.jsonl'
    ),
    'a/1.jsonl': lines(1),
    'a/2.jsonl': lines(2),
    'b/1.jsonl': lines(3),
    't.jsonl': lines(4)
  }
  return [
    {
      name: 'card-string',
      files: {
        'README.md': card('configs:', '- config_name: default', '  data_files: data/*.jsonl'),
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
        'README.md': card(
          'configs:',
          '- config_name: default',
          '  data_files:',
          '  - z/*.jsonl',
          '  - a/*.jsonl'
        ),
        'a/1.jsonl': lines(1),
        'z/2.jsonl': lines(2),
        'z/1.jsonl': lines(3)
      },
      expected: textsOf(3, 2, 1)
    },
    { name: 'card-splits', files: splits, expected: textsOf(3, 1) },
    { name: 'card-splits-test', files: splits, split: 'test', expected: textsOf(4) },
    { name: 'card-subset', files: subsets(), subset: 'en', expected: textsOf(1, 2) },
    { name: 'card-subset-split', files: subsets(), subset: '20231101.de', split: 'validation', expected: textsOf(4) },
    { name: 'card-default', files: subsets('  default: true'), expected: textsOf(3) },
    {
      name: 'card-default-by-name',
      files: {
        'README.md': card(
          'configs:',
          '- config_name: a',
          '  data_files: a.jsonl',
          '- config_name: default',
          '  data_files: b.jsonl'
        ),
        'a.jsonl': lines(1),
        'b.jsonl': lines(2)
      },
      expected: textsOf(2)
    },
    {
      name: 'card-data-dir',
      files: {
        'README.md': card(
          'configs:',
          '- config_name: a',
          '  data_dir: one',
          '- config_name: b',
          '  data_dir: two'
        ),
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
        'README.md': card(
          'configs:',
          '- config_name: default',
          '  data_files:',
          '  - split: train',
          '    path: "data/**/*.jsonl"'
        ),
        'data/1/b.jsonl': lines(1),
        'data/1/a/c.jsonl': lines(2),
        'data/0.jsonl': lines(3)
      },
      expected: textsOf(3, 2, 1)
    },
    { name: 'card-without-configs', files: { ...NAMED, 'README.md': card('language:', '- en') }, expected: textsOf(1) }
  ]
}

/** Layouts in which names of files and folders determine the splits. */
function nameLayouts (): Layout[] {
  const folders = {
    'train/b.jsonl': lines(1),
    'train/a.jsonl': lines(2),
    'train/deep/er.jsonl': lines(3),
    'test/a.jsonl': lines(4),
    'dev/x.jsonl': lines(5)
  }
  return [
    { name: 'one-file', files: { 'data.jsonl': lines(1) }, expected: textsOf(1) },
    {
      name: 'many-files',
      files: {
        'part-10.jsonl': lines(1), 'part-2.jsonl': lines(2), 'part-1.jsonl': lines(3), 'sub/part-0.jsonl': lines(4)
      },
      expected: textsOf(3, 1, 2, 4)
    },
    { name: 'file-names', files: NAMED, expected: textsOf(1) },
    { name: 'file-names-validation', files: NAMED, split: 'validation', expected: textsOf(3) },
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
    }
  ]
}

/** Layouts in which the user names files or a revision, or the Hub has converted the dataset. */
async function requestedLayouts (): Promise<Layout[]> {
  const globs = {
    'data/2024-10/a.jsonl': lines(1),
    'data/2024-10/b.jsonl': lines(2),
    'data/2024-18/a.jsonl': lines(3),
    'other.jsonl': lines(4)
  }
  const converted = (name: string): Files => ({
    'README.md': card(), [`${name}.py`]: 'import datasets\n', 'raw/data.bin': 'not to be read'
  })
  const judgedAs = { revision: 'refs/convert/parquet', dataDir: 'en' }
  const conversion = {
    'refs/convert/parquet': {
      'en/train/0000.parquet': await parquet(1),
      'en/train/0001.parquet': await parquet(2),
      'en/test/0000.parquet': await parquet(3),
      'de/partial-train/0000.parquet': await parquet(4)
    }
  }
  return [
    { name: 'data-files-glob', files: globs, dataFiles: 'data/2024-10/*.jsonl', expected: textsOf(1, 2) },
    { name: 'data-files-list', files: globs, dataFiles: ['other.jsonl', 'data/*/a.jsonl'], expected: textsOf(4, 1, 3) },
    { name: 'data-files-recursive', files: globs, dataFiles: '**/*.jsonl', expected: textsOf(1, 2, 3, 4) },
    { name: 'data-files-next-to-card', files: subsets(), dataFiles: 'de/*.jsonl', expected: textsOf(3, 4) },
    {
      name: 'revision-tag',
      files: NAMED,
      refs: { 'refs/tags/v1': { 'train.jsonl': lines(9) } },
      revision: 'v1',
      expected: textsOf(9)
    },
    {
      name: 'revision-branch',
      files: NAMED,
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

/** All layouts; loads the parquet writer and the compressor for them. */
export async function layouts (): Promise<Layout[]> {
  return [...cardLayouts(), ...nameLayouts(), ...await formatLayouts(), ...await requestedLayouts()]
}

/** The repository of a layout, for `startHub`. */
export function repoOf ({ name, files, refs }: Layout): RepoOptions {
  return { name: `layouts/${name}`, files, ...(refs !== undefined && { refs }) }
}
