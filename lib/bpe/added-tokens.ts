import { SluiceError } from '../errors.ts'
import { isWordCharacter } from './character-sets.ts'
import type { AddedToken } from './model.ts'
import { TokenFinder } from './token-finder.ts'
import { endOfSpaces, startOfSpaces } from './white-space.ts'

/**
 * What is done with a special token that a text contains, such as `<|endoftext|>`: `text`, it is encoded like any other
 * text; `encode`, it becomes the token, as in Hugging Face's tokenizers; `refuse`, it is an error. Added tokens that
 * aren't special always become tokens.
 */
export type SpecialTokens = 'text' | 'encode' | 'refuse'

/** A part of a text: some text, or the id of an added token. */
export type Part = string | number

/** Cuts a text at the added tokens in it. */
export type Cutter = (text: string) => readonly Part[]

/**
 * A function that finds added tokens as tokenizers 0.23 does (added_vocabulary.rs): from the left, the longest first. A
 * special token that counts as text still hides the tokens inside it.
 *
 * @returns undefined if no token can be found
 */
export function cutterOf (tokens: readonly AddedToken[], specialTokens: SpecialTokens): Cutter | undefined {
  if (tokens.every(({ special }) => special && specialTokens === 'text')) return undefined
  const finder = new TokenFinder(tokens)
  return text => {
    let parts: Part[] | undefined
    let end = 0
    let spacesEnd = 0 // of the last white space that was looked at
    for (let found = finder.find(text, 0); found !== undefined; found = finder.find(text, found.end)) {
      const { token } = found
      if (token.special && specialTokens === 'text') continue
      if (token.singleWord && !isSingleWord(text, found.start, found.end)) continue
      if (token.special && specialTokens === 'refuse') refuse(token, found.start)
      // White space that the token before has taken: a token that strips doesn't take it again, others do.
      const start = token.lstrip ? Math.max(startOfSpaces(text, found.start, end), end) : found.start
      if (token.rstrip && found.end >= spacesEnd) spacesEnd = endOfSpaces(text, found.end)
      const stop = token.rstrip ? spacesEnd : found.end
      if (start >= stop) continue
      parts ??= []
      if (end < start) parts.push(text.slice(end, start))
      parts.push(token.id)
      end = stop
    }
    if (parts === undefined) return [text]
    if (end < text.length) parts.push(text.slice(end))
    return parts
  }
}

function isSingleWord (text: string, from: number, to: number): boolean {
  return !isWordBefore(text, from) && !(to < text.length && isWordCharacter(text.codePointAt(to)!))
}

function isWordBefore (text: string, at: number): boolean {
  if (at === 0) return false
  const pair = at > 1 ? text.codePointAt(at - 2)! : 0
  return isWordCharacter(pair > 0xffff ? pair : text.charCodeAt(at - 1))
}

/** What is in front of a token that is looked for in normalized text has another length there. */
function refuse ({ content, normalized }: AddedToken, offset: number): never {
  const place = normalized ? '' : ` at offset ${offset}`
  throw new SluiceError('ERR_DOCUMENT', `the text has the special token ${JSON.stringify(content)}${place}; ` +
    'remove it from the text, or encode special tokens as text or as tokens (--special-tokens text or encode)')
}
