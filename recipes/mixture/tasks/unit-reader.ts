import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { SluiceError, reasonOf } from '../../../lib/errors.ts'
import { type Frame, frameOf } from './frame.ts'
import type { UnitMarker } from './unit-writer.ts'

/** A unit that a map task has completed. */
export interface StoredUnit {
  readonly folder: string
  readonly marker: UnitMarker
  /** The unit among those of its component. */
  readonly number: number
}

/**
 * Reads the frames of a unit, in order.
 *
 * @throws SluiceError `ERR_PLAN` when its file is missing, cut or changed
 */
export async function * framesOf ({ folder, marker: { records } }: StoredUnit): AsyncGenerator<Frame> {
  const path = join(folder, records.file)
  const hash = createHash('sha256')
  let held: Buffer = Buffer.alloc(0)
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      let at = 0
      while (held.length - at >= 4 && held.length - at >= 4 + held.readUInt32LE(at)) {
        const end = at + 4 + held.readUInt32LE(at)
        yield frameOf(held.subarray(at + 4, end))
        at = end
      }
      held = held.subarray(at)
    }
  } catch (cause) {
    throw changed(path, `cannot be read: ${reasonOf(cause)}`, cause)
  }
  if (bytes !== records.bytes) throw changed(path, `has ${bytes} bytes, expected ${records.bytes}`)
  if (hash.digest('hex') !== records.sha256) throw changed(path, 'was changed after it was written')
}

/** An error for a file of a unit. */
export function changed (path: string, what: string, cause?: unknown): SluiceError {
  const advice = 'delete the marker of the unit (the .json file next to it that names it), and run its map task again'
  return new SluiceError('ERR_PLAN', `${path}: ${what}; ${advice}`, { cause })
}
