import { SluiceError } from '../errors.ts'
import { MOST_IDS } from './pair-ranks.ts'
import type { AddedToken, BpeModel } from './model.ts'
import { FAMILIES, LINE, TIKTOKEN_FAMILIES, type TiktokenFamily } from './tiktoken-families.ts'
import { Vocabulary } from './vocabulary.ts'

/**
 * Reads a rank file of tiktoken: the base64 of each token, and its id, a line each.
 *
 * @param family of `TIKTOKEN_FAMILIES`; by default the file's name says it, as `cl100k_base.tiktoken`
 * @throws SluiceError `ERR_TOKENIZER` for a file that is damaged, or whose family is not known
 */
export function readTiktoken (bytes: Uint8Array, path: string, family: TiktokenFamily | undefined = familyOf(path)): BpeModel {
  if (family === undefined) {
    throw damaged(path, 'is a rank file of tiktoken whose name doesn\'t say its family; name it as tiktoken does ' +
      `(cl100k_base.tiktoken), or set the family (--tiktoken-family): ${TIKTOKEN_FAMILIES.join(', ')}`)
  }
  const known = FAMILIES[family]
  const vocabulary = readRanks(bytes, path)
  for (let byte = 0; byte < 256; byte++) {
    if (vocabulary.idOf(String.fromCharCode(byte)) === undefined) {
      throw damaged(path, `has no token for the byte ${byte}; get the file again`)
    }
  }
  const added = Object.entries(known.special).map(([content, id]) => specialToken(content, id))
  return {
    vocabulary,
    merges: undefined,
    wholeWords: true,
    normalization: null,
    preTokenizers: [{ type: 'split', expression: known.expression }],
    added,
    bosId: -1,
    eosId: known.special['<|endoftext|>']!,
    padId: -1,
    unkId: -1,
    vocabSize: Math.max(vocabulary.size, ...added.map(({ id }) => id + 1))
  }
}

function familyOf (path: string): TiktokenFamily | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return TIKTOKEN_FAMILIES.find(family => name.startsWith(family))
}

function readRanks (bytes: Uint8Array, path: string): Vocabulary {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const tokens: string[] = []
  const seen = new Set<string>()
  let number = 0
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end === -1 ? undefined : end).trimEnd()
    start = end === -1 ? text.length : end + 1
    number++
    if (line === '') continue
    const match = LINE.exec(line)
    if (match === null) throw damaged(path, `line ${number} is not the base64 of a token and its rank; get the file again`)
    const token = Buffer.from(match[1]!, 'base64').toString('latin1')
    const id = Number(match[2])
    if (id >= MOST_IDS) throw damaged(path, `line ${number} has the rank ${match[2]}, expected less than ${MOST_IDS}`)
    if (tokens[id] !== undefined) throw damaged(path, `line ${number} has the rank ${id}, which another token has`)
    if (seen.has(token)) throw damaged(path, `line ${number} has a token that is there twice`)
    seen.add(token)
    tokens[id] = token
  }
  return Vocabulary.of(Array.from(tokens, token => token ?? ''))
}

function specialToken (content: string, id: number): AddedToken {
  return { content, id, special: true, lstrip: false, rstrip: false, singleWord: false, normalized: false }
}

function damaged (path: string, problem: string): SluiceError {
  return new SluiceError('ERR_TOKENIZER', `${path}: ${problem}`)
}
