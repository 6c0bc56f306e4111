import { gzipSync } from 'node:zlib'
import { loadZstdCompressor } from '../../lib/zstd/compress.ts'
import {
  ODD_LINES, card, csv, csvTexts, lines, parquet, parquetTypes, plainLines, recordsOf, textsOf
} from './layout-files.ts'
import type { Layout } from './types.ts'

/** A blank line, one that ends in CRLF, keys in another order, and a last line without a line end. */
const UNEVEN_LINES = [
  '{"text":"one","n":1}',
  '',
  '{"text":"two","m":{"x":[1,null]}}\r',
  '{"n":2,"m":null,"text":"three \\u2028 \\ud83d\\ude80"}'
]
const DATES = '"timestamp":"2019-04-25T12:57:54Z","date":"2019-04-25","n":9007199254740991'

/** One layout or more for each format. */
export async function formatLayouts (): Promise<Layout[]> {
  const zstd = await loadZstdCompressor()
  return [
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
        'README.md': card('configs:', '- config_name: default', '  data_files: "*.csv"', '  sep: "|"'),
        'a.csv': csv(1, '|')
      },
      expected: csvTexts(1)
    },
    { name: 'csv-gz', files: { 'train.csv.gz': gzipSync(csv(1)) }, expected: csvTexts(1) },
    {
      name: 'tsv',
      files: {
        'README.md': card('configs:', '- config_name: default', '  data_files: "*.tsv"', '  sep: "\\t"'),
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
      files: { 'a.jsonl': UNEVEN_LINES.join('\n') },
      expected: ['one', 'two', 'three \u2028 🚀']
    },
    {
      name: 'jsonl-dates',
      files: { 'a.jsonl': lines(1).replaceAll('}\n', `,${DATES}}\n`) },
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
        'README.md': card(
          'configs:',
          '- config_name: default',
          '  data_files:',
          '  - split: train',
          '    path: data/*/*',
          '- config_name: sample-10BT',
          '  data_files:',
          '  - split: train',
          '    path: sample/10BT/*'
        ),
        'data/CC-MAIN-2013-20/000_00000.parquet': await parquet(1),
        'sample/10BT/001_00000.parquet': await parquet(2),
        'sample/10BT/000_00000.parquet': await parquet(3),
        'sample/100BT/000_00000.parquet': await parquet(4)
      },
      subset: 'sample-10BT',
      expected: textsOf(3, 2)
    }
  ]
}
