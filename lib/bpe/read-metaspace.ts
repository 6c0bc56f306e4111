import { type JsonObject, booleanIn, shown, stringIn } from './json-fields.ts'
import type { Metaspace } from './model.ts'

const PREPENDS: readonly unknown[] = ['always', 'first', 'never'] satisfies ReadonlyArray<Metaspace['prepends']>

/**
 * Reads `Metaspace`, a pre-tokenizer and a decoder of a `tokenizer.json`.
 *
 * @throws Error for one that tokenizers 0.23 refuses
 */
export function metaspaceOf (found: JsonObject): Metaspace {
  const mark = stringIn(found, 'replacement')
  if (Array.from(mark).length !== 1) throw new Error(`replacement is ${shown(mark)}, expected one character`)
  const prepends = found.prepend_scheme ?? 'always'
  if (!PREPENDS.includes(prepends)) {
    throw new Error(`prepend_scheme is ${shown(prepends)}, expected "always", "first" or "never"`)
  }
  if (!booleanIn(found, 'add_prefix_space', true) && prepends !== 'never') {
    throw new Error('add_prefix_space is false, but prepend_scheme is not "never"')
  }
  const splits = booleanIn(found, 'split', true)
  return { type: 'metaspace', mark, prepends: prepends as Metaspace['prepends'], splits }
}
