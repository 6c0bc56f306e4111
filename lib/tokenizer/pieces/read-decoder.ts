import { type JsonObject, nested, objectIn, shown, stringIn } from '../../bpe/json-fields.ts'
import { metaspaceOf } from '../../bpe/read-metaspace.ts'
import type { DecoderStep } from './decoder-steps.ts'

/**
 * Reads the `decoder` of a `tokenizer.json`.
 *
 * @returns undefined if there is none
 * @throws Error for one that is damaged, or that sluice doesn't know, with its name
 */
export function readDecoder (found: JsonObject | null): readonly DecoderStep[] | undefined {
  return found === null ? undefined : nested(found, 'decoders', 'decoder').map(stepOf)
}

function stepOf (found: JsonObject): DecoderStep {
  const type = stringIn(found, 'type')
  switch (type) {
    case 'Replace': return replaceOf(found)
    case 'ByteFallback': return { type: 'bytes' }
    case 'Fuse': return { type: 'fuse' }
    case 'Strip': return stripOf(found)
    case 'Metaspace': return metaspaceStep(found)
    default: throw new Error(`its decoder is ${type}, which sluice doesn't know`)
  }
}

function replaceOf (found: JsonObject): DecoderStep {
  const pattern = objectIn(found, 'pattern')
  if (pattern.Regex !== undefined) {
    throw new Error(`its decoder replaces ${shown(pattern.Regex)}, an expression that sluice doesn't know`)
  }
  const from = stringIn(pattern, 'String')
  if (from === '') throw new Error('its decoder replaces an empty text')
  return { type: 'replace', from, to: stringIn(found, 'content') }
}

function stripOf (found: JsonObject): DecoderStep {
  const character = stringIn(found, 'content')
  if (Array.from(character).length !== 1) {
    throw new Error(`content of its decoder is ${shown(character)}, expected one character`)
  }
  return { type: 'strip', character, start: countIn(found, 'start'), stop: countIn(found, 'stop') }
}

function countIn (found: JsonObject, key: string): number {
  const count = found[key]
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count
  throw new Error(`${key} of its decoder is ${shown(count)}, expected a number`)
}

function metaspaceStep (found: JsonObject): DecoderStep {
  const { mark, prepends } = metaspaceOf(found)
  return { type: 'metaspace', mark, dropsFirst: prepends !== 'never' }
}
