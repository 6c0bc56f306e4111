import { SluiceError, messageOf } from '../errors.ts'
import type { AddedToken, BpeModel } from './model.ts'
import { readRanks } from './read-ranks.ts'
import { FAMILIES, TIKTOKEN_FAMILIES, type TiktokenFamily } from './tiktoken-families.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * Reads a rank file of tiktoken: the base64 of each token, and its id, a line each.
 *
 * @param family of `TIKTOKEN_FAMILIES`; by default the file's name says it, as `cl100k_base.tiktoken`
 * @throws SluiceError `ERR_TOKENIZER` for a file that is damaged, or whose family is not known
 */
export function readTiktoken (
  bytes: Uint8Array, path: string, family: TiktokenFamily | undefined = familyOf(path)
): BpeModel {
  if (family === undefined) {
    throw damaged(path, 'is a rank file of tiktoken whose name doesn\'t say its family; name it as tiktoken does ' +
      `(cl100k_base.tiktoken), or set the family (--tiktoken-family): ${TIKTOKEN_FAMILIES.join(', ')}; ${OTHERS}`)
  }
  const known = FAMILIES[family]
  const vocabulary = ranksIn(bytes, path)
  const added = Object.entries(known.special).map(([content, id]) => specialToken(content, id))
  const taken = added.find(({ id }) => id < vocabulary.size && vocabulary.bytesOf(id).length > 0)
  if (taken !== undefined) {
    throw damaged(path, `has a token with the rank ${taken.id}, which ${taken.content} has in the family ${family}; ` +
      `give the family of the file; ${OTHERS}`)
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

/** Llama 3, Qwen and others have rank files, but special tokens that only their `tokenizer.json` has. */
const OTHERS = 'of a model that isn\'t by OpenAI, such as Llama 3, use the tokenizer.json'

function familyOf (path: string): TiktokenFamily | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return TIKTOKEN_FAMILIES.find(family => name.startsWith(family))
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
