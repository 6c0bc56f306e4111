/** Popular training datasets: which of their files are read. */
import { t } from '../../tap.ts'
import { readCard } from '../../../lib/hub/card.ts'
import { type DataFilesRequest, type ResolvedData, resolveDataFiles } from '../../../lib/hub/data-files.ts'
import { howMany, isThorough } from '../../helpers.ts'
import { recordedListings } from '../../hub-listings.ts'

/** The number of files in each of SlimPajama's chunks is over 5900; no other dataset has as many numbered files. */
const MOST = howMany(1024, Infinity)
const listings = recordedListings(MOST)

function resolve (dataset: string, request: Partial<DataFilesRequest> = {}): ResolvedData {
  const { card, files, converted } = listings.get(dataset)!
  return resolveDataFiles(files, readCard(card), {
    dataset, subset: null, split: 'train', dataFiles: null, converted, ...request
  }) as ResolvedData
}

for (const [name, dataset, request, expected, files, first, last] of [
  [
    'FineWeb, the sample of 10 billion tokens', 'HuggingFaceFW/fineweb', { subset: 'sample-10BT' },
    { format: 'parquet', from: 'card' }, 15, 'sample/10BT/000_00000.parquet', 'sample/10BT/014_00000.parquet'
  ],
  [
    'the whole of FineWeb', 'HuggingFaceFW/fineweb', {}, { subset: 'default', from: 'card' }, 200,
    'data/CC-MAIN-2013-20/000_00000.parquet', 'data/CC-MAIN-2024-10/000_00049.parquet'
  ],
  [
    'FineWeb, one crawl by a glob', 'HuggingFaceFW/fineweb', { dataFiles: 'data/CC-MAIN-2024-10/*.parquet' },
    { format: 'parquet', from: 'request' }, 50, 'data/CC-MAIN-2024-10/000_00000.parquet',
    'data/CC-MAIN-2024-10/000_00049.parquet'
  ],
  [
    'Wikipedia in English', 'wikimedia/wikipedia', { subset: '20231101.en' }, { format: 'parquet', from: 'card' }, 41,
    '20231101.en/train-00000-of-00041.parquet', '20231101.en/train-00040-of-00041.parquet'
  ],
  [
    'C4 in English', 'allenai/c4', { subset: 'en' }, { format: 'json', from: 'card' }, 1024,
    'en/c4-train.00000-of-01024.json.gz', 'en/c4-train.01023-of-01024.json.gz'
  ],
  [
    'C4 in English, validation', 'allenai/c4', { subset: 'en', split: 'validation' }, { format: 'json' }, 8,
    'en/c4-validation.00000-of-00008.json.gz', 'en/c4-validation.00007-of-00008.json.gz'
  ],
  [
    'SlimPajama: folders are the splits', 'cerebras/SlimPajama-627B', {},
    { format: 'json', from: 'patterns', subset: null }, howMany(10 * MOST, 59_166),
    'train/chunk1/example_train_0.jsonl.zst', 'train/chunk9/example_train_999.jsonl.zst'
  ],
  [
    'SlimPajama, validation', 'cerebras/SlimPajama-627B', { split: 'validation' }, { format: 'json' }, 6000,
    'validation/chunk1/example_holdout_0.jsonl.zst', 'validation/chunk5/example_holdout_999.jsonl.zst'
  ],
  [
    'codeparrot: one split', 'codeparrot/codeparrot-clean', {}, { format: 'json', from: 'patterns' }, 54,
    'file-000000000001.json.gz', 'file-000000000054.json.gz'
  ],
  [
    'StarCoder\'s python, by a glob', 'bigcode/starcoderdata', { dataFiles: 'python/*.parquet' },
    { format: 'parquet', from: 'request' }, 59, 'python/train-00000-of-00059.parquet',
    'python/train-00058-of-00059.parquet'
  ],
  [
    'TinyStories: the shards in data/, and not the texts next to them',
    'roneneldan/TinyStories',
    {},
    { format: 'parquet', from: 'patterns' },
    4,
    'data/train-00000-of-00004-2d5a1467fff1081b.parquet',
    'data/train-00003-of-00004-d243063613e5a057.parquet'
  ],
  [
    'TinyStories, validation', 'roneneldan/TinyStories', { split: 'validation' }, { format: 'parquet' }, 1,
    'data/validation-00000-of-00001-869c898b519ad725.parquet',
    'data/validation-00000-of-00001-869c898b519ad725.parquet'
  ],
  [
    'TinyStories, the texts of version 2', 'roneneldan/TinyStories',
    { dataFiles: 'TinyStoriesV2-GPT4-train.txt' }, { format: 'text' }, 1, 'TinyStoriesV2-GPT4-train.txt',
    'TinyStoriesV2-GPT4-train.txt'
  ]
] as const) {
  if (name === 'SlimPajama, validation' && !isThorough()) continue // resolving its files is slow
  t.test(name, async t => {
    const { files: found, ...resolved } = resolve(dataset, request)
    t.match(resolved, { split: 'train', ...request, ...expected, dataFiles: undefined, warnings: [] })
    t.equal(found.length, files)
    t.equal(found[0]!.path, first)
    t.equal(found.at(-1)!.path, last)
  })
}

t.test('RedPajama\'s sample: its script isn\'t run, its files are read, with a warning; ' +
  'its subset comes from the converted parquet', async t => {
  const name = 'togethercomputer/RedPajama-Data-1T-Sample'
  const sample = resolve(name)
  t.match(
    sample, { format: 'json', from: 'patterns', warnings: [/has a loading script, RedPajama-Data-1T-Sample\.py/] }
  )
  t.equal(sample.files.length, 11)
  t.match(resolve(name, { subset: 'plain_text' }), { format: 'parquet', from: 'converted', files: { length: 10 } })
  t.equal(resolve(name, { dataFiles: 'cc_*.jsonl' }).files.length, 5)
})

t.test('if a subset must be named, the existing ones are listed', async t => {
  t.throws(() => resolve('wikimedia/wikipedia'), {
    code: 'ERR_DATASET', message: /name one of them: 20231101\.ab, .*20231101\.en/
  })
  t.throws(() => resolve('allenai/c4'), {
    code: 'ERR_DATASET', message: /name one of them: en, en\.noblocklist, realnewslike, multilingual, af/
  })
})

t.test('licences are read from the cards', async t => {
  t.strictSame([...listings].map(([name, { card }]) => [name, readCard(card).license.join()]), [
    ['HuggingFaceFW/fineweb', 'odc-by'],
    ['wikimedia/wikipedia', 'cc-by-sa-3.0,gfdl'],
    ['allenai/c4', 'odc-by'],
    ['cerebras/SlimPajama-627B', ''],
    ['togethercomputer/RedPajama-Data-1T-Sample', ''],
    ['codeparrot/codeparrot-clean', ''],
    ['bigcode/starcoderdata', 'other'],
    ['roneneldan/TinyStories', 'cdla-sharing-1.0']
  ])
})
