import type { ExpressionName } from './expressions.ts'

/** The rank files that are known, by what their names begin with. */
export const TIKTOKEN_FAMILIES = ['r50k', 'gpt2', 'p50k', 'cl100k', 'o200k'] as const

export type TiktokenFamily = typeof TIKTOKEN_FAMILIES[number]

interface Family {
  readonly expression: ExpressionName
  readonly special: Readonly<Record<string, number>>
}

const R50K: Family = { expression: 'r50k', special: { '<|endoftext|>': 50256 } }
const FILL_IN_THE_MIDDLE = { '<|fim_prefix|>': 100258, '<|fim_middle|>': 100259, '<|fim_suffix|>': 100260 }

/** What a rank file doesn't say of its model: tiktoken_ext/openai_public.py of tiktoken 0.14. */
export const FAMILIES: Readonly<Record<TiktokenFamily, Family>> = {
  r50k: R50K,
  gpt2: R50K,
  p50k: R50K,
  cl100k: {
    expression: 'cl100k',
    special: { '<|endoftext|>': 100257, ...FILL_IN_THE_MIDDLE, '<|endofprompt|>': 100276 }
  },
  o200k: { expression: 'o200k', special: { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 } }
}

/** A line of a rank file: the base64 of a token, and its rank. */
export const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d+)$/

/** Whether bytes begin as a rank file of tiktoken does. */
export function isTiktoken (bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1')
  const [first = '', second = ''] = head.split(/\r?\n/, 2)
  return LINE.test(first) && LINE.test(second)
}
