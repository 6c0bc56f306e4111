import { z } from 'zod'
import { expressionOf } from './expressions.ts'
import type { PreTokenizer } from './model.ts'

/** How a `pre_tokenizer` cuts, and whether what it makes are bytes. */
export interface PreTokenizers {
  readonly steps: readonly PreTokenizer[]
  readonly isByteLevel: boolean
}

interface Step {
  readonly type: string
  readonly [key: string]: unknown
}

const step = z.looseObject({ type: z.string() })
const sequence = z.object({ pretokenizers: z.array(step) })
const byteLevel = z.object({ add_prefix_space: z.boolean(), use_regex: z.boolean().default(true) })
const digits = z.object({ individual_digits: z.boolean() })
const split = z.object({
  pattern: z.object({ Regex: z.string() }),
  behavior: z.string(),
  invert: z.boolean()
})

/**
 * Reads the `pre_tokenizer` of a `tokenizer.json`.
 *
 * @throws Error for one that sluice doesn't know, by its name; a ZodError for one that is damaged
 */
export function preTokenizersOf (found: Step | null): PreTokenizers {
  const steps: PreTokenizer[] = []
  let isByteLevel = false
  for (const each of flat(found)) {
    if (isByteLevel) throw new Error(`its pre_tokenizer has ${each.type} after ByteLevel, which sluice doesn't know`)
    isByteLevel = each.type === 'ByteLevel'
    steps.push(...stepsOf(each))
  }
  return { steps, isByteLevel }
}

function flat (found: Step | null): Step[] {
  if (found === null) return []
  return found.type === 'Sequence' ? sequence.parse(found).pretokenizers.flatMap(flat) : [found]
}

function stepsOf (found: Step): PreTokenizer[] {
  switch (found.type) {
    case 'ByteLevel': {
      const { add_prefix_space: addsSpace, use_regex: usesExpression } = byteLevel.parse(found)
      return [
        ...addsSpace ? [{ type: 'prefix-space' } as const] : [],
        ...usesExpression ? [{ type: 'split', expression: 'gpt2' } as const] : []
      ]
    }
    case 'Digits': return [{ type: 'digits', individual: digits.parse(found).individual_digits }]
    case 'Split': return [splitOf(found)]
    default: throw new Error(`its pre_tokenizer is ${found.type}, which sluice doesn't know`)
  }
}

function splitOf (found: Step): PreTokenizer {
  const { pattern: { Regex: text }, behavior, invert } = split.parse(found)
  // Where all of the text is matched, taking away what isn't makes the same words.
  const isIsolated = behavior === 'Isolated' && !invert
  const isInverted = behavior === 'Removed' && invert
  const expression = expressionOf(text)
  if (expression === undefined) {
    throw new Error(`its pre_tokenizer splits by ${JSON.stringify(text)}, an expression that sluice doesn't know`)
  }
  if (!isIsolated && !(isInverted && MATCH_ALL.has(expression))) {
    throw new Error(`its pre_tokenizer splits with behavior ${behavior}, which sluice doesn't know`)
  }
  return { type: 'split', expression }
}

/** Expressions that leave nothing of a text between their matches. */
const MATCH_ALL: ReadonlySet<string> = new Set(['gpt2', 'r50k', 'llama3', 'cl100k', 'qwen2', 'o200k', 'tekken'])
