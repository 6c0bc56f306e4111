import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { Document } from '../../lib/document.ts'
import { packageRoot } from '../../lib/package.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'
import { textSink } from '../../sinks/text.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { normalize } from '../../transforms/normalize.ts'

/** A plain file, and its size. */
export interface PlainFile {
  readonly path: string
  readonly bytes: number
}

/** The text for measurements, in files only. */
export interface Corpus {
  readonly name: string
  /** The folder of the files, also for outputs. */
  readonly folder: string
  readonly ndjson: PlainFile
  /** The normalized texts, one per line. */
  readonly lines: PlainFile
  readonly documents: number
  /** Bytes of the documents' texts in UTF-8, as in `ndjson`. */
  readonly textBytes: number
  readonly tokenizerPath: string
}

/** The folder of real text for measurements, on machines that have it. */
export const SHARED = join(packageRoot(), '..', 'shared', 'data')

/** Only a part of the quickstart's text, so that a run of `encode` takes seconds, as it does on the shared text. */
const QUICKSTART_BYTES = 20_000_000

/** Writes plain files to `folder`: from `../shared/data` if it exists, else from the quickstart's text. */
export async function prepareCorpus (folder: string): Promise<Corpus> {
  const web = join(SHARED, 'web.ndjson.gz')
  const path = join(folder, 'corpus.ndjson')
  const isShared = existsSync(web)
  if (isShared) await pipeline(createReadStream(web), createGunzip(), createWriteStream(path))
  else await pipeline(beginningOf(await quickstartFiles(), QUICKSTART_BYTES), ndjsonSink(path))

  const linesPath = join(folder, 'corpus.txt')
  await pipeline(ndjson(path), normalize(), textSink(linesPath))
  const model = join(SHARED, 'spm', 'unigram32k.model')
  return {
    name: isShared ? 'shared/data/web.ndjson.gz' : 'the beginning of the quickstart\'s text',
    folder,
    ndjson: await plainFile(path),
    lines: await plainFile(linesPath),
    ...await sizesOf(path),
    tokenizerPath: existsSync(model) ? model : join(packageRoot(), 'test', 'fixtures', 'quickstart.model')
  }
}

/** The quickstart's raw text; runs the quickstart if there is none yet. */
export async function quickstartFiles (): Promise<string[]> {
  const root = packageRoot()
  const files = ['docs', 'code'].map(component => join(root, 'data', 'quickstart', 'raw', `${component}.ndjson`))
  if (!files.every(file => existsSync(file))) {
    await promisify(execFile)(process.execPath, [
      join(root, 'dist', 'recipes', 'cli', 'main.js'), 'quickstart', '--quiet'
    ], { cwd: root })
  }
  return files
}

/** The first documents, until their texts have `bytes` bytes. */
export async function * beginningOf (files: readonly string[], bytes: number): AsyncGenerator<Document> {
  let given = 0
  for await (const document of ndjson(files) as AsyncIterable<Document>) {
    yield document
    given += Buffer.byteLength(document.text)
    if (given >= bytes) return
  }
}

async function sizesOf (path: string): Promise<Pick<Corpus, 'documents' | 'textBytes'>> {
  let documents = 0
  let textBytes = 0
  for await (const { text } of ndjson(path) as AsyncIterable<Document>) {
    documents++
    textBytes += Buffer.byteLength(text)
  }
  return { documents, textBytes }
}

async function plainFile (path: string): Promise<PlainFile> {
  return { path, bytes: (await stat(path)).size }
}
