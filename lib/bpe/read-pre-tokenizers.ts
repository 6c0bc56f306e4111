import { expressionOf } from './expressions.ts'
import { type JsonObject, booleanIn, nested, objectIn, stringIn } from './json-fields.ts'
import type { PreTokenizer, SplitBehavior } from './model.ts'
import { metaspaceOf } from './read-metaspace.ts'

/** How a `pre_tokenizer` cuts text. */
export interface PreTokenizers {
  readonly steps: readonly PreTokenizer[]
  /** Whether the words become bytes, as byte-level models need. */
  readonly isByteLevel: boolean
}

/**
 * Reads the `pre_tokenizer` of a `tokenizer.json`.
 *
 * @throws Error for one that is damaged, or that sluice doesn't know, with its name
 */
export function preTokenizersOf (found: JsonObject | null): PreTokenizers {
  const parts = nested(found, 'pretokenizers', 'pre_tokenizer')
  const at = parts.findIndex(({ type }) => type === 'ByteLevel')
  const isByteLevel = at !== -1
  const steps = parts.flatMap(stepsOf)
  if (isByteLevel && at < parts.length - 1) { // what comes after it cuts byte characters
    steps.splice(parts.slice(0, at + 1).flatMap(stepsOf).length, 0, { type: 'bytes' })
    if (parts.findLastIndex(({ type }) => type === 'ByteLevel') !== at) {
      throw new Error('its pre_tokenizer has ByteLevel twice')
    }
  }
  return { steps, isByteLevel }
}

function stepsOf (found: JsonObject): PreTokenizer[] {
  const type = stringIn(found, 'type')
  switch (type) {
    case 'ByteLevel': return [
      ...booleanIn(found, 'add_prefix_space') ? [{ type: 'prefix-space' } as const] : [],
      ...booleanIn(found, 'use_regex', true) ? [{ type: 'split', expression: 'gpt2' } as const] : []
    ]
    case 'Digits': return [{ type: 'digits', individual: booleanIn(found, 'individual_digits') }]
    case 'Punctuation': return [{ type: 'punctuation', individual: isIndividual(found) }]
    case 'Split': return [splitOf(found)]
    case 'WhitespaceSplit': return [{ type: 'white-space' }]
    case 'Metaspace': return [metaspaceOf(found)]
    default: throw new Error(`its pre_tokenizer is ${type}, which sluice doesn't know`)
  }
}

function isIndividual (found: JsonObject): boolean {
  const behavior = found.behavior === undefined ? 'Isolated' : stringIn(found, 'behavior')
  if (behavior !== 'Isolated' && behavior !== 'Contiguous') throw unknownBehavior(behavior)
  return behavior === 'Isolated'
}

function splitOf (found: JsonObject): PreTokenizer {
  const pattern = objectIn(found, 'pattern')
  if (pattern.Regex === undefined) return splitAtOf(found, stringIn(pattern, 'String'))
  const text = stringIn(pattern, 'Regex')
  const expression = expressionOf(text)
  if (expression === undefined) {
    throw new Error(`its pre_tokenizer splits by ${JSON.stringify(text).slice(0, 300)}, which sluice doesn't know`)
  }
  const behavior = stringIn(found, 'behavior')
  const isInverted = booleanIn(found, 'invert')
  const isIsolated = behavior === 'Isolated' // with `invert` too: both matches and what is between them are words
  // If all of a text is matched, removing anything else makes the same words.
  const isEquivalent = behavior === 'Removed' && isInverted && MATCH_ALL.has(expression)
  if (!isIsolated && !isEquivalent) throw unknownBehavior(behavior)
  return { type: 'split', expression }
}

function splitAtOf (found: JsonObject, text: string): PreTokenizer {
  const behavior = stringIn(found, 'behavior')
  if (text === '') throw new Error('its pre_tokenizer splits by an empty text')
  if (booleanIn(found, 'invert')) {
    throw new Error('its pre_tokenizer splits by text with invert, which sluice doesn\'t know')
  }
  if (!(BEHAVIORS as readonly string[]).includes(behavior)) throw unknownBehavior(behavior)
  return { type: 'text', text, behavior: behavior as SplitBehavior }
}

const BEHAVIORS: readonly SplitBehavior[] =
  ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']

function unknownBehavior (behavior: string): Error {
  return new Error(`its pre_tokenizer splits with behavior ${JSON.stringify(behavior)}, which sluice doesn't know`)
}

/** Expressions whose matches are all of a text. */
const MATCH_ALL: ReadonlySet<string> =
  new Set(['gpt2', 'r50k', 'llama3', 'cl100k', 'qwen2', 'qwen35', 'o200k', 'tekken'])
