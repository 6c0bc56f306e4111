import type { Metaspace, SplitBehavior } from './model.ts'

/** Splits a text at each place of another one, as the pre-tokenizer `Split` of tokenizers 0.23. */
export function splitAt (text: string, delimiter: string, behavior: SplitBehavior): string[] {
  const between = text.split(delimiter)
  switch (behavior) {
    case 'Removed': return between.filter(isFilled)
    case 'Isolated': return between.flatMap((part, i) => i === 0 ? [part] : [delimiter, part]).filter(isFilled)
    case 'MergedWithPrevious': return between.map((part, i) => i < between.length - 1 ? part + delimiter : part)
      .filter(isFilled)
    case 'MergedWithNext': return between.map((part, i) => i > 0 ? delimiter + part : part).filter(isFilled)
    case 'Contiguous': return contiguous(between, delimiter)
  }
}

/** With neighbouring delimiters as one word. */
function contiguous (between: readonly string[], delimiter: string): string[] {
  const words: string[] = []
  let delimiters = ''
  for (const [i, part] of between.entries()) {
    if (i > 0) delimiters += delimiter
    if (part === '') continue
    words.push(delimiters, part)
    delimiters = ''
  }
  return [...words, delimiters].filter(isFilled)
}

function isFilled (word: string): boolean {
  return word !== ''
}

/** The words of a text with marks for spaces. */
export function marked (text: string, { mark, prepends, splits }: Metaspace, isStart: boolean): string[] {
  let all = text.replaceAll(' ', () => mark)
  const isPrepended = prepends === 'always' || (prepends === 'first' && isStart)
  if (isPrepended && !all.startsWith(mark)) all = mark + all
  return splits ? splitAt(all, mark, 'MergedWithNext') : [all]
}
