import { type JsonObject, booleanIn, isObject, listIn, shown, stringIn } from './json-fields.ts'
import { MOST_CHARACTERS, checkCount } from './limits.ts'
import type { AddedToken } from './model.ts'
import { type Normalizer, normalized } from './normalizers.ts'
import { MOST_IDS } from './pair-ranks.ts'

/**
 * Reads the `added_tokens` of a `tokenizer.json`. Their ids must be those that tokenizers 0.23 gives them, which are in
 * the file for messages alone: that of the vocabulary, else the next one.
 *
 * @param ids of the vocabulary
 * @throws Error for tokens that are damaged, or that would be found under another id or not at all
 */
export function addedTokensOf (file: JsonObject, ids: ReadonlyMap<string, number>): AddedToken[] {
  const found = file.added_tokens === undefined ? [] : listIn(file, 'added_tokens')
  const contents = new Set<string>()
  const tokens: AddedToken[] = []
  let next = ids.size
  for (const each of found) {
    const token = addedTokenOf(each)
    const expected = ids.get(token.content) ?? next++
    if (token.id !== expected) {
      throw new Error(`the added token ${JSON.stringify(token.content)} has the id ${token.id}, expected ${expected}`)
    }
    if (contents.has(token.content)) throw new Error(`the added token ${JSON.stringify(token.content)} is there twice`)
    contents.add(token.content)
    tokens.push(token)
  }
  return tokens
}

function addedTokenOf (found: unknown): AddedToken {
  if (!isObject(found)) throw new Error(`an added token is ${shown(found)}, expected an object`)
  const { id } = found
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_IDS) {
    throw new Error(`an added token has the id ${shown(id)}, expected 0 to ${MOST_IDS - 1}`)
  }
  const content = stringIn(found, 'content')
  if (content === '') throw new Error(`the added token with the id ${id} is empty`)
  if (!content.isWellFormed()) throw new Error(`the added token ${JSON.stringify(content)} is no valid Unicode`)
  checkCount(content.length, MOST_CHARACTERS, `characters of the added token with the id ${id}`)
  return {
    content,
    id,
    special: booleanIn(found, 'special', false),
    lstrip: booleanIn(found, 'lstrip', false),
    rstrip: booleanIn(found, 'rstrip', false),
    singleWord: booleanIn(found, 'single_word', false),
    normalized: booleanIn(found, 'normalized', true)
  }
}

/**
 * Added tokens as they are found in normalized text.
 *
 * @throws Error for two that are the same there, or one that is empty
 */
export function normalizedTokens (tokens: readonly AddedToken[], steps: readonly Normalizer[]): AddedToken[] {
  const contents = new Set<string>()
  return tokens.map(token => {
    const content = normalized(token.content, steps)
    if (content === '' || contents.has(content)) {
      const shown = [token.content, content].map(text => JSON.stringify(text)).join(' is ')
      throw new Error(`the added token ${shown} after normalization, as is another one, or empty`)
    }
    contents.add(content)
    return { ...token, content }
  })
}
