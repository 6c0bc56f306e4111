import { isObject } from '../bpe/json-fields.ts'
import type { SpecialNames } from '../bpe/read-tokenizer-json.ts'
import { jsonNextTo } from './files.ts'

/**
 * The special tokens that the files next to a `tokenizer.json` name: `tokenizer_config.json`, and where that names none
 * `special_tokens_map.json`.
 */
export async function specialNamesFor (file: string): Promise<SpecialNames> {
  const config = await jsonNextTo(file, 'tokenizer_config.json')
  const map = await jsonNextTo(file, 'special_tokens_map.json')
  const named = (key: string): string | undefined => nameIn(config, key) ?? nameIn(map, key)
  return { bos: named('bos_token'), eos: named('eos_token'), pad: named('pad_token'), unk: named('unk_token') }
}

/** A token in a configuration: its content, or an object with it. */
function nameIn (configuration: unknown, key: string): string | undefined {
  const token = isObject(configuration) ? configuration[key] : undefined
  const content = isObject(token) ? token.content : token
  return typeof content === 'string' ? content : undefined
}
