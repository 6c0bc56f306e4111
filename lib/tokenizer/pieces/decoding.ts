import { cutBytes } from '../../bpe/decoder.ts'
import { nameOfByte } from '../../sentencepiece/byte-pieces.ts'
import type { DecodingOptions } from '../../sentencepiece/decode.ts'
import { isTrailByte } from '../../sentencepiece/text-of-bytes.ts'
import { TextParts } from '../../text/text-parts.ts'
import { type DecoderStep, byteOf, changedToken, textsOfBytes } from './decoder-steps.ts'

/** A character has at most three bytes after its first one. */
const MAX_TRAIL_BYTES = 3

/** What is decoded of ids: `PiecesDecoder`. */
export interface DecodedTokens {
  readonly steps: readonly DecoderStep[] | undefined
  /** What is decoded of an id; undefined if it has no text. */
  readonly tokenOf: (id: number) => string | undefined
  readonly isByte: (id: number) => boolean
}

/** A step with what it keeps of the tokens before. */
interface Stage {
  readonly step: Exclude<DecoderStep, { readonly type: 'fuse' }>
  /** Whether no token has come to it. */
  isFirst: boolean
  /** Of tokens of bytes that may be continued. */
  held: number[]
}

/** The decoding of one text, id by id. */
export class PiecesDecoding {
  readonly #decoder: DecodedTokens
  readonly #text = new TextParts()
  readonly #stages: readonly Stage[]
  /** What is removed from the beginning of the whole text: characters, and how many more of them. */
  readonly #strips: Array<{ readonly character: string, rest: number }>
  readonly #joins: boolean
  #mayBeCut: number // how many more ids can be the rest of a character of the ids before
  #isEmpty: boolean // no token has had text

  constructor (decoder: DecodedTokens, { continues = false, namesCut = false }: DecodingOptions = {}) {
    const steps: readonly DecoderStep[] = decoder.steps ?? []
    const fused = steps.findIndex(({ type }) => type === 'fuse')
    const end = fused === -1 ? steps.length : fused
    this.#decoder = decoder
    this.#stages = steps.slice(0, end).filter(step => step.type !== 'fuse')
      .map(step => ({ step, isFirst: !continues, held: [] }))
    this.#strips = steps.slice(end).filter(step => step.type === 'strip')
      .map(({ character, start }) => ({ character, rest: continues ? 0 : start }))
    this.#joins = decoder.steps === undefined
    this.#mayBeCut = continues && namesCut ? MAX_TRAIL_BYTES : 0
    this.#isEmpty = !continues
  }

  /** Length of the text since the last `take`, in UTF-16 code units. */
  get chars (): number {
    return this.#text.chars
  }

  /** Adds an id, which must be in the vocabulary. */
  add (id: number): void {
    const token = this.#decoder.tokenOf(id)
    if (token === undefined) return
    if (this.#mayBeCut > 0) {
      const byte = this.#decoder.isByte(id) ? byteOf(token)! : 0
      this.#mayBeCut = isTrailByte(byte) ? this.#mayBeCut - 1 : 0
      if (isTrailByte(byte)) {
        this.#text.add(nameOfByte(byte))
        return
      }
    }
    this.#pass(token, 0)
  }

  /** Adds a text that isn't that of an id. */
  mark (text: string): void {
    this.#mayBeCut = 0
    this.#release(textsOfBytes)
    this.#text.add(text)
  }

  /** Returns the text since the last call, without the bytes of a character that may be continued. */
  take (): string {
    return this.#text.take()
  }

  /** Returns the rest of the text. */
  end (): string {
    this.mark('')
    return this.take()
  }

  /** As `end`, for ids that end inside a text: the bytes of a character that is cut are shown by their names. */
  cut (): string {
    this.#release(bytes => {
      const whole = bytes.length - cutBytes(Uint8Array.from(bytes))
      const names = bytes.slice(whole).map(nameOfByte)
      return [...whole === 0 ? [] : textsOfBytes(bytes.slice(0, whole)), ...names]
    })
    return this.take()
  }

  /** Takes a token through the steps from one on. */
  #pass (token: string, from: number): void {
    for (let at = from; at < this.#stages.length; at++) {
      const stage = this.#stages[at]!
      const { step } = stage
      if (step.type === 'bytes') {
        const byte = byteOf(token)
        if (byte !== undefined) {
          stage.held.push(byte)
          return
        }
        this.#releaseAt(at, textsOfBytes)
      } else {
        token = changedToken(token, step, stage.isFirst)
        stage.isFirst = false
      }
    }
    this.#put(token)
  }

  /** Passes on the bytes that all steps hold. */
  #release (textsOf: (bytes: readonly number[]) => string[]): void {
    for (const at of this.#stages.keys()) this.#releaseAt(at, textsOf)
  }

  #releaseAt (at: number, textsOf: (bytes: readonly number[]) => string[]): void {
    const { held } = this.#stages[at]!
    if (held.length === 0) return
    this.#stages[at]!.held = []
    for (const text of textsOf(held)) this.#pass(text, at + 1)
  }

  #put (token: string): void {
    let text = token
    for (const strip of this.#strips) {
      const { character } = strip
      for (; strip.rest > 0 && text.startsWith(character); strip.rest--) text = text.slice(character.length)
      if (text !== '') strip.rest = 0
    }
    if (this.#joins && !this.#isEmpty) this.#text.add(' ')
    this.#isEmpty = false
    this.#text.add(text)
  }
}
