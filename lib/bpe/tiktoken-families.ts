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

/** The first bytes of a file, which show what it is. */
const HEAD_BYTES = 4096

/** Whether bytes begin as a rank file of tiktoken does, some lines of which may be damaged. */
export function isTiktoken (bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString('latin1')
  const lines = head.split(/\r?\n/)
  if (bytes.length > HEAD_BYTES) lines.pop() // it may be cut off
  const filled = lines.filter(line => line !== '')
  const known = filled.filter(line => LINE.test(line))
  return known.length >= 2 && known.length > filled.length / 2
}
