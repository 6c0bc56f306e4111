import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, type Readable, type Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Document, Sequence, Tokens } from '../../lib/document.ts'
import { loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { filterCorpus } from '../../recipes/filter-corpus.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'
import { npySink } from '../../sinks/npy.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { csv } from '../../sources/csv.ts'
import { parquet } from '../../sources/parquet.ts'
import { text } from '../../sources/text.ts'
import { dedup } from '../../transforms/dedup.ts'
import { encode } from '../../transforms/encode.ts'
import { language } from '../../transforms/language.ts'
import { length } from '../../transforms/length.ts'
import { normalize } from '../../transforms/normalize.ts'
import { pack } from '../../transforms/pack.ts'
import type { Corpus } from './corpus.ts'
import { Feed, drop, take } from './feed.ts'
import { writeFormat } from './formats.ts'
import type { Run } from './measure.ts'

/** A stage or a flow that is measured. */
export interface Row {
  readonly name: string
  /** What `bytes` are bytes of. */
  readonly unit: 'NDJSON' | 'text'
  /** That one run goes through. */
  readonly bytes: number
  /** Loads what the runs share. */
  readonly prepare: () => Promise<Run>
}

/** All rows, in the order in which documents meet the stages; then the whole flows. */
export function rowsOf (corpus: Corpus): Row[] {
  const documents = once(() => collect<Document>(ndjson(corpus.ndjson.path)))
  const tokenizer = once(() => loadTokenizer(corpus.tokenizerPath))
  const tokens = once(async () =>
    await collect<Tokens>(new Feed(await documents()), encode({ tokenizer: await tokenizer() })))
  const sequences = once(async () => await collect<Sequence>(new Feed(await tokens()), pack()))
  const output = (name: string): string => join(corpus.folder, name)

  const ofText = (name: string, prepare: () => Promise<Run>): Row => ({
    name, unit: 'text', bytes: corpus.textBytes, prepare
  })
  const source = (name: string, unit: Row['unit'], bytes: number, make: () => Readable): Row =>
    ({ name, unit, bytes, prepare: () => Promise.resolve(() => pipeline(make(), drop())) })
  const transform = <Item>(name: string, items: () => Promise<Item[]>, make: () => Transform): Row =>
    ofText(name, async () => {
      const ready = await items()
      return () => pipeline(new Feed(ready), make(), drop())
    })
  const sink = <Item>(name: string, items: () => Promise<Item[]>, make: () => Writable): Row =>
    ofText(name, async () => {
      const ready = await items()
      return () => pipeline(new Feed(ready), make())
    })
  const format = (name: string, file: string, make: (path: string) => Readable): Row => ofText(name, async () => {
    await writeFormat(output(file), await documents())
    return () => pipeline(make(output(file)), drop())
  })
  const filtering = (name: string, targetLang: string): Row => ofText(name, () => Promise.resolve(async () => {
    await filterCorpus({ dataFiles: corpus.ndjson.path, targetLang, outputPath: output('filtered.ndjson') })
  }))

  return [
    source('read', 'NDJSON', corpus.ndjson.bytes, () => ndjson(corpus.ndjson.path)),
    source('text-source', 'text', corpus.lines.bytes, () => text(corpus.lines.path)),
    format('read-gz', 'corpus.ndjson.gz', path => ndjson(path)),
    format('read-zst', 'corpus.ndjson.zst', path => ndjson(path)),
    format('read-array', 'corpus.json', path => ndjson(path)),
    format('read-csv', 'corpus.csv', path => csv(path)),
    format('read-parquet', 'corpus.parquet', path => parquet(path)),
    transform('pass-through', documents, () => new PassThrough({ objectMode: true })),
    transform('normalize', documents, () => normalize()),
    transform('length', documents, () => length()),
    transform('language', documents, () => language()),
    transform('dedup', documents, () => dedup()),
    ofText('encode', async () => {
      const [ready, loaded] = [await documents(), await tokenizer()]
      return () => pipeline(new Feed(ready), encode({ tokenizer: loaded }), drop())
    }),
    transform('pack', tokens, () => pack()),
    sink('npy-sink', sequences, () => npySink(output('shards'), { overwrite: true })),
    sink('ndjson-sink', documents, () => ndjsonSink(output('documents.ndjson'))),
    filtering('filter-corpus-any', 'any'),
    filtering('filter-corpus-en', 'en'),
    ofText('process-mixture', async () => {
      const { tokenizerPath } = corpus
      const manifest = output('mixture.yaml')
      await writeFile(manifest, mixture(corpus, output('mixture-shards')))
      return async () => {
        await processMixture(manifest, {
          tokenizerPath, logFile: output('stats.json'), runsDir: output('runs'), overwrite: true
        })
      }
    })
  ]
}

/** A manifest of one component, filtered as prose is in the quickstart. JSON is YAML. */
function mixture ({ ndjson: { path } }: Corpus, outputDir: string): string {
  const filters = [
    'normalize', { length: { min_chars: 200, max_chars: 100_000 } }, { language: { keep: 'en', threshold: 0.8 } },
    'dedup'
  ]
  return JSON.stringify([{ name: 'bench', dataset: 'json', data_files: path, filters, output_dir: outputDir }])
}

/** What comes out of the last of the streams. */
async function collect<Item> (...streams: Array<Readable | Transform>): Promise<Item[]> {
  const items: Item[] = []
  await pipeline([...streams as Transform[], take((item: Item) => { items.push(item) })])
  return items
}

/** Makes something when it's first asked for: `--only read` shouldn't wait for tokens. */
function once<T> (make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
