import { lengthOfChar } from '../bpe/classes'
import { LIST, own } from './settings'

/** Writes what a token is encoded to. @returns where it ends */
// @ts-ignore: decorator
@inline
export function writeToken (token: u32, out: usize): usize {
  const id = load<u32>(own.idsAt + (<usize>token << 2))
  if (id >= LIST) return writeList(id ^ LIST, out)
  store<u32>(out, id)
  return out + 4
}

function writeList (list: u32, out: usize): usize {
  const at = own.listsAt + (<usize>list << 2)
  const bytes = <usize>load<u32>(at) << 2
  memory.copy(out, at + 4, bytes)
  return out + bytes
}

/** Writes what a character that is in no piece is encoded to. @returns where it ends */
export function writeUnknown (at: usize, out: usize): usize {
  if (own.byteFallbackAt === 0) {
    store<u32>(out, own.unkId)
    return out + 4
  }
  const first: u32 = load<u8>(at)
  if (first === 0x20 && own.isEscaped !== 0) {
    return writeByte(0x81, writeByte(0x96, writeByte(0xe2, out)))
  }
  for (const end = at + lengthOfChar(first); at < end; at++) out = writeByte(load<u8>(at), out)
  return out
}

// @ts-ignore: decorator
@inline
function writeByte (byte: u32, out: usize): usize {
  store<u32>(out, load<u32>(own.byteFallbackAt + (<usize>byte << 2)))
  return out + 4
}

let isRun = false

/** Forgets what a text before ended with. */
export function beginIds (): void {
  isRun = false
}

/** Makes one of the unknown ids in a row, where characters have no ids of bytes. @returns where the ids end */
export function fuseUnknown (begin: usize, end: usize): usize {
  if (own.byteFallbackAt !== 0) return end
  let out = begin
  for (let at = begin; at < end; at += 4) {
    const id = load<u32>(at)
    const isUnknown = id === own.unkId
    if (isUnknown && isRun) continue
    isRun = isUnknown
    store<u32>(out, id)
    out += 4
  }
  return out
}
