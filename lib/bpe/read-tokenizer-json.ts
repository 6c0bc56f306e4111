import { SluiceError, messageOf } from '../errors.ts'
import { bytesOfCharacters } from './byte-characters.ts'
import { countEntries } from './json-entries.ts'
import { type JsonObject, booleanIn, isObject, objectIn, optionalObjectIn, shown } from './json-fields.ts'
import { MOST_CHARACTERS, checkCount } from './limits.ts'
import type { BpeModel } from './model.ts'
import { MOST_IDS } from './pair-ranks.ts'
import { addedTokensOf, normalizedTokens } from './read-added-tokens.ts'
import { mergesOf } from './read-merges.ts'
import { normalizersOf } from './read-normalizers.ts'
import { endTokensOf } from './read-post-processor.ts'
import { preTokenizersOf } from './read-pre-tokenizers.ts'
import { Vocabulary } from './vocabulary.ts'

/** Larger files are refused: those of published models have at most 40 MB. */
const MOST_BYTES = 64 * 2 ** 20

// XLM-V has the most tokens, 901,629, and Gemma the most merges, 580,604; others have 6,000 added tokens.
const MOST_TOKENS = 1_000_000
const MOST_MERGES = 2 ** 20
const MOST_ADDED = 2 ** 16
const MOST_VALUES = 2 ** 22

/** Special tokens by their text, as in `tokenizer_config.json` or `special_tokens_map.json`. */
export interface SpecialNames {
  readonly bos?: string | undefined
  readonly eos?: string | undefined
  readonly pad?: string | undefined
  readonly unk?: string | undefined
}

/**
 * Reads a `tokenizer.json` of Hugging Face's tokenizers that has a byte-level BPE model. Its truncation and padding are
 * ignored.
 *
 * @param names from the files next to it; BOS and EOS are otherwise those of its post-processor
 * @throws SluiceError `ERR_TOKENIZER` for a file that is damaged, or that needs what sluice doesn't know, with its name
 */
export function readTokenizerJson (bytes: Uint8Array, path: string, names: SpecialNames = {}): BpeModel {
  return readingTokenizerJson(path, () => modelOf(parsedTokenizerJson(bytes), names))
}

/** @throws SluiceError `ERR_TOKENIZER` when `read` fails */
export function readingTokenizerJson<T> (path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: can't be used as a tokenizer.json: ${messageOf(cause)}`, { cause })
  }
}

/** A `tokenizer.json` that was parsed. */
export interface ParsedTokenizer {
  readonly file: JsonObject
  readonly json: Uint8Array
  /** Of the vocabulary, with those that are there twice; undefined if it has none. */
  readonly tokens: number | undefined
}

/** Parses a `tokenizer.json`. @throws Error for one that is too large, or that is no object */
export function parsedTokenizerJson (json: Uint8Array): ParsedTokenizer {
  if (json.length > MOST_BYTES) throw new Error(`it has ${json.length} bytes, expected at most ${MOST_BYTES}`)
  const { all, at } = countEntries(json, ['model.vocab', 'model.merges', 'added_tokens'])
  const tokens = at.get('model.vocab')
  checkCount(tokens ?? 0, MOST_TOKENS, 'tokens in its vocab')
  checkCount(at.get('model.merges') ?? 0, MOST_MERGES, 'merges')
  checkCount(at.get('added_tokens') ?? 0, MOST_ADDED, 'added tokens')
  checkCount(all, MOST_VALUES, 'values')
  const file: unknown = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString())
  if (!isObject(file)) throw new Error(`it is ${shown(file)}, expected an object`)
  return { file, json, tokens }
}

