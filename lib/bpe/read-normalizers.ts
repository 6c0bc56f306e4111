import { type JsonObject, booleanIn, nested, objectIn, stringIn } from './json-fields.ts'
import type { Normalizer } from './normalizers.ts'

/**
 * Reads the `normalizer` of a `tokenizer.json`.
 *
 * @throws Error for one that is damaged, or that sluice doesn't know, with its name
 */
export function normalizersOf (found: JsonObject | null): Normalizer[] {
  return nested(found, 'normalizers', 'normalizer').map(normalizerOf)
}

function normalizerOf (found: JsonObject): Normalizer {
  const type = stringIn(found, 'type')
  switch (type) {
    case 'NFC': case 'NFD': case 'NFKC': case 'NFKD': case 'Lowercase': return { type }
    case 'Prepend': return { type, prepend: stringIn(found, 'prepend') }
    case 'Strip': return { type, left: booleanIn(found, 'strip_left'), right: booleanIn(found, 'strip_right') }
    case 'Replace': return replaceOf(found)
    default: throw new Error(`its normalizer is ${type}, which sluice doesn't know for byte-level BPE`)
  }
}

function replaceOf (found: JsonObject): Normalizer {
  const pattern = objectIn(found, 'pattern')
  if (typeof pattern.Regex === 'string') {
    throw new Error(`its normalizer replaces ${JSON.stringify(pattern.Regex)}, an expression that sluice doesn't know`)
  }
  const from = stringIn(pattern, 'String')
  if (from === '') throw new Error('its normalizer replaces an empty text')
  return { type: 'Replace', from, to: stringIn(found, 'content') }
}
