import { SluiceError, messageOf } from '../errors.ts'
import type { ExpressionName } from './expressions.ts'
import type { AddedToken, BpeModel } from './model.ts'
import { readRanks } from './read-ranks.ts'
import type { Vocabulary } from './vocabulary.ts'

interface Family {
  readonly expression: ExpressionName
  readonly special: Readonly<Record<string, number>>
}

const R50K: Family = { expression: 'r50k', special: { '<|endoftext|>': 50256 } }
const FILL_IN_THE_MIDDLE = { '<|fim_prefix|>': 100258, '<|fim_middle|>': 100259, '<|fim_suffix|>': 100260 }

/** What a rank file doesn't say of its model: tiktoken_ext/openai_public.py of tiktoken 0.14. */
const FAMILIES: Readonly<Record<string, Family>> = {
  r50k: R50K,
  gpt2: R50K,
  p50k: R50K,
  cl100k: {
    expression: 'cl100k',
    special: { '<|endoftext|>': 100257, ...FILL_IN_THE_MIDDLE, '<|endofprompt|>': 100276 }
  },
  o200k: { expression: 'o200k', special: { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 } }
}

/** The names that `family` may have. */
export const TIKTOKEN_FAMILIES = Object.keys(FAMILIES)

const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d+)$/

/** Whether bytes begin as a rank file of tiktoken does. */
export function isTiktoken (bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1')
  const [first = '', second = ''] = head.split(/\r?\n/, 2)
  return LINE.test(first) && LINE.test(second)
}

/**
 * Reads a rank file of tiktoken: the base64 of each token, and its id, a line each.
 *
 * @param family of `TIKTOKEN_FAMILIES`; by default the file's name says it, as `cl100k_base.tiktoken`
 * @throws SluiceError `ERR_TOKENIZER` for a file that is damaged, or whose family is not known
 */
export function readTiktoken (bytes: Uint8Array, path: string, family = familyOf(path)): BpeModel {
  const known = family === undefined || !Object.hasOwn(FAMILIES, family) ? undefined : FAMILIES[family]
  if (known === undefined) {
    const found = family === undefined ? 'its name says no family' : `the family ${family} is not known`
    throw damaged(path, `is a rank file of tiktoken, but ${found}; ` +
      `name the file as tiktoken does (cl100k_base.tiktoken), or give the family: ${TIKTOKEN_FAMILIES.join(', ')}`)
  }
  const vocabulary = ranksIn(bytes, path)
  const added = Object.entries(known.special).map(([content, id]) => specialToken(content, id))
  const taken = added.find(({ id }) => id < vocabulary.size && vocabulary.bytesOf(id).length > 0)
  if (taken !== undefined) {
    throw damaged(path, `has a token with the rank ${taken.id}, which ${taken.content} has in the family ${family}; ` +
      'give the family of the file')
  }
  return {
    vocabulary,
    merges: undefined,
    wholeWords: true,
    normalizers: [],
    preTokenizers: [{ type: 'split', expression: known.expression }],
    added,
    bosId: -1,
    eosId: known.special['<|endoftext|>']!,
    padId: -1,
    unkId: -1,
    vocabSize: added.reduce((size, { id }) => Math.max(size, id + 1), vocabulary.size)
  }
}

function familyOf (path: string): string | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return Object.keys(FAMILIES).find(family => name.startsWith(family))
}

function ranksIn (bytes: Uint8Array, path: string): Vocabulary {
  try {
    const vocabulary = readRanks(bytes)
    const missing = vocabulary.byteIds().indexOf(-1)
    if (missing !== -1) throw new Error(`no token is the byte ${missing}`)
    return vocabulary
  } catch (cause) {
    throw damaged(path, `${messageOf(cause)}; get the file again`)
  }
}

function specialToken (content: string, id: number): AddedToken {
  return { content, id, special: true, lstrip: false, rstrip: false, singleWord: false, normalized: false }
}

function damaged (path: string, problem: string): SluiceError {
  return new SluiceError('ERR_TOKENIZER', `${path}: ${problem}`)
}
