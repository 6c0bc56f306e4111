import type sentencepiece from 'sentencepiece-js'
import { loadEmscripten } from '../emscripten.ts'
import { SluiceError, messageOf } from '../errors.ts'
import { sha256OfFile } from '../hash.ts'

/**
 * A text of n bytes takes about 50 n bytes of the module's memory, which never shrinks. So an instance that has encoded
 * a text longer than this is replaced by a new one.
 */
const REPLACED_AFTER_BYTES = 2_000_000

/**
 * Loads SentencePiece compiled to wasm, which encodes with all model types, at 6 to 8 MB/s. Word and character models
 * are encoded by it. It loads any file without an error and then returns no ids, so `readModel` must have validated the
 * file before.
 *
 * @param sha256 of the validated file: an instance of another file is never used
 * @throws SluiceError `ERR_TOKENIZER` when SentencePiece refuses the model; encoding throws `ERR_DOCUMENT` for a text
 *   that is too large for wasm (about 40 MB)
 */
export async function loadWasmEncoder (path: string, sha256: string): Promise<(text: string) => Int32Array> {
  let processor = await loadProcessor(path)
  let replacing = false

  /** Until the new instance is loaded, or if it can't be, the old one is used; it is still right unless it crashed. */
  function replace (): void {
    if (replacing) return
    replacing = true
    loadProcessor(path)
      .then(async fresh => { if (await sha256OfFile(path) === sha256) processor = fresh })
      .catch(() => {}).finally(() => { replacing = false })
  }

  return text => {
    try {
      // A lone surrogate would swallow the next character.
      return Int32Array.from(processor.encodeIds(text.toWellFormed()))
    } catch (cause) {
      const message = `${path}: a text of ${Buffer.byteLength(text)} bytes could not be encoded: ${messageOf(cause)}`
      throw new SluiceError('ERR_DOCUMENT', message, { cause })
    } finally {
      // A UTF-16 unit takes at most three bytes.
      if (text.length > REPLACED_AFTER_BYTES / 3 && Buffer.byteLength(text) > REPLACED_AFTER_BYTES) replace()
    }
  }
}

async function loadProcessor (path: string): Promise<sentencepiece.SentencePieceProcessor> {
  const { default: sentencepiece } = await import('sentencepiece-js')
  const processor = new sentencepiece.SentencePieceProcessor()
  await loadEmscripten(() => processor.load(path))
  // A model that wasn't loaded returns no ids for any text. A loaded one returns at least an unknown id for a letter,
  // unless its rules drop the letter; they don't drop all of these.
  const ids = processor.encodeIds('a \u0416 \u6f22')
  if (ids.length === 0) throw new SluiceError('ERR_TOKENIZER', `${path}: SentencePiece cannot load this model`)
  return processor
}
