import { byteCharacters } from './byte-characters.ts'
import { isNumeric, isPunctuation } from './character-sets.ts'
import { compiledExpression } from './expressions.ts'
import type { PreTokenizer } from './model.ts'
import { marked, splitAt } from './split-at.ts'
import { splitAtSpaces } from './white-space.ts'

/**
 * The words of a text, which together are the text if no step removes or adds any. After a step `bytes` they are
 * characters for its bytes.
 *
 * @param isStart whether the text is the beginning of a document
 */
export function wordsOf (text: string, preTokenizers: readonly PreTokenizer[], isStart = true): string[] {
  const whole = text === '' ? [] : [text]
  return preTokenizers.reduce((pieces, step) => pieces.flatMap(piece => cut(piece, step, isStart)), whole)
}

function cut (text: string, step: PreTokenizer, isStart: boolean): string[] {
  switch (step.type) {
    case 'white-space': return splitAtSpaces(text)
    case 'text': return splitAt(text, step.text, step.behavior)
    case 'metaspace': return marked(text, step, isStart)
    case 'split': return split(text, compiledExpression(step.expression))
    case 'digits': return apart(text, isNumeric, step.individual)
    case 'punctuation': return apart(text, isPunctuation, step.individual)
    case 'prefix-space': return [text.startsWith(' ') ? text : ` ${text}`]
    case 'bytes': return [byteCharacters(Buffer.from(text))]
  }
}

function split (text: string, expression: RegExp): string[] {
  const words: string[] = []
  let end = 0
  for (const { 0: match, index } of text.matchAll(expression)) {
    if (index > end) words.push(text.slice(end, index))
    words.push(match)
    end = index + match.length
  }
  if (end < text.length) words.push(text.slice(end))
  return words
}

/** Runs of characters that are in a set and of others; those in it may be words by themselves. */
function apart (text: string, isIn: (point: number) => boolean, individual: boolean): string[] {
  const words: string[] = []
  let start = 0
  let at = 0
  let before: boolean | undefined
  for (const character of text) {
    const isInside = isIn(character.codePointAt(0)!)
    if (before !== undefined && (isInside !== before || (isInside && individual))) {
      words.push(text.slice(start, at))
      start = at
    }
    before = isInside
    at += character.length
  }
  words.push(text.slice(start))
  return words
}
