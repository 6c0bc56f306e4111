import { lowercase } from './lowercase.ts'
import { type UnicodeForm, inForm } from './unicode-forms.ts'
import { endOfSpaces, startOfSpaces } from './white-space.ts'

/** A step of normalization, as in the `normalizer` of a `tokenizer.json`. */
export type Normalizer =
  | { readonly type: UnicodeForm | 'Lowercase' }
  | { readonly type: 'Prepend', readonly prepend: string }
  /** Each occurrence of a text becomes another one. */
  | { readonly type: 'Replace', readonly from: string, readonly to: string }
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
    case 'Strip': {
      const start = step.left ? endOfSpaces(text, 0) : 0
      return text.slice(start, step.right ? startOfSpaces(text, text.length, start) : undefined)
    }
    default: return inForm(step.type, text)
  }
}
