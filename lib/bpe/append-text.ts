import type { IdBuffer } from '../sentencepiece/id-buffer.ts'
import { type Part, type SpecialTokens, cutterOf } from './added-tokens.ts'
import type { AddedToken } from './model.ts'
import { type Normalizer, normalized } from './normalizers.ts'
import { normalizedTokens } from './read-added-tokens.ts'

/** How text is treated before it is cut into words. */
export interface TextSettings {
  readonly added: readonly AddedToken[]
  readonly normalizers: readonly Normalizer[]
  /** What becomes of special tokens in texts. */
  readonly specialTokens: SpecialTokens
}

/**
 * Appends the ids of a part of a text that has no added tokens and is normalized.
 *
 * @param isStart whether the part is the beginning of the text
 */
export type AppendPart = (part: string, ids: IdBuffer, isStart: boolean) => void

/** Whether texts are passed on unchanged: nothing is normalized, and no added token is looked for. */
export function isUnchanged ({ added, normalizers, specialTokens }: TextSettings): boolean {
  return normalizers.length === 0 && cutterOf(added, specialTokens) === undefined
}

/** A function that cuts texts at added tokens and normalizes the rest. A lone surrogate becomes U+FFFD. */
export function textAppender (settings: TextSettings, appendPart: AppendPart): (text: string, ids: IdBuffer) => void {
  const { added, normalizers, specialTokens } = settings
  const cut = cutterOf(added.filter(token => !token.normalized), specialTokens)
  const cutNormalized = cutterOf(normalizedTokens(added.filter(token => token.normalized), normalizers), specialTokens)
  const appendRaw = (part: Part, ids: IdBuffer, isStart: boolean): void => {
    if (typeof part === 'number') {
      ids.push(part)
      return
    }
    const text = normalized(part, normalizers)
    if (cutNormalized === undefined) appendPart(text, ids, isStart)
    else {
      for (const [i, inner] of cutNormalized(text).entries()) {
        if (typeof inner === 'number') ids.push(inner)
        else appendPart(inner, ids, isStart && i === 0)
      }
    }
  }
  return (text, ids) => {
    const wellFormed = text.toWellFormed()
    if (cut === undefined) appendRaw(wellFormed, ids, true)
    else for (const [i, part] of cut(wellFormed).entries()) appendRaw(part, ids, i === 0)
  }
}
