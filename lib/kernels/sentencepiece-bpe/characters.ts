import { codePointAt, lengthOfChar } from '../bpe/classes'
import { FACTOR_1 } from '../bpe/hash'
import { settings } from '../bpe/settings'
import { own } from './settings'

/** The token of the character at a place; `NONE` where no piece has it. */
// @ts-ignore: decorator
@inline
export function tokenOfChar (at: usize): u32 {
  const first: u32 = load<u8>(at)
  if (first < 0x80) return load<u32>(settings.byteIdsAt + (<usize>first << 2))
  const point = codePointAt(at)
  const block: u32 = load<u16>(own.charBlockOfAt + (<usize>(point >> 7) << 1))
  return load<u32>(own.charBlocksAt + ((<usize>block << 7) << 2) + ((<usize>point & 127) << 2))
}

/** Whether two characters may be neighbours in a token, by their tokens: no merge goes over others. */
// @ts-ignore: decorator
@inline
export function mayJoin (left: u32, right: u32): bool {
  const bit = bitOf(left, right)
  return ((<u32>load<u8>(own.neighboursAt + (bit >> 3)) >> (bit & 7)) & 1) !== 0
}

// @ts-ignore: decorator
@inline
function bitOf (left: u32, right: u32): u32 {
  return <u32>((((<u64>left << 21) | <u64>right) * FACTOR_1) >> 44)
}

/** Notes which characters are neighbours in tokens. */
export function addNeighbours (): void {
  for (let token: u32 = 0; token < settings.tokenCount; token++) {
    const startAt = settings.startsAt + (<usize>token << 2)
    const end = settings.tokensAt + load<u32>(startAt, 4)
    let at = settings.tokensAt + load<u32>(startAt)
    let left = tokenOfChar(at)
    for (at += lengthOfChar(load<u8>(at)); at < end; at += lengthOfChar(load<u8>(at))) {
      const right = tokenOfChar(at)
      const bit = bitOf(left, right)
      const byte = own.neighboursAt + (bit >> 3)
      store<u8>(byte, <u8>(<u32>load<u8>(byte) | (<u32>1 << (bit & 7))))
      left = right
    }
  }
}

// A unit of the trie, as lib/sentencepiece/double-array.ts has it.
const BASE_SHIFT: u32 = 10
const LABEL: u32 = 0x1ff
const IN_USE: u32 = 0x100
const HAS_VALUE: u32 = 0x200

let foundId: u32 = 0

/** The id of the user-defined piece that `symbolLength` found. */
export function symbolId (): u32 {
  return foundId
}

/** The length of the longest user-defined piece at a place; 0 where there is none. */
// @ts-ignore: decorator
@inline
export function symbolLength (at: usize, end: usize): u32 {
  const byte: u32 = load<u8>(at)
  const node = (load<u32>(own.symbolUnitsAt) >> BASE_SHIFT) ^ byte
  if ((load<u32>(own.symbolUnitsAt + (<usize>node << 2)) & LABEL) !== (byte | IN_USE)) return 0
  return longestSymbol(at, end)
}

function longestSymbol (at: usize, end: usize): u32 {
  let length: u32 = 0
  let node: u32 = 0
  for (let next = at; next < end; next++) {
    const byte: u32 = load<u8>(next)
    node = (load<u32>(own.symbolUnitsAt + (<usize>node << 2)) >> BASE_SHIFT) ^ byte
    const unit = load<u32>(own.symbolUnitsAt + (<usize>node << 2))
    if ((unit & LABEL) !== (byte | IN_USE)) break
    if ((unit & HAS_VALUE) === 0) continue
    length = <u32>(next + 1 - at)
    foundId = load<u32>(own.symbolIdsAt + (<usize>node << 2))
  }
  return length
}
