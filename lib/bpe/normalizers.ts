import type { Charsmap } from '../sentencepiece/charsmap.ts'
import { isCombiningMark } from './character-sets.ts'
import { lowercase } from './lowercase.ts'
import { rewritten } from './precompiled.ts'
import { type UnicodeForm, inForm } from './unicode-forms.ts'
import { endOfSpaces, startOfSpaces } from './white-space.ts'

/** A step of normalization, as in the `normalizer` of a `tokenizer.json`. */
export type Normalizer =
  | { readonly type: UnicodeForm | 'Lowercase' | 'StripAccents' }
  | { readonly type: 'Prepend', readonly prepend: string }
  /** Each occurrence of a text becomes another one. */
  | { readonly type: 'Replace', readonly from: string, readonly to: string }
  /** Each run of two or more spaces becomes a text. */
  | { readonly type: 'ReplaceSpaces', readonly to: string }
  /** By a table of SentencePiece. */
  | { readonly type: 'Precompiled', readonly charsmap: Charsmap }
  /** White space is removed from the beginning, the end or both. */
  | { readonly type: 'Strip', readonly left: boolean, readonly right: boolean }

/** A text after all steps. Nothing is added to an empty text. */
export function normalized (text: string, steps: readonly Normalizer[]): string {
  for (const step of steps) text = apply(text, step)
  return text
}

function apply (text: string, step: Normalizer): string {
  switch (step.type) {
    case 'Lowercase': return lowercase(text)
    case 'Prepend': return text === '' ? text : step.prepend + text
    case 'Replace': return text.replaceAll(step.from, () => step.to)
    case 'ReplaceSpaces': return text.replace(/ {2,}/g, () => step.to)
    case 'Precompiled': return rewritten(text, step.charsmap)
    case 'StripAccents': return withoutAccents(text)
    case 'Strip': {
      const start = step.left ? endOfSpaces(text, 0) : 0
      return text.slice(start, step.right ? startOfSpaces(text, text.length, start) : undefined)
    }
    default: return inForm(step.type, text)
  }
}

function withoutAccents (text: string): string {
  return text.replace(/[^\0-\u02ff]/gu, character => isCombiningMark(character.codePointAt(0)!) ? '' : character)
}
