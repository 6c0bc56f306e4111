/**
 * What SentencePiece 0.1.97 encodes texts to, with small models of every kind; recorded by
 * `test/fixtures/make_encodings.py`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { sha256 } from '../lib/hash.ts'
import { packageRoot } from '../lib/package.ts'
import { readModel } from '../lib/sentencepiece/model.ts'

/** The ids, or for many ids their number and hash. */
export type Ids = readonly number[] | string
/** 0 if the ids decode to the text itself, else the hash of the decoded text. */
type Decoded = 0 | string
type Generated =
  | readonly ['repeat', text: string, count: number]
  | readonly ['repeats', ...Array<readonly [text: string, count: number]>]
  | readonly ['scalars', first: number, last: number, every: number, between: string]
  | readonly ['words', seed: number, letters: readonly string[], longest: number, count: number, between: string]

interface Answers {
  /** Bytes of each normalization table. */
  readonly charsmaps: readonly number[]
  readonly texts: readonly string[]
  readonly models: ReadonlyArray<{
    readonly name: string
    /** Index of its normalization table; -1 if it has none, or a custom one. */
    readonly charsmap: number
    /** Bytes of everything except the normalizer_spec. */
    readonly head: number
    /** Bytes of the normalizer_spec without its table. */
    readonly spec: number
    /** Results for each of the texts that all models have. */
    readonly texts: ReadonlyArray<readonly [Ids, Decoded]>
    readonly drawn: ReadonlyArray<readonly [text: string, Ids, Decoded]>
    readonly generated: ReadonlyArray<readonly [Generated, Ids, Decoded]>
  }>
}

/** A text, and the results of SentencePiece. */
export interface Case {
  readonly text: string
  readonly ids: Ids
  readonly decoded: Decoded
}

export interface EncodedModel {
  readonly name: string
  /** The `.model` file. */
  readonly bytes: Uint8Array
  /** Its texts: those that all models have, random ones for this model, and long ones. */
  readonly cases: () => Case[]
}

/** The models of the fixture. */
export function encodings (): EncodedModel[] {
  const read = (name: string): Buffer => gunzipSync(readFileSync(join(packageRoot(), 'test/fixtures/encoded', name)))
  const answers = JSON.parse(read('answers.json.gz').toString()) as Answers
  const rest = cutter(read('models.gz'))
  const quickstart = join(packageRoot(), 'test/fixtures/quickstart.model')
  const charsmaps = [
    readModel(readFileSync(quickstart), quickstart).normalizer.precompiledCharsmap,
    ...answers.charsmaps.slice(1).map(size => unplaned(rest(size)))
  ]
  return answers.models.map(model => ({
    name: model.name,
    bytes: whole(rest(model.head), rest(model.spec), charsmaps[model.charsmap]),
    cases: () => [
      ...model.texts.map(([ids, decoded], i) => ({ text: answers.texts[i]!, ids, decoded })),
      ...model.drawn.map(([text, ids, decoded]) => ({ text, ids, decoded })),
      ...model.generated.map(([generated, ids, decoded]) => {
        let text: string | undefined // long, and often not needed
        return {
          get text () {
            text ??= generate(generated)
            return text
          },
          ids,
          decoded
        }
      })
    ]
  }))
}

/**
 * For each model, the texts, by their index in its cases, that SentencePiece 0.2.2 encodes differently, with their ids.
 */
export function recentEncodings (): Readonly<Record<string, Readonly<Record<number, Ids>>>> {
  const { changed } = JSON.parse(
    gunzipSync(readFileSync(join(packageRoot(), 'test/fixtures/encoded/recent.json.gz'))).toString()
  ) as { changed: Record<string, Record<number, Ids>> }
  return changed
}

/** Whether ids equal those of SentencePiece. */
export function sameIds (ids: ArrayLike<number>, expected: Ids): boolean {
  if (typeof expected === 'string') return expected === `${ids.length} ${sha256(Array.from(ids).join()).slice(0, 12)}`
  return ids.length === expected.length && expected.every((id, i) => id === ids[i])
}

/** Whether decoded text equals that of SentencePiece. */
export function sameText (decoded: string, { text, decoded: expected }: Case): boolean {
  return expected === 0 ? decoded === text.toWellFormed() : sha256(decoded).startsWith(expected)
}

/** A text with different results, for a message. */
export function shown (text: string): string {
  const json = JSON.stringify(text)
  return json.length <= 200 ? json : `${json.slice(0, 200)}… (${text.length} units)`
}

function cutter (bytes: Buffer): (length: number) => Buffer {
  let at = 0
  return length => {
    at += length
    return bytes.subarray(at - length, at)
  }
}

/** A normalization table from its planes: the first bytes of each unit of four, then the second ones, ... */
function unplaned (planes: Buffer): Buffer {
  const size = planes.readUInt32LE(0)
  const charsmap = Buffer.from(planes)
  for (let i = 0; i < size; i++) charsmap[4 + i] = planes[4 + (i % 4) * (size / 4) + (i >> 2)]!
  return charsmap
}

/** A model file of its parts. */
export function whole (head: Uint8Array, spec: Uint8Array, charsmap: Uint8Array | undefined): Uint8Array {
  const writer = new BinaryWriter().raw(head).tag(3, WireType.LengthDelimited).fork().raw(spec)
  if (charsmap !== undefined) writer.tag(2, WireType.LengthDelimited).bytes(charsmap)
  return writer.join().finish()
}

/** A text that is too long for the fixture; `generate` of test/fixtures/encoded/texts.py makes the same. */
function generate (generated: Generated): string {
  if (generated[0] === 'repeat') return generated[1].repeat(generated[2])
  if (generated[0] === 'repeats') {
    return generated.slice(1).map(([text, count]) => (text as string).repeat(count as number)).join('')
  }
  if (generated[0] === 'scalars') {
    const [, first, last, every, between] = generated
    const parts: string[] = []
    for (let point = first; point <= last; point++) {
      if (point < 0xd800 || point >= 0xe000) parts.push(String.fromCodePoint(point), point % every === 0 ? between : '')
    }
    return parts.join('')
  }
  const [, seed, letters, longest, count, between] = generated
  let state = seed
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 16) % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + draw(longest) }, () => letters[draw(letters.length)]!).join('')).join(between)
}
