import { SluiceError, messageOf } from '../errors.ts'
import { bytesOfCharacters } from './byte-characters.ts'
import { countEntries } from './json-entries.ts'
import { type JsonObject, booleanIn, isObject, objectIn, optionalObjectIn, shown } from './json-fields.ts'
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
  try {
    if (bytes.length > MOST_BYTES) throw new Error(`it has ${bytes.length} bytes, expected at most ${MOST_BYTES}`)
    const file: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    if (!isObject(file)) throw new Error(`it is ${shown(file)}, expected an object`)
    return modelOf(file, bytes, names)
  } catch (cause) {
    throw new SluiceError('ERR_TOKENIZER', `${path}: can't be used as a tokenizer.json: ${messageOf(cause)}`, { cause })
  }
}

function modelOf (file: JsonObject, bytes: Uint8Array, given: SpecialNames): BpeModel {
  const model = bpeIn(file)
  const { steps, isByteLevel } = preTokenizersOf(optionalObjectIn(file, 'pre_tokenizer'))
  if (!isByteLevel) throw new Error('its pre_tokenizer has no ByteLevel, expected byte-level BPE')
  checkDecoder(optionalObjectIn(file, 'decoder'))
  const names = { ...endTokensOf(optionalObjectIn(file, 'post_processor')), ...definedOf(given) }
  const normalizers = normalizersOf(optionalObjectIn(file, 'normalizer'))
  const ids = idsOf(objectIn(model, 'vocab'))
  if ((countEntries(bytes, ['model', 'vocab']) ?? ids.size) !== ids.size) throw new Error('its vocab has a token twice')
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
  if ((model.type ?? 'BPE') !== 'BPE') throw new Error(`its model is ${shown(model.type)}, expected "BPE"`)
  if ((model.dropout ?? 0) !== 0) throw new Error(`its model has dropout ${shown(model.dropout)}, whose ids are random`)
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    const value = model[key] ?? ''
    if (value !== '') throw new Error(`its model has ${key} ${shown(value)}, which sluice doesn't know`)
  }
  return model
}

function checkDecoder (decoder: JsonObject | null): void {
  if (decoder !== null && decoder.type !== 'ByteLevel') {
    throw new Error(`its decoder is ${shown(decoder.type)}, expected "ByteLevel"`)
  }
}

function idsOf (vocab: JsonObject): Map<string, number> {
  const ids = new Map<string, number>()
  for (const token in vocab) {
    const id = vocab[token]
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_IDS) {
      throw new Error(`the token ${shown(token)} has the id ${shown(id)}, expected 0 to ${MOST_IDS - 1}`)
    }
    ids.set(token, id)
  }
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
