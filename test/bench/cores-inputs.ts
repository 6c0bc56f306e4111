import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from '../../lib/document.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { type Corpus, SHARED } from './corpus.ts'
import { writeFormat } from './formats.ts'

/** The same documents in files of several kinds. */
export interface Input {
  readonly documents: number
  /** UTF-8 of the texts. */
  readonly textBytes: number
  readonly files: readonly InputFile[]
}

export interface InputFile {
  readonly kind: 'NDJSON' | '.gz' | 'parquet'
  readonly path: string
  readonly bytes: number
}

const ENDINGS: ReadonlyArray<readonly [InputFile['kind'], ending: string]> = [
  ['NDJSON', 'ndjson'], ['.gz', 'ndjson.gz'], ['parquet', 'parquet']
]

/** Writes so much of the text, of one kind or of all, each document with a number in front: no two are alike. */
export async function writeInput (
  corpus: Corpus,
  name: string,
  bytes: number,
  kinds: readonly InputFile['kind'][] = ENDINGS.map(([kind]) => kind)
): Promise<Input> {
  let [documents, textBytes] = [0, 0]
  for await (const { text } of enough(corpus, bytes)) {
    documents++
    textBytes += Buffer.byteLength(text)
  }
  const files: InputFile[] = []
  for (const [kind, ending] of ENDINGS.filter(([kind]) => kinds.includes(kind))) {
    const path = join(corpus.folder, `${name}.${ending}`)
    await writeFormat(path, enough(corpus, bytes))
    files.push({ kind, path, bytes: (await stat(path)).size })
  }
  return { documents, textBytes, files }
}

/** Documents that have so many bytes of text. */
async function * enough (corpus: Corpus, bytes: number): AsyncGenerator<Document> {
  let read = 0
  for await (const document of repeated(corpus)) {
    yield document
    read += Buffer.byteLength(document.text)
    if (read >= bytes) return
  }
}

/** The documents of the corpus and, where it is the shared text, of the books beside it, again and again. */
async function * repeated ({ name, ndjson: { path } }: Corpus): AsyncGenerator<Document> {
  const books = join(SHARED, 'books.ndjson.gz')
  const files = name.startsWith('shared') && existsSync(books) ? [path, books] : [path]
  for (let copy = 1; ; copy++) {
    for await (const { id, text } of ndjson(files) as AsyncIterable<Document>) {
      yield { id: `${id} ${copy}`, text: `${copy} ${text}`, meta: {} }
    }
  }
}
