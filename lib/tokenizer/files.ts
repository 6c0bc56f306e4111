import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isTiktoken } from '../bpe/tiktoken-families.ts'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { notLocalFile } from '../not-local.ts'

/** The kinds of file that a tokenizer is in. */
export type TokenizerFormat = 'sentencepiece' | 'tokenizer.json' | 'tiktoken'

/** A tokenizer's file. */
export interface TokenizerFile {
  /** As it was passed: of the file, or of a folder with a `tokenizer.json`. */
  readonly path: string
  /** Of the file that was read. */
  readonly file: string
  readonly bytes: Buffer
  /** Of `bytes`. */
  readonly sha256: string
}

/** What a tokenizer is read from, in messages and help. */
export const TOKENIZER_FILES = 'a SentencePiece .model file, a tokenizer.json or its folder, or a tiktoken file'

const TOKENIZER_JSON = 'tokenizer.json'

/**
 * Reads a tokenizer's file, whatever its kind.
 *
 * @param path of the file, or of a folder with a `tokenizer.json` or a `tokenizer.model`
 * @throws SluiceError `ERR_TOKENIZER` when it can't be read
 */
export async function readTokenizerFile (path: string): Promise<TokenizerFile> {
  const file = await isFolder(path) ? await fileIn(path) : path
  try {
    await checkSize(file)
    const bytes = await readFile(file)
    return { path, file, bytes, sha256: sha256(bytes) }
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', notLocalFile(file, cause) ??
      `${file}: ${reasonOf(cause)}, expected ${TOKENIZER_FILES}`, { cause })
  }
}

/** Larger files are refused before they are read: those of published tokenizers have at most 40 MB. */
const MOST_BYTES = 2 ** 27

async function checkSize (file: string): Promise<void> {
  const { size } = await stat(file)
  if (size > MOST_BYTES) throw new Error(`has ${size} bytes, which is too large for a tokenizer`)
}

/** By what the file holds; a file that is of no kind counts as a SentencePiece model, whose reader says what it is. */
export function formatOf ({ file, bytes }: Pick<TokenizerFile, 'file' | 'bytes'>): TokenizerFormat {
  if (isTiktoken(bytes)) return 'tiktoken'
  const head = bytes.toString('utf8', 0, HEAD_BYTES)
  const isObject = /^\uFEFF?\s*\{/.test(head)
  return isObject && (basename(file) === TOKENIZER_JSON || MEMBERS.test(head)) ? 'tokenizer.json' : 'sentencepiece'
}

/** The first bytes of a file, which show what it is. */
const HEAD_BYTES = 4096

/** Members that a tokenizer.json begins with. */
const MEMBERS = /"(?:added_tokens|model|pre_tokenizer|normalizer)"\s*:/

async function isFolder (path: string): Promise<boolean> {
  return await stat(path).then(found => found.isDirectory(), () => false)
}

async function fileIn (folder: string): Promise<string> {
  for (const name of [TOKENIZER_JSON, 'tokenizer.model']) {
    const path = join(folder, name)
    if (await stat(path).then(found => found.isFile(), () => false)) return path
  }
  const mistake = `is a folder without a ${TOKENIZER_JSON}`
  throw new SluiceError('ERR_TOKENIZER', `${folder}: ${mistake}; expected ${TOKENIZER_FILES}`)
}

/**
 * The content of a JSON file next to a `tokenizer.json`; undefined where there is none.
 *
 * @throws SluiceError `ERR_TOKENIZER` when it can't be read or is no JSON
 */
export async function jsonNextTo (file: string, name: string): Promise<unknown> {
  if (basename(file) !== TOKENIZER_JSON) return undefined
  const path = join(dirname(file), name)
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    const expected = 'expected the JSON that belongs to the tokenizer.json; get it again, or remove it'
    throw new SluiceError('ERR_TOKENIZER', `${path}: ${reasonOf(cause)}, ${expected}`, { cause })
  }
}
