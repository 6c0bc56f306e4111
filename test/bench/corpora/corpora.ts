import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { TEXTS, type Texts } from './sources.ts'
import { WordCounter, type WordCounts } from './word-counter.ts'

export type CorpusName = keyof typeof TEXTS

/** A corpus in an NDJSON file, with its share of new words. */
export interface CorpusFile {
  readonly name: CorpusName
  readonly source: string
  readonly path: string
  readonly fileBytes: number
  readonly documents: number
  /** Bytes of the texts in UTF-8. */
  readonly textBytes: number
  /** Word counts of the original text; null for languages without spaces. */
  readonly original: WordCounts | null
  /** Word counts of the generated text: recombined, or with replaced words. */
  readonly made: WordCounts | null
}

/** The default size of `mixed`. */
export const MIXED_BYTES = 48_000_000

/** Writes each corpus to a folder at its first use. */
export class Corpora {
  readonly #folder: string
  readonly #mixedBytes: number
  readonly #files = new Map<CorpusName, Promise<CorpusFile>>()

  constructor (folder: string, { mixedBytes = MIXED_BYTES }: { readonly mixedBytes?: number } = {}) {
    this.#folder = folder
    this.#mixedBytes = mixedBytes
  }

  /** @throws Missing if its text isn't on this machine */
  async get (name: CorpusName): Promise<CorpusFile> {
    let file = this.#files.get(name)
    if (file === undefined) this.#files.set(name, file = this.#write(name))
    return await file
  }

  /** The corpora that were written. */
  async written (): Promise<CorpusFile[]> {
    const settled = await Promise.allSettled(this.#files.values())
    return settled.flatMap(result => result.status === 'fulfilled' ? result.value : [])
  }

  async #write (name: CorpusName): Promise<CorpusFile> {
    const texts = await TEXTS[name](this.#mixedBytes)
    const path = join(this.#folder, `${name}.ndjson`)
    return { name, source: texts.source, path, ...await writeCorpus(name, texts, path) }
  }
}

type Written = Omit<CorpusFile, 'name' | 'source' | 'path'>

async function writeCorpus (name: string, { texts, originals }: Texts, path: string): Promise<Written> {
  const counter = new WordCounter()
  let original: WordCounts | null = null
  let documents = 0
  let textBytes = 0
  function * lines (): Generator<string> {
    for (const text of texts) {
      if (documents === originals && documents > 0) original = counter.endPart()
      counter.add(text)
      yield JSON.stringify({ id: `${name}/${documents}`, text }) + '\n'
      documents++
      textBytes += Buffer.byteLength(text)
    }
  }
  await pipeline(lines, createWriteStream(path))
  const rest = counter.endPart()
  const isMade = documents > originals
  if (!isMade) original = rest
  return { fileBytes: (await stat(path)).size, documents, textBytes, original, made: isMade ? rest : null }
}
