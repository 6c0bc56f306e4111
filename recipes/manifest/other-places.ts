import { type OptionsSchema, snakeCase } from '../../lib/options.ts'
import type { Place } from './mistake.ts'
import { componentSchema, tokenizerSchema } from './schema.ts'

/** Where a key belongs that another part of a manifest has, as a message; undefined for others. */
export function otherPlace (key: string, place: Place): string | undefined {
  const isIn = (schema: OptionsSchema): boolean => Object.keys(schema.shape).some(name => snakeCase(name) === key)
  const isFilter = place.includes('filters')
  if (!isFilter && isIn(componentSchema)) return `unknown key ${key}; it is a key of each entry of datasets`
  if (!isFilter && isIn(tokenizerSchema)) return `unknown key ${key}; it is a key of tokenizer`
  return undefined
}
