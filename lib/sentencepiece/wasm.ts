import sentencepiece from 'sentencepiece-js'
import { loadEmscripten } from '../emscripten.ts'
import { SluiceError } from '../errors.ts'

/** What of a tokenizer the encoder does. */
export interface Encoder {
  readonly encode: (text: string) => Int32Array
  readonly decode: (ids: Int32Array | readonly number[]) => string
}

/**
 * A text of n bytes takes about 50 n bytes of the module's memory, which never shrinks: an instance that has met a text
 * longer than this (UTF-16 units) is replaced by a fresh one.
 */
const REPLACED_AFTER_CHARS = 2_000_000

/**
 * SentencePiece itself, compiled to wasm: every model type, 6 to 8 MB/s. It loads anything and then encodes it to nothing,
 * so the file must have been judged by `readModel` before.
 *
 * @throws SluiceError `ERR_TOKENIZER` when SentencePiece refuses the model
 */
export async function loadWasmEncoder (path: string): Promise<Encoder> {
  let processor = await loadProcessor(path)
  let replacing = false
  return {
    encode (text) {
      // A lone surrogate would swallow the character behind it.
      const ids = Int32Array.from(processor.encodeIds(text.toWellFormed()))
      if (text.length > REPLACED_AFTER_CHARS && !replacing) {
        replacing = true
        // Until the fresh instance is there, or if it can't be made, the old one is as right.
        loadProcessor(path).then(fresh => { processor = fresh }, () => {}).finally(() => { replacing = false })
      }
      return ids
    },
    decode: ids => processor.decodeIds(Array.from(ids))
  }
}

async function loadProcessor (path: string): Promise<sentencepiece.SentencePieceProcessor> {
  const processor = new sentencepiece.SentencePieceProcessor()
  await loadEmscripten(() => processor.load(path))
  // A model that was not loaded makes no ids of anything; one that was makes ids of any letter, if only the unknown one.
  if (processor.encodeIds('a').length === 0) throw new SluiceError('ERR_TOKENIZER', `${path}: SentencePiece does not load this model`)
  return processor
}
