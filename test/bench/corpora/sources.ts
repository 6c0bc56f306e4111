import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Document } from '../../../lib/document.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { SHARED, beginningOf, quickstartFiles } from '../corpus.ts'
import { enlarged } from './enlarge.ts'
import { recombined } from './recombine.ts'

/** The text of a row, or another requirement, isn't on this machine: the row is skipped with this message. */
export class Missing extends Error {}

/** Texts of one kind. */
export interface Texts {
  /** The origin of the texts. */
  readonly source: string
  readonly texts: Iterable<string>
  /** The number of real texts, which come first; the texts after them have replaced words. */
  readonly originals: number
}

const QUICKSTART_BYTES = 16_000_000
const RECOMBINED_BYTES = 3_000_000
const LARGE_BYTES = 60_000_000
const UNBROKEN_BYTES = 300_000
/** Folders of Python's library that have tests, and data that looks like code. */
const NOT_CODE = new Set(['site-packages', 'dist-packages', 'test', 'tests', 'idlelib', 'lib2to3'])

export const TEXTS = {
  /** Technical prose: the folder of measuring data if it exists, else the quickstart's text. */
  async web (): Promise<Texts> {
    if (existsSync(sharedFile('web'))) return await sharedTexts('web')
    const texts: string[] = []
    for await (const { text } of beginningOf(await quickstartFiles(), QUICKSTART_BYTES)) texts.push(text)
    return real('the quickstart\'s text', texts)
  },
  /** A part of `web` for slow rows: every fourth document. */
  async prose (): Promise<Texts> {
    const { source, texts } = await TEXTS.web()
    return real(`${source}, every fourth document`, [...texts].filter((_, i) => i % 4 === 0))
  },
  books: async (): Promise<Texts> => await sharedTexts('books'),
  /** Single sentences in 75 languages. */
  lines: async (): Promise<Texts> => await sharedTexts('langid'),
  async code (): Promise<Texts> {
    return await Promise.resolve(real('Python\'s standard library', pythonLibrary()))
  },
  /** Chinese and Japanese. */
  async unspaced (): Promise<Texts> {
    const documents = await sharedDocuments('langid')
    const texts = ['zh', 'ja'].flatMap(language => {
      const lines = documents.flatMap(({ text, meta }) => meta['lang'] === language ? text : [])
      return [...recombined(lines, RECOMBINED_BYTES / 2)]
    })
    return { source: 'clauses of shared/data/langid.ndjson.gz, recombined', texts, originals: 0 }
  },
  /** `web`, then the same with other words: enough for a whole flow. */
  async large (): Promise<Texts> {
    const { source, texts } = await TEXTS.web()
    const originals = [...texts]
    return { source, texts: enlarged(originals, LARGE_BYTES), originals: originals.length }
  },
  /** One text of `web` that has no white space. */
  async unbroken (): Promise<Texts> {
    const { source, texts } = await TEXTS.web()
    const text = [...texts].slice(0, 2000).join('').replace(/\s+/g, '')
    return real(`${source}, without white space`, [Buffer.from(text).subarray(0, UNBROKEN_BYTES).toString()])
  },
  /** The same letter again and again. */
  async letter (): Promise<Texts> {
    return await Promise.resolve(real('one letter', ['a'.repeat(UNBROKEN_BYTES)]))
  },
  /** All real text once, then copies with other words, up to a number of bytes. */
  async mixed (bytes: number): Promise<Texts> {
    const parts: string[] = []
    const originals: string[] = []
    for (const name of ['web', 'books', 'lines', 'code'] as const) {
      try {
        originals.push(...(await TEXTS[name]()).texts)
        parts.push(name)
      } catch (error) {
        if (!(error instanceof Missing)) throw error
      }
    }
    if (originals.length === 0) throw new Missing('there is no text on this machine')
    return { source: parts.join(' + '), texts: enlarged(originals, bytes), originals: originals.length }
  }
} as const

function real (source: string, texts: readonly string[]): Texts {
  return { source, texts, originals: texts.length }
}

async function sharedTexts (name: string): Promise<Texts> {
  return real(`shared/data/${name}.ndjson.gz`, (await sharedDocuments(name)).map(({ text }) => text))
}

async function sharedDocuments (name: string): Promise<Document[]> {
  if (!existsSync(sharedFile(name))) throw new Missing(`${sharedFile(name)} is not on this machine`)
  const documents: Document[] = []
  for await (const document of ndjson(sharedFile(name)) as AsyncIterable<Document>) documents.push(document)
  return documents
}

function sharedFile (name: string): string {
  return join(SHARED, `${name}.ndjson.gz`)
}

/** The modules of Python's standard library, each once, in the order of their paths. */
function pythonLibrary (): string[] {
  const folder = pythonFolder()
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.py') && !path.split(sep).some(part => NOT_CODE.has(part)))
    .sort()
    .map(path => readFileSync(join(folder, path), 'utf8'))
    .filter(text => text !== '')
}

function pythonFolder (): string {
  const program = 'import sysconfig; print(sysconfig.get_paths()["stdlib"])'
  try {
    return execFileSync('python3', ['-c', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch (cause) {
    throw new Missing('python3, whose library is the source code, is not installed', { cause })
  }
}
