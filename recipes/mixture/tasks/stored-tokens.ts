import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import xxhash, { type XXHashAPI } from 'xxhash-wasm'
import { reasonOf } from '../../../lib/errors.ts'
import { type Dtype, bytesPerId, idsOf } from '../../../lib/shards/npy.ts'
import type { Frame } from './frame.ts'
import type { KeptDocuments } from './kept.ts'
import type { ShardStart } from './layout.ts'
import { type StoredUnit, changed, framesOf } from './unit-reader.ts'

/** The ids of a document, or of its end. */
export interface StoredTokens {
  readonly ids: Int32Array
  readonly idHash: bigint
  /** Number of ids of the document before these. */
  readonly first: number
}

/**
 * The ids of the kept documents from a place, in order.
 *
 * @param units of the component @param dtype of the stored ids
 * @throws SluiceError `ERR_PLAN` when a file of a unit is missing or has changed
 */
export async function * tokensFrom (
  units: readonly StoredUnit[], kept: KeptDocuments, start: ShardStart, dtype: Dtype
): AsyncGenerator<StoredTokens> {
  const hasher = await xxhash()
  for (const unit of units.slice(start.unit)) {
    const from = unit.number === start.unit ? start.document : 0
    const path = join(unit.folder, unit.marker.ids.file)
    const file = await open(path).catch((cause: unknown) => {
      throw changed(path, `cannot be read: ${reasonOf(cause)}`, cause)
    })
    try {
      let document = 0 // the first one of the frame
      for await (const frame of framesOf(unit)) {
        const { idHashes, sizes } = frame.documents
        const isNeeded = (index: number): boolean =>
          document + index >= from && kept.has({ unit: unit.number, document: document + index })
        if (document + sizes.length > from && sizes.some((_, index) => isNeeded(index))) {
          const ids = await idsIn(frame, { path, file, dtype, hasher })
          let at = 0
          for (const [index, size] of sizes.entries()) {
            const offset = document + index === from && unit.number === start.unit ? start.offset : 0
            if (isNeeded(index)) {
              yield { ids: ids.subarray(at + offset, at + size), idHash: idHashes[index]!, first: offset }
            }
            at += size
          }
        }
        document += sizes.length
      }
    } finally {
      await file.close()
    }
  }
}

interface IdsFile {
  readonly path: string
  readonly file: FileHandle
  readonly dtype: Dtype
  readonly hasher: XXHashAPI
}

/** Reads the ids of a frame. */
async function idsIn (
  { ids: { from, count, hash } }: Frame, { path, file, dtype, hasher }: IdsFile
): Promise<Int32Array> {
  const bytes = Buffer.alloc(count * bytesPerId(dtype))
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled)
    if (bytesRead === 0) throw changed(path, `ends at byte ${from + filled}, expected ${from + bytes.length} bytes`)
    filled += bytesRead
  }
  if (hasher.h64Raw(bytes) !== hash) throw changed(path, 'was changed after it was written')
  return new Int32Array(idsOf(bytes, dtype))
}
