/** The models of `test/fixtures/bpe`, and what tiktoken and Hugging Face's tokenizers encode with them. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { BpeEncoder } from '../../../lib/bpe/encoder.ts'
import type { BpeModel } from '../../../lib/bpe/model.ts'
import { readTiktoken } from '../../../lib/bpe/read-tiktoken.ts'
import { readTokenizerJson } from '../../../lib/bpe/read-tokenizer-json.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { fixture } from '../../helpers.ts'

/** A `tokenizer.json`, to be changed. */
export interface TokenizerFile {
  [key: string]: unknown
  model: Record<string, unknown> & { vocab: Record<string, number>, merges: unknown[] }
  added_tokens: Array<Record<string, unknown>>
}

interface Recorded {
  /** A `tokenizer.json`, or the lines of a rank file. */
  readonly file: TokenizerFile | string
  /** The ids of each of `TEXTS`. */
  readonly ids: readonly number[][]
  /** For each 1,000 code points, a hash of the ids of `textOfPoints`. */
  readonly points?: readonly string[]
}

export const TIKTOKEN = ['r50k', 'cl100k', 'o200k']

export const FAMILIES = [
  ...TIKTOKEN, 'gpt2', 'roberta', 'llama3', 'qwen3', 'qwen35', 'gpt4', 'gpt-oss', 'tekken', 'phi4', 'deepseek',
  'starcoder', 'numbers', 'falcon'
]

export function unpacked (name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(fixture(`bpe/${name}.json.gz`))).toString())
}

export const TEXTS = unpacked('texts') as readonly string[]

export function recorded (family: string): Recorded {
  return unpacked(family) as Recorded
}

export function modelOf (family: string, { file }: Pick<Recorded, 'file'> = recorded(family)): BpeModel {
  return typeof file === 'string'
    ? readTiktoken(Buffer.from(file), `${family}.tiktoken`)
    : readTokenizerJson(Buffer.from(JSON.stringify(file)), `${family}.json`)
}

/** The file of a family, to be changed. */
export function tokenizerFile (family = 'gpt2'): TokenizerFile {
  return recorded(family).file as TokenizerFile
}

/** The ids of a text. */
export function idsOf (encoder: Pick<BpeEncoder, 'append'>, text: string): number[] {
  const ids = new IdBuffer()
  encoder.append(text, ids)
  return [...ids.copy()]
}
