import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from '../../lib/document.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { type Corpus, SHARED } from './corpus.ts'
import { drawing } from './corpora/draw.ts'

/** Texts that are encoded one by one, in memory. */
export interface Texts {
  readonly name: string
  readonly texts: readonly string[]
  /** Bytes in UTF-8. */
  readonly bytes: number
}

/** The size of generated texts. */
const MADE_BYTES = 5_000_000
const WORDS_A_LINE = 10
const CHARS_A_SENTENCE = 30

/** The documents of the corpus and, if it is the shared text, of the books next to it. */
export async function documentTexts (corpus: Corpus): Promise<Texts[]> {
  const files = corpus.name.startsWith('shared')
    ? [['web', corpus.ndjson.path], ['books', join(SHARED, 'books.ndjson.gz')]] as const
    : [['corpus', corpus.ndjson.path]] as const
  return await Promise.all(files.map(async ([name, path]) => textsOf(name, (await read(path)).map(({ text }) => text))))
}

/** Single sentences in many languages, by language; none without the shared text. */
export async function sentences (): Promise<Map<string, string[]>> {
  const path = join(SHARED, 'langid.ndjson.gz')
  const byLanguage = new Map<string, string[]>()
  for (const { text, meta } of existsSync(path) ? await read(path) : []) {
    const language = String(meta['lang'])
    byLanguage.set(language, [...byLanguage.get(language) ?? [], text])
  }
  return byLanguage
}

async function read (path: string): Promise<Document[]> {
  const documents: Document[] = []
  for await (const document of ndjson(path) as AsyncIterable<Document>) documents.push(document)
  return documents
}

export function textsOf (name: string, texts: readonly string[]): Texts {
  return { name, texts, bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) }
}

/** The non-empty lines of texts, repeated until there are `bytes`. */
export function linesOf (name: string, texts: readonly string[], bytes: number): Texts {
  const lines = texts.flatMap(text => text.split('\n')).filter(line => line !== '')
  const once = textsOf(name, lines)
  const copies = Math.ceil(bytes / once.bytes)
  return copies === 1 ? once : textsOf(`${name}, ${copies} times`, Array.from({ length: copies }, () => lines).flat())
}

/** Lines of words that are almost never repeated: 3 to 12 random letters from a to z. */
export function randomWords (): Texts {
  const draw = drawing()
  const word = (): string => String.fromCharCode(...Array.from({ length: 3 + draw(10) }, () => 0x61 + draw(26)))
  return filled('random words', () => Array.from({ length: WORDS_A_LINE }, word).join(' '))
}

/** Sentences of languages without spaces between words, in random order; else random characters of these. */
export function unspacedText (sentences: ReadonlyMap<string, readonly string[]>): Texts {
  const draw = drawing()
  const real = ['zh', 'ja'].flatMap(language => sentences.get(language) ?? [])
  if (real.length > 0) return filled('Chinese and Japanese', () => real[draw(real.length)]!)
  return filled('random ideographs', () =>
    String.fromCharCode(...Array.from({ length: CHARS_A_SENTENCE }, () => 0x4e00 + draw(0x5000))))
}

function filled (name: string, next: () => string): Texts {
  const texts: string[] = []
  for (let bytes = 0; bytes < MADE_BYTES;) {
    const text = next()
    texts.push(text)
    bytes += Buffer.byteLength(text)
  }
  return textsOf(name, texts)
}
