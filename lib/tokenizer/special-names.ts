import { z } from 'zod'
import type { SpecialNames } from '../bpe/read-tokenizer-json.ts'
import { jsonNextTo } from './files.ts'

/** A token in a configuration: its content, or an object with it. */
const name = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .optional().catch(undefined)

const names = z.object({ bos_token: name, eos_token: name, pad_token: name, unk_token: name }).catch({})

/**
 * The special tokens that the files next to a `tokenizer.json` name: `tokenizer_config.json`, and where that names none
 * `special_tokens_map.json`.
 */
export async function specialNamesFor (file: string): Promise<SpecialNames> {
  const config = names.parse(await jsonNextTo(file, 'tokenizer_config.json') ?? {})
  const map = names.parse(await jsonNextTo(file, 'special_tokens_map.json') ?? {})
  return {
    bos: config.bos_token ?? map.bos_token,
    eos: config.eos_token ?? map.eos_token,
    pad: config.pad_token ?? map.pad_token,
    unk: config.unk_token ?? map.unk_token
  }
}
