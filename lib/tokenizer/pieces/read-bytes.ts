import { type JsonObject, booleanIn } from '../../bpe/json-fields.ts'
import { nameOfByte } from '../../sentencepiece/byte-pieces.ts'

/** The ids of the pieces of bytes, -1 where there is none; undefined if unknown characters don't become bytes. */
export function byteIdsOf (model: JsonObject, ids: ReadonlyMap<string, number>): Int32Array | undefined {
  if (!booleanIn(model, 'byte_fallback', false)) return undefined
  return Int32Array.from({ length: 256 }, (_, byte) => ids.get(nameOfByte(byte)) ?? -1)
}
