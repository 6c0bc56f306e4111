import { readCharsmap } from '../sentencepiece/charsmap.ts'
import { type JsonObject, booleanIn, nested, objectIn, stringIn } from './json-fields.ts'
import type { Normalizer } from './normalizers.ts'
import { checkGrowth } from './text-growth.ts'

/**
 * Reads the `normalizer` of a `tokenizer.json`.
 *
 * @throws Error for one that is damaged, or that sluice doesn't know, with its name
 */
export function normalizersOf (found: JsonObject | null): Normalizer[] {
  const steps = nested(found, 'normalizers', 'normalizer').map(normalizerOf)
  checkGrowth(steps)
  return steps
}

function normalizerOf (found: JsonObject): Normalizer {
  const type = stringIn(found, 'type')
  switch (type) {
    case 'NFC': case 'NFD': case 'NFKC': case 'NFKD': case 'Lowercase': case 'StripAccents': return { type }
    case 'Prepend': return { type, prepend: stringIn(found, 'prepend') }
    case 'Strip': return { type, left: booleanIn(found, 'strip_left'), right: booleanIn(found, 'strip_right') }
    case 'Replace': return replaceOf(found)
    case 'Precompiled': return precompiledOf(found)
    default: throw new Error(`its normalizer is ${type}, which sluice doesn't know`)
  }
}

/** The only expression that published tokenizers replace. */
const TWO_SPACES = ' {2,}'

function precompiledOf (found: JsonObject): Normalizer {
  const base64 = stringIn(found, 'precompiled_charsmap')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw new Error('its precompiled_charsmap is not base64')
  return { type: 'Precompiled', charsmap: readCharsmap(bytes) }
}

function replaceOf (found: JsonObject): Normalizer {
  const pattern = objectIn(found, 'pattern')
  if (pattern.Regex === TWO_SPACES) return { type: 'ReplaceSpaces', to: stringIn(found, 'content') }
  if (typeof pattern.Regex === 'string') {
    throw new Error(`its normalizer replaces ${JSON.stringify(pattern.Regex)}, an expression that sluice doesn't know`)
  }
  const from = stringIn(pattern, 'String')
  if (from === '') throw new Error('its normalizer replaces an empty text')
  return { type: 'Replace', from, to: stringIn(found, 'content') }
}
