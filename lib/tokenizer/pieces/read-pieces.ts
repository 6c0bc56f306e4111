import type { ParsedTokenizer, SpecialNames } from '../../bpe/read-tokenizer-json.ts'
import { isObject, objectIn, optionalObjectIn, shown } from '../../bpe/json-fields.ts'
import { addedTokensOf, normalizedTokens } from '../../bpe/read-added-tokens.ts'
import { normalizersOf } from '../../bpe/read-normalizers.ts'
import { endTokensOf } from '../../bpe/read-post-processor.ts'
import { preTokenizersOf } from '../../bpe/read-pre-tokenizers.ts'
import { checkFirst } from './check-first.ts'
import type { PiecesModel } from './model.ts'
import { readBpe } from './read-bpe.ts'
import { readDecoder } from './read-decoder.ts'
import { readUnigram } from './read-unigram.ts'

/**
 * Whether a `tokenizer.json` has a model of pieces of text; other ones are byte-level, or of a kind that isn't known.
 */
export function hasPieces (file: unknown): boolean {
  if (!isObject(file) || !isObject(file.model)) return false
  if (file.model.type === 'Unigram') return true
  return (file.model.type ?? 'BPE') === 'BPE' && !JSON.stringify(file.pre_tokenizer ?? null).includes('"ByteLevel"')
}

/**
 * Reads a `tokenizer.json` whose model has pieces of text.
 *
 * @param names from the files next to it; BOS and EOS are otherwise those of its post-processor
 * @throws Error for a file that is damaged, or that needs what sluice doesn't know, with its name
 */
export function readPieces ({ file, json, tokens }: ParsedTokenizer, names: SpecialNames): PiecesModel {
  if ((file.version ?? '1.0') !== '1.0') throw new Error(`its version is ${shown(file.version)}, expected "1.0"`)
  const model = objectIn(file, 'model')
  const { steps, isByteLevel } = preTokenizersOf(optionalObjectIn(file, 'pre_tokenizer'))
  if (isByteLevel) throw new Error('its pre_tokenizer is ByteLevel, which sluice doesn\'t know for a Unigram model')
  const normalizers = normalizersOf(optionalObjectIn(file, 'normalizer'))
  const { pieces, algorithm } = model.type === 'Unigram' ? readUnigram(model, json) : readBpe(model, tokens)
  const added = addedTokensOf(file, pieces.ids)
  const hasNormalized = added.some(({ normalized }) => normalized)
  normalizedTokens(added.filter(({ normalized }) => normalized), normalizers)
  checkFirst(steps, normalizers, hasNormalized)
  const { bos, eos } = endTokensOf(optionalObjectIn(file, 'post_processor'))
  const idOf = (name: string | undefined): number =>
    name === undefined ? -1 : added.find(({ content }) => content === name)?.id ?? pieces.ids.get(name) ?? -1
  return {
    pieces,
    algorithm,
    normalizers,
    preTokenizers: steps,
    decoder: readDecoder(optionalObjectIn(file, 'decoder')),
    added,
    bosId: idOf(names.bos ?? bos),
    eosId: idOf(names.eos ?? eos),
    padId: idOf(names.pad),
    unkId: names.unk === undefined ? pieces.unkId : idOf(names.unk),
    vocabSize: added.reduce((size, { id }) => Math.max(size, id + 1), pieces.byId.length)
  }
}
