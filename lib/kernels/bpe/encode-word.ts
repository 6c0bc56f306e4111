import { mergeShort } from './merge'
import { FEW, mergeFew } from './merge-few'
import { idOf, NONE } from './pairs'
import { settings } from './settings'

/** The ids of a word of up to 64 bytes, at the beginning of the work memory. @returns how many */
export function encodeWord (at: usize, length: u32): u32 {
  if (length === 1) {
    store<u32>(settings.workAt, load<u32>(settings.byteIdsAt + (<usize>load<u8>(at) << 2)))
    return 1
  }
  const id = idOf(at, length)
  if (id !== NONE) {
    store<u32>(settings.workAt, id)
    return 1
  }
  return length <= FEW ? mergeFew(at, length) : mergeShort(at, length)
}
