/** The tokenizers of `test/fixtures/pieces.json.gz`, and what Hugging Face's tokenizers make of texts. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sha256 } from '../../../../lib/hash.ts'
import type { PiecesModel } from '../../../../lib/tokenizer/pieces/model.ts'
import { parsedTokenizerJson } from '../../../../lib/bpe/read-tokenizer-json.ts'
import { readPieces } from '../../../../lib/tokenizer/pieces/read-pieces.ts'
import { IdBuffer } from '../../../../lib/sentencepiece/id-buffer.ts'
import { readModel } from '../../../../lib/sentencepiece/model.ts'
import { fixture } from '../../../helpers.ts'

/** A `tokenizer.json`, to be changed. */
export interface PiecesFile {
  [key: string]: unknown
  model: Record<string, unknown>
  added_tokens: Array<Record<string, unknown>>
}

interface Recorded {
  readonly texts: readonly string[]
  readonly shared: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly families: Readonly<Record<string, { readonly file: PiecesFile, readonly hashes: readonly string[] }>>
  readonly random: ReadonlyArray<{
    readonly file: PiecesFile
    readonly texts: readonly string[]
    readonly ids: readonly number[][]
    readonly decoded: readonly string[]
  }>
}

const charsmap = Buffer.from(
  readModel(readFileSync(fixture('quickstart.model')), 'quickstart.model').normalizer.precompiledCharsmap
).toString('base64')

export const RECORDED = JSON.parse(gunzipSync(readFileSync(fixture('pieces.json.gz'))).toString()
  .replaceAll('@charsmap', charsmap)) as Recorded

export const FAMILIES = Object.keys(RECORDED.families)

/** The file of a family, to be changed. */
export function piecesFile (family: string): PiecesFile {
  const file = structuredClone(RECORDED.families[family]!.file)
  for (const [key, value] of Object.entries(file.model)) {
    if (typeof value === 'string' && value.startsWith('@')) {
      file.model[key] = structuredClone(RECORDED.shared[value.slice(1)]![key])
    }
  }
  return file
}

export function piecesModel (file: PiecesFile): PiecesModel {
  return readPieces(parsedTokenizerJson(Buffer.from(JSON.stringify(file))), {})
}

/** The ids of a text. */
export function idsOf ({ append }: { readonly append: (text: string, ids: IdBuffer) => void }, text: string): number[] {
  const ids = new IdBuffer()
  append(text, ids)
  return [...ids.copy()]
}

/** The hash in `families` of what a text is encoded to, and of what that is decoded to. */
export function hashOf (ids: readonly number[], decoded: string): string {
  return sha256(Buffer.concat([new Uint8Array(Int32Array.from(ids).buffer), Buffer.from(decoded)])).slice(0, 8)
}