/** Reads a parsed file. @throws Error as `readTokenizerJson` */
export function modelOf ({ file, tokens }: ParsedTokenizer, given: SpecialNames): BpeModel {
  const model = bpeIn(file)
  const { steps, isByteLevel } = preTokenizersOf(optionalObjectIn(file, 'pre_tokenizer'))
  if (!isByteLevel) throw new Error('its pre_tokenizer has no ByteLevel, expected byte-level BPE')
  if (steps.some(({ type }) => type === 'metaspace')) throw new Error('its pre_tokenizer has Metaspace and ByteLevel')
  checkDecoder(optionalObjectIn(file, 'decoder'))
  const names = { ...endTokensOf(optionalObjectIn(file, 'post_processor')), ...definedOf(given) }
  const normalizers = normalizersOf(optionalObjectIn(file, 'normalizer'))
  const ids = idsOf(objectIn(model, 'vocab'), tokens)
  const added = addedTokensOf(file, ids)
  normalizedTokens(added.filter(({ normalized }) => normalized), normalizers)
  const vocabulary = vocabularyOf(ids, new Map(added.map(({ content, id }) => [content, id])))
  const idOf = (name: string | undefined): number =>
    name === undefined ? -1 : added.find(({ content }) => content === name)?.id ?? ids.get(name) ?? -1
  return {
    vocabulary,
    merges: mergesOf(model, ids),
    wholeWords: booleanIn(model, 'ignore_merges', false),
    normalizers,
    preTokenizers: steps,
    added,
    bosId: idOf(names.bos),
    eosId: idOf(names.eos),
    padId: idOf(names.pad),
    unkId: idOf(names.unk),
    vocabSize: added.reduce((size, { id }) => Math.max(size, id + 1), vocabulary.size)
  }
}

/** Without what is undefined. */
function definedOf (names: SpecialNames): SpecialNames {
  return Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined))
}

/** @throws Error for a model of another kind, or one whose ids depend on what sluice doesn't know */
function bpeIn (file: JsonObject): JsonObject {
  if ((file.version ?? '1.0') !== '1.0') throw new Error(`its version is ${shown(file.version)}, expected "1.0"`)
  const model = objectIn(file, 'model')
  checkBpe(model)
  return model
}

/** @throws Error for a model of another kind, or one whose ids depend on what sluice doesn't know */
export function checkBpe (model: JsonObject): void {
  if ((model.type ?? 'BPE') !== 'BPE') throw new Error(`its model is ${shown(model.type)}, expected "BPE"`)
  if ((model.dropout ?? 0) !== 0) throw new Error(`its model has dropout ${shown(model.dropout)}, whose ids are random`)
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    const value = model[key] ?? ''
    if (value !== '') throw new Error(`its model has ${key} ${shown(value)}, which sluice doesn't know`)
  }
}

function checkDecoder (decoder: JsonObject | null): void {
  if (decoder !== null && decoder.type !== 'ByteLevel') {
    throw new Error(`its decoder is ${shown(decoder.type)}, expected "ByteLevel"`)
  }
}

/** 262,000 tokens have two million. */
const MOST_CHARACTERS_OF_ALL = 2 ** 23

/**
 * The ids of tokens.
 *
 * @param tokens how many there are in the file
 * @throws Error for a token that is there twice, or an id that is out of range
 */
export function idsOf (vocab: JsonObject, tokens: number | undefined): Map<string, number> {
  const ids = new Map<string, number>()
  let characters = 0
  for (const token in vocab) {
    const id = vocab[token]
    checkCount(token.length, MOST_CHARACTERS, 'characters in a token')
    characters += token.length
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_IDS) {
      throw new Error(`the token ${shown(token)} has the id ${shown(id)}, expected 0 to ${MOST_IDS - 1}`)
    }
    ids.set(token, id)
  }
  checkCount(characters, MOST_CHARACTERS_OF_ALL, 'characters in its tokens')
  if (tokens !== ids.size) throw new Error('its vocab has a token twice')
  return ids
}

/** Bytes that are in no UTF-8: a vocabulary may lack them. */
const NOT_IN_UTF8 = new Set([0xc0, 0xc1, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff])

/** @param added ids of tokens that need not be byte characters */
function vocabularyOf (ids: ReadonlyMap<string, number>, added: ReadonlyMap<string, number>): Vocabulary {
  const tokens: Array<string | undefined> = []
  for (const [token, id] of ids) {
    const bytes = bytesOfCharacters(token)
    if (bytes === undefined) {
      if (added.has(token)) continue
      throw new Error(`the token ${shown(token)} has characters that stand for no byte`)
    }
    if (tokens[id] !== undefined) throw new Error(`two tokens have the id ${id}`)
    tokens[id] = bytes
  }
  for (const [token, id] of added) {
    if (tokens[id] !== undefined && ids.get(token) !== id) throw new Error(`two tokens have the id ${id}`)
  }
  const vocabulary = Vocabulary.of(tokens)
  const missing = vocabulary.byteIds().findIndex((id, byte) => id === -1 && !NOT_IN_UTF8.has(byte))
  if (missing !== -1) throw new Error(`it has no token for the byte ${missing}`)
  return vocabulary
}
