import type { PreTokenizer } from '../../bpe/model.ts'
import type { Normalizer } from '../../bpe/normalizers.ts'

/**
 * Checks where a mark is put before the first word alone. tokenizers 0.23 takes a word for the first one if its first
 * character was, before normalization, the first of the text; so it matters what normalization removes there.
 *
 * @param hasNormalized whether added tokens are looked for in normalized text
 * @throws Error for what sluice doesn't know
 */
export function checkFirst (
  steps: readonly PreTokenizer[], normalizers: readonly Normalizer[], hasNormalized: boolean
): void {
  const step = steps.find(step => step.type === 'metaspace' && step.prepends === 'first')
  if (step?.type !== 'metaspace') return
  if (step !== steps[0]) throw unknown('after another step')
  const shortens = normalizers.find(normalizer => removesBeginning(normalizer, [' ', step.mark]))
  if (shortens !== undefined) throw unknown(`after the normalizer ${nameOf(shortens)}`)
  if (hasNormalized && normalizers.some(({ type }) => type !== 'Replace' && type !== 'Prepend')) {
    throw unknown('with added tokens in normalized text')
  }
}

function unknown (where: string): Error {
  return new Error(`its pre_tokenizer has prepend_scheme "first" ${where}, which sluice doesn't know`)
}

/** Whether the first character of a text may be another one after a step, but none of some. */
function removesBeginning (step: Normalizer, harmless: readonly string[]): boolean {
  switch (step.type) {
    case 'StripAccents': return true
    case 'Strip': return step.left
    case 'Replace': return Array.from(step.from).length > 1 ? !harmless.includes(step.to[0] ?? '') : step.to === ''
    case 'ReplaceSpaces': return !harmless.includes(step.to[0] ?? '')
    default: return false
  }
}

function nameOf ({ type }: Normalizer): string {
  return type === 'ReplaceSpaces' ? 'Replace' : type
}
