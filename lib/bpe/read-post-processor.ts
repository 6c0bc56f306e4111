import { type JsonObject, isObject, listIn, nested, objectIn, stringIn } from './json-fields.ts'
import { checkCount } from './limits.ts'

/** The tokens that a `post_processor` puts before and after a text; undefined where it has none, or several. */
export interface EndTokens {
  readonly bos?: string | undefined
  readonly eos?: string | undefined
}

/**
 * Reads the `post_processor` of a `tokenizer.json`. Texts are encoded without what it adds; it only names BOS and EOS.
 *
 * @throws Error for one that is damaged, or that sluice doesn't know, with its name
 */
export function endTokensOf (found: JsonObject | null): EndTokens {
  return nested(found, 'processors', 'post_processor').map(endsOf).reduce((all, ends) => ({ ...all, ...ends }), {})
}

function endsOf (found: JsonObject): EndTokens {
  const type = stringIn(found, 'type')
  switch (type) {
    case 'ByteLevel': return {} // changes offsets alone
    case 'RobertaProcessing': case 'BertProcessing': return { bos: firstOf(found, 'cls'), eos: firstOf(found, 'sep') }
    case 'TemplateProcessing': return templateOf(found)
    default: throw new Error(`its post_processor is ${type}, which sluice doesn't know`)
  }
}

/** The name in a pair of a token's name and id. */
function firstOf (found: JsonObject, key: string): string {
  const [name] = listIn(found, key)
  if (typeof name !== 'string') throw new Error(`${key} of its post_processor doesn't begin with a token`)
  return name
}

const MOST_PARTS = 1000

function templateOf (found: JsonObject): EndTokens {
  const parts = listIn(found, 'single')
  checkCount(parts.length, MOST_PARTS, 'parts of single in its post_processor')
  const names = parts.map(part => {
    if (isObject(part) && part.SpecialToken !== undefined) return stringIn(objectIn(part, 'SpecialToken'), 'id')
    if (isObject(part) && part.Sequence !== undefined) return null
    throw new Error('single of its post_processor has neither a SpecialToken nor a Sequence')
  })
  const at = names.indexOf(null)
  if (at === -1 || at !== names.lastIndexOf(null)) {
    throw new Error('single of its post_processor has no Sequence, or more than one')
  }
  const only = (tokens: ReadonlyArray<string | null>): string | undefined =>
    tokens.length === 1 ? tokens[0] ?? undefined : undefined
  return { bos: only(names.slice(0, at)), eos: only(names.slice(at + 1)) }
}
