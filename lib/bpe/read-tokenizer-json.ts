import { z } from 'zod'
import { SluiceError, messageOf } from '../errors.ts'
import { bytesOfCharacters } from './byte-characters.ts'
import { MOST_IDS } from './pair-ranks.ts'
import { type AddedToken, type BpeModel } from './model.ts'
import { preTokenizersOf } from './read-pre-tokenizers.ts'
import { Vocabulary } from './vocabulary.ts'

const addedToken = z.looseObject({
  id: z.int().min(0).lt(MOST_IDS),
  content: z.string().min(1),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
  normalized: z.boolean().default(true)
})

const typed = z.looseObject({ type: z.string() })

const bpeModel = z.looseObject({
  type: z.string().optional(),
  dropout: z.number().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: z.custom<Readonly<Record<string, unknown>>>(isObject, 'expected an object of tokens with their ids'),
  merges: z.custom<readonly unknown[]>(Array.isArray, 'expected a list')
})

const tokenizerFile = z.looseObject({
  added_tokens: z.array(addedToken).max(MOST_IDS).default([]),
  normalizer: typed.nullish(),
  pre_tokenizer: typed.nullish(),
  post_processor: typed.nullish(),
  decoder: typed.nullish(),
  model: z.unknown()
})

/** Which tokens of a folder's other files begin and end a text, by what they are in the text. */
export interface SpecialNames {
  readonly bos?: string | undefined
  readonly eos?: string | undefined
  readonly pad?: string | undefined
  readonly unk?: string | undefined
}

/**
 * Reads a `tokenizer.json` of Hugging Face's tokenizers with a byte-level BPE model.
 *
 * @param names what `tokenizer_config.json` or `special_tokens_map.json` next to it say
 * @throws SluiceError `ERR_TOKENIZER` for a file that is damaged, or that needs what sluice doesn't know, by its name
 */
export function readTokenizerJson (bytes: Uint8Array, path: string, names: SpecialNames = {}): BpeModel {
  try {
    return read(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()), names)
  } catch (cause) {
    const why = cause instanceof z.ZodError ? firstIssue(cause) : messageOf(cause)
    throw new SluiceError('ERR_TOKENIZER', `${path}: can't be used as a tokenizer.json: ${why}`, { cause })
  }
}

function read (json: unknown, names: SpecialNames): BpeModel {
  const file = tokenizerFile.parse(json)
  const model = bpeModelOf(file.model)
  const pre = preTokenizersOf(file.pre_tokenizer ?? null)
  if (!pre.isByteLevel) throw new Error('its pre_tokenizer has no ByteLevel; sluice reads byte-level BPE')
  const normalization = normalizationOf(file.normalizer ?? null)
  const ids = idsOf(model.vocab)
  const added = file.added_tokens.map(addedTokenOf)
  const vocabulary = vocabularyOf(ids, new Map(added.map(({ content, id }) => [content, id])))
  const idOf = (name: string | undefined): number =>
    name === undefined ? -1 : added.find(({ content }) => content === name)?.id ?? ids.get(name) ?? -1
  return {
    vocabulary,
    merges: mergesOf(model.merges, ids),
    wholeWords: model.ignore_merges === true,
    normalization,
    preTokenizers: pre.steps,
    added,
    bosId: idOf(names.bos),
    eosId: idOf(names.eos),
    padId: idOf(names.pad),
    unkId: idOf(names.unk),
    vocabSize: Math.max(vocabulary.size, ...added.map(({ id }) => id + 1))
  }
}

function bpeModelOf (value: unknown): z.infer<typeof bpeModel> {
  const { type } = z.looseObject({ type: z.string().default('BPE') }).parse(value)
  if (type !== 'BPE') throw new Error(`its model is ${type}; sluice reads BPE`)
  const model = bpeModel.parse(value)
  if ((model.dropout ?? 0) !== 0) throw new Error(`its model has dropout ${model.dropout}, whose ids are random`)
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix'] as const) {
    if ((model[key] ?? '') !== '') throw new Error(`its model has ${key} ${JSON.stringify(model[key])}, which sluice doesn't know`)
  }
  return model
}

function normalizationOf (normalizer: z.infer<typeof typed> | null): BpeModel['normalization'] {
  if (normalizer === null) return null
  if (normalizer.type === 'NFC') return 'NFC'
  throw new Error(`its normalizer is ${normalizer.type}, which sluice doesn't know`)
}

function idsOf (vocab: Readonly<Record<string, unknown>>): Map<string, number> {
  const ids = new Map<string, number>()
  for (const [token, id] of Object.entries(vocab)) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_IDS) {
      throw new Error(`the token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}, expected 0 to ${MOST_IDS - 1}`)
    }
    ids.set(token, id)
  }
  return ids
}

/** @param added tokens that need not be bytes, with their ids */
function vocabularyOf (ids: ReadonlyMap<string, number>, added: ReadonlyMap<string, number>): Vocabulary {
  const tokens: string[] = []
  for (const [token, id] of ids) {
    const bytes = bytesOfCharacters(token)
    if (bytes === undefined) {
      if (added.get(token) === id) continue
      throw new Error(`the token ${JSON.stringify(token)} has characters that stand for no byte`)
    }
    if (tokens[id] !== undefined) throw new Error(`two tokens have the id ${id}`)
    tokens[id] = bytes
  }
  const vocabulary = Vocabulary.of(Array.from(tokens, token => token ?? ''))
  for (let byte = 0; byte < 256; byte++) {
    if (vocabulary.idOf(String.fromCharCode(byte)) === undefined) throw new Error(`it has no token for the byte ${byte}`)
  }
  return vocabulary
}

function mergesOf (merges: readonly unknown[], ids: ReadonlyMap<string, number>): Int32Array {
  const triples = new Int32Array(3 * merges.length)
  merges.forEach((merge, rank) => {
    const pair: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
    if (pair.length !== 2) throw new Error(`merge ${rank} is ${JSON.stringify(merge)?.slice(0, 80)}, expected two tokens`)
    pair.forEach((token, side) => {
      const id = typeof token === 'string' ? ids.get(token) : undefined
      if (id === undefined) throw new Error(`merge ${rank} has ${JSON.stringify(token)}, which is not in the vocabulary`)
      triples[3 * rank + side] = id
    })
    const merged = ids.get(pair.join(''))
    if (merged === undefined) {
      throw new Error(`merge ${rank} makes ${JSON.stringify(pair.join(''))}, which is not in the vocabulary`)
    }
    triples[3 * rank + 2] = merged
  })
  return triples
}

function addedTokenOf ({ single_word: singleWord, ...token }: z.infer<typeof addedToken>): AddedToken {
  const { content, id, special, lstrip, rstrip, normalized } = token
  return { content, id, special, lstrip, rstrip, singleWord, normalized }
}

function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstIssue ({ issues: [issue] }: z.ZodError): string {
  return `${issue!.path.join('.')}: ${issue!.message}`
}
