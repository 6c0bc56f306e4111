import { CLASSES, characterClasses } from './character-classes.ts'
import { compiledExpression } from './expressions.ts'
import type { PreTokenizer } from './model.ts'

/** The words of a text, which together are the text. */
export function wordsOf (text: string, preTokenizers: readonly PreTokenizer[]): string[] {
  return preTokenizers.reduce((pieces, step) => pieces.flatMap(piece => cut(piece, step)), text === '' ? [] : [text])
}

function cut (text: string, step: PreTokenizer): string[] {
  switch (step.type) {
    case 'split': return split(text, compiledExpression(step.expression))
    case 'digits': return digits(text, step.individual)
    case 'prefix-space': return [text.startsWith(' ') ? text : ` ${text}`]
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

function digits (text: string, individual: boolean): string[] {
  const classes = characterClasses()
  const words: string[] = []
  let wasNumber: boolean | undefined
  for (const character of text) {
    const isNumber = (classes[character.codePointAt(0)!]! & CLASSES.number) !== 0
    if (isNumber === wasNumber && !(isNumber && individual)) words[words.length - 1] += character
    else words.push(character)
    wasNumber = isNumber
  }
  return words
}
