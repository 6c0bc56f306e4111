import type sentencepiece from 'sentencepiece-js'
import { loadEmscripten } from '../emscripten.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'

/**
 * A text of n bytes takes about 50 n bytes of the module's memory, which never shrinks: an instance that has met a text
 * longer than this is replaced by a fresh one.
 */
const REPLACED_AFTER_BYTES = 2_000_000

/**
 * SentencePiece itself, compiled to wasm: every model type, 6 to 8 MB/s. It loads anything and then encodes it to
 * nothing, so the file must have been judged by `readModel` before.
 *
 * @param sha256 of the file that was judged: an instance of another one is never used
 * @throws SluiceError `ERR_TOKENIZER` when SentencePiece refuses the model; encoding throws `ERR_DOCUMENT` for a text
 *   that is too large for wasm (some 40 MB)
 */
export async function loadWasmEncoder (path: string, sha256: string): Promise<(text: string) => Int32Array> {
  let processor = await loadProcessor(path)
  let replacing = false

  /** Until the fresh instance is there, or if it can't be made, the old one is as right, unless it has died. */
  function replace (): void {
    if (replacing) return
    replacing = true
    loadProcessor(path)
      .then(async fresh => { if (await sha256OfFile(path) === sha256) processor = fresh })
      .catch(() => {}).finally(() => { replacing = false })
  }

  return text => {
    try {
      // A lone surrogate would swallow the character behind it.
      return Int32Array.from(processor.encodeIds(text.toWellFormed()))
    } catch (cause) {
      const message = `${path}: a text of ${Buffer.byteLength(text)} bytes could not be encoded: ${messageOf(cause)}`
      throw new SluiceError('ERR_DOCUMENT', message, { cause })
    } finally {
      // A UTF-16 unit is at most three bytes.
      if (text.length > REPLACED_AFTER_BYTES / 3 && Buffer.byteLength(text) > REPLACED_AFTER_BYTES) replace()
    }
  }
}

async function loadProcessor (path: string): Promise<sentencepiece.SentencePieceProcessor> {
  const { default: sentencepiece } = await import('sentencepiece-js')
  const processor = new sentencepiece.SentencePieceProcessor()
  await loadEmscripten(() => processor.load(path))
  // A model that was not loaded makes no ids of anything; one that was makes ids of any letter, if only the unknown
  // one, unless its rules leave out just that letter.
  const ids = processor.encodeIds('a \u0416 \u6f22')
  if (ids.length === 0) throw new SluiceError('ERR_TOKENIZER', `${path}: SentencePiece does not load this model`)
  return processor
}
