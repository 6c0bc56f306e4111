import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Document } from '../../lib/document.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { TEXTS } from './corpora/sources.ts'
import { writeFormat } from './formats.ts'

/** The same documents in files of several kinds. */
export interface Input {
  readonly documents: number
  /** Bytes of the texts in UTF-8. */
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

/**
 * Writes the requested amount of text as a file of each kind: all real text once, then copies with other words.
 *
 * @throws Missing if there is no text
 */
export async function writeInput (
  folder: string,
  name: string,
  bytes: number,
  kinds: readonly InputFile['kind'][] = ENDINGS.map(([kind]) => kind)
): Promise<Input> {
  const texts = await TEXTS.mixed(bytes)
  const plain = join(folder, `${name}.ndjson`)
  const { documents, textBytes } = await writeTexts(plain, texts.texts)
  const files: InputFile[] = []
  for (const [kind, ending] of ENDINGS.filter(([kind]) => kinds.includes(kind))) {
    const path = join(folder, `${name}.${ending}`)
    if (path !== plain) await writeFormat(path, ndjson(plain) as AsyncIterable<Document>)
    files.push({ kind, path, bytes: (await stat(path)).size })
  }
  return { documents, textBytes, files }
}

async function writeTexts (path: string, texts: Iterable<string>): Promise<Pick<Input, 'documents' | 'textBytes'>> {
  let [documents, textBytes] = [0, 0]
  function * lines (): Generator<string> {
    for (const text of texts) {
      yield JSON.stringify({ id: String(documents), text }) + '\n'
      documents++
      textBytes += Buffer.byteLength(text)
    }
  }
  await pipeline(lines, createWriteStream(path))
  return { documents, textBytes }
}
