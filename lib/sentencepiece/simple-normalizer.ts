import type { SentencePieceModel } from './model.ts'

/**
 * A function for texts that a model leaves unchanged, except for the space that it adds: most texts, if the model has
 * no table. It returns the normalized form, in which a space stands for U+2581 if spaces are escaped, and undefined for
 * other texts.
 */
export function simpleNormalizer ({ normalizer, trainer }: SentencePieceModel): (text: string) => string | undefined {
  const { precompiledCharsmap, addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces } = normalizer
  if (precompiledCharsmap.length > 0) return () => undefined
  const added = addDummyPrefix ? ' ' : ''
  const [before, after] = trainer.treatWhitespaceAsSuffix ? ['', added] : [added, '']
  return text => {
    if (text === '') return ''
    if (removeExtraWhitespaces && hasExtraSpace(text)) return undefined
    if (!escapeWhitespaces || !text.includes('\u2581')) return before + text + after
    return removeExtraWhitespaces ? undefined : before + text.replaceAll('\u2581', ' ') + after
  }
}

function hasExtraSpace (text: string): boolean {
  return text.startsWith(' ') || text.endsWith(' ') || text.includes('  ')
}
