import { SluiceError } from '../errors.ts'
import type { AddedToken } from './model.ts'

/**
 * What becomes of the names of special tokens that are in a text, such as `<|endoftext|>`: `text`, they are encoded like
 * any text; `encode`, as the tokens, as Hugging Face's tokenizers do; `refuse`, they are an error.
 */
export type SpecialTokens = 'text' | 'encode' | 'refuse'

/** A part of a text: some text, or an added token by its id. */
export type Part = string | number

/** Cuts a text at the added tokens in it, which nothing is done with. */
export type Cut = (text: string) => readonly Part[]

/** As `\w` is in the regular expressions of Rust. */
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

/**
 * Finds added tokens as tokenizers 0.23 does: from the left, the longest first.
 *
 * @returns undefined where there are none to find
 */
export function cutterOf (tokens: readonly AddedToken[], specialTokens: SpecialTokens): Cut | undefined {
  const found = tokens.filter(({ special }) => !special || specialTokens !== 'text')
  if (found.length === 0) return undefined
  const byContent = new Map(found.map(token => [token.content, token]))
  const contents = [...byContent.keys()].sort((a, b) => b.length - a.length)
  const expression = new RegExp(contents.map(escaped).join('|'), 'g')
  return text => {
    const parts: Part[] = []
    let end = 0
    for (const { 0: content, index } of text.matchAll(expression)) {
      const token = byContent.get(content)!
      const after = index + content.length
      if (index < end || (token.singleWord && isInWord(text, index, after))) continue
      if (token.special && specialTokens === 'refuse') {
        throw new SluiceError('ERR_DOCUMENT', `the text has the special token ${JSON.stringify(content)}, ` +
          'which was to be refused; remove it, or encode it as text')
      }
      const before = text.slice(end, index)
      const kept = token.lstrip ? before.trimEnd() : before
      if (kept !== '') parts.push(kept)
      parts.push(token.id)
      end = token.rstrip ? text.length - text.slice(after).trimStart().length : after
    }
    if (end < text.length) parts.push(text.slice(end))
    return parts
  }
}

function isInWord (text: string, from: number, to: number): boolean {
  return WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) || WORD_AFTER.test(text.slice(to, to + 2))
}

function escaped (text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
