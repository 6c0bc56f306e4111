import { FACTOR_1, hashOf } from './hash'
import { settings } from './settings'

export const NONE: u32 = ~(<u32>0)
const FREE: u64 = ~(<u64>0)
const ID_BITS: u64 = 21
const RANK_BITS: u64 = 22
const RANKS: u32 = (1 << 22) - 1

/** Slots that are looked at for one key: more are only needed where hashes were made to collide. */
const MOST_PROBES = 4096

/** The rank of the merge of two tokens; `NONE` where they don't merge. */
// @ts-ignore: decorator
@inline
export function rankOf (left: u32, right: u32): u32 {
  const key = ((<u64>left) << ID_BITS) | <u64>right
  const hash = key * FACTOR_1
  const bit = <u32>(hash >> 44)
  if (((<u32>load<u8>(settings.filterAt + (bit >> 3)) >> (bit & 7)) & 1) === 0) return NONE
  const mask: u32 = (1 << settings.pairBits) - 1
  let slot = <u32>(hash >> (64 - <u64>settings.pairBits))
  while (true) {
    const pair = load<u64>(settings.pairsAt + (<usize>slot << 3))
    if (pair >> RANK_BITS === key) return sharedRank(<u32>pair & RANKS)
    if (pair === FREE) return NONE
    slot = (slot + 1) & mask
  }
}

/** Where merges may be as good as others, the rank of the first of them. */
// @ts-ignore: decorator
@inline
function sharedRank (rank: u32): u32 {
  return settings.tiesAt === 0 ? rank : load<u32>(settings.tiesAt + (<usize>rank << 2))
}

/** The token that two tokens make whose merge has a rank. */
// @ts-ignore: decorator
@inline
export function mergedOf (rank: u32, left: u32, right: u32): u32 {
  if (settings.mergedAt === 0) return rank
  return load<u32>(settings.mergedAt + (<usize>(settings.tiesAt === 0 ? rank : ownRank(left, right)) << 2))
}

/** The rank of a pair that is there, as it was added. */
function ownRank (left: u32, right: u32): u32 {
  const key = ((<u64>left) << ID_BITS) | <u64>right
  const mask: u32 = (1 << settings.pairBits) - 1
  let slot = <u32>((key * FACTOR_1) >> (64 - <u64>settings.pairBits))
  while (load<u64>(settings.pairsAt + (<usize>slot << 3)) >> RANK_BITS !== key) slot = (slot + 1) & mask
  return <u32>load<u64>(settings.pairsAt + (<usize>slot << 3)) & RANKS
}

/** Adds a pair, or gives one that is there another rank. @returns false where there is no slot for it */
export function addPair (left: u32, right: u32, rank: u32): bool {
  const key = ((<u64>left) << ID_BITS) | <u64>right
  const hash = key * FACTOR_1
  const mask: u32 = (1 << settings.pairBits) - 1
  let slot = <u32>(hash >> (64 - <u64>settings.pairBits))
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const at = settings.pairsAt + (<usize>slot << 3)
    const pair = load<u64>(at)
    if (pair === FREE || pair >> RANK_BITS === key) {
      store<u64>(at, (key << RANK_BITS) | <u64>rank)
      const bit = <u32>(hash >> 44)
      const filter = settings.filterAt + (bit >> 3)
      store<u8>(filter, <u8>(<u32>load<u8>(filter) | (<u32>1 << (bit & 7))))
      return true
    }
    slot = (slot + 1) & mask
  }
  return false
}

// A slot has an id and bits of a hash, so that few tokens are compared; the highest bit is only set in free ones.
const CHECK_BITS: u32 = 10
const IDS: u32 = (1 << <u32>ID_BITS) - 1

// @ts-ignore: decorator
@inline
function checkOf (hash: u64): u32 {
  return (<u32>(hash >> 24) & ((1 << CHECK_BITS) - 1)) << <u32>ID_BITS
}

export function clearTokens (): void {
  memory.fill(settings.tokenSlotsAt, 0xff, <usize>4 << settings.tokenBits)
}

/** Fills the table of tokens by their bytes. @returns false where there is no slot for one */
export function indexTokens (): bool {
  clearTokens()
  for (let id: u32 = 0; id < settings.tokenCount; id++) {
    const begin = load<u32>(settings.startsAt + (<usize>id << 2))
    const length = load<u32>(settings.startsAt + (<usize>id << 2), 4) - begin
    if (length !== 0 && !indexToken(id, settings.tokensAt + begin, length)) return false
  }
  return true
}

/** Adds a token to the table. @returns false where there is no slot for it */
export function indexToken (id: u32, at: usize, length: u32): bool {
  const hash = hashOf(at, length)
  const mask: u32 = (1 << settings.tokenBits) - 1
  let slot = <u32>(hash >> (64 - <u64>settings.tokenBits))
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const place = settings.tokenSlotsAt + (<usize>slot << 2)
    if (load<u32>(place) === NONE) {
      store<u32>(place, id | checkOf(hash))
      return true
    }
    slot = (slot + 1) & mask
  }
  return false
}

/** The id of the token with these bytes; `NONE` where there is none. */
export function idOf (at: usize, length: u32): u32 {
  const hash = hashOf(at, length)
  const check = checkOf(hash)
  const mask: u32 = (1 << settings.tokenBits) - 1
  let slot = <u32>(hash >> (64 - <u64>settings.tokenBits))
  while (true) {
    const found = load<u32>(settings.tokenSlotsAt + (<usize>slot << 2))
    if (found === NONE) return NONE
    if ((found & ~IDS) === check && hasBytes(found & IDS, at, length)) return found & IDS
    slot = (slot + 1) & mask
  }
}

/** Whether a token has these bytes. */
function hasBytes (id: u32, at: usize, length: u32): bool {
  const begin = load<u32>(settings.startsAt + (<usize>id << 2))
  if (load<u32>(settings.startsAt + (<usize>id << 2), 4) - begin !== length) return false
  const token = settings.tokensAt + begin
  let offset: usize = 0
  for (; offset + 16 <= <usize>length; offset += 16) {
    if (v128.any_true(v128.xor(v128.load(token + offset), v128.load(at + offset)))) return false
  }
  const difference = v128.xor(v128.load(token + offset), v128.load(at + offset))
  return !v128.any_true(v128.and(difference, v128.load(settings.masksAt + ((<usize>length - offset) << 4))))
}

/** Bytes with their tokens, and pairs of bytes. */
export function fillBytes (): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    store<u8>(settings.workAt, <u8>byte)
    store<u32>(settings.byteIdsAt + (<usize>byte << 2), idOf(settings.workAt, 1))
  }
  for (let pair: u32 = 0; pair < 65536; pair++) {
    const left = load<u32>(settings.byteIdsAt + (<usize>(pair & 255) << 2))
    const right = load<u32>(settings.byteIdsAt + (<usize>(pair >> 8) << 2))
    store<u32>(settings.bytePairsAt + (<usize>pair << 2), rankOf(left, right))
  }
}

export function clearPairs (): void {
  memory.fill(settings.pairsAt, 0xff, <usize>8 << settings.pairBits)
  memory.fill(settings.filterAt, 0, 1 << 17)
}

/** How many pairs of tokens there are whose concatenation is a token. */
export function countSplits (): u32 {
  return eachSplit(false)
}

/** Makes pairs of all tokens whose concatenation is a token, whose id is the rank. @returns false for no room */
export function addSplits (): bool {
  clearPairs()
  if (eachSplit(true) === NONE) return false
  fillBytes()
  return true
}

function eachSplit (adds: bool): u32 {
  let count: u32 = 0
  for (let id: u32 = 0; id < settings.tokenCount; id++) {
    const begin = settings.tokensAt + load<u32>(settings.startsAt + (<usize>id << 2))
    const length = <u32>(settings.tokensAt + load<u32>(settings.startsAt + (<usize>id << 2), 4) - begin)
    if (adds) store<u32>(settings.mergedAt + (<usize>id << 2), id)
    for (let cut: u32 = 1; cut < length; cut++) {
      const left = idOf(begin, cut)
      if (left === NONE) continue
      const right = idOf(begin + cut, length - cut)
      if (right === NONE) continue
      count++
      if (adds && !addPair(left, right, id)) return NONE
    }
  }
  return count
}

/** Makes pairs of merges: left, right and merged id of each, in 12 bytes. @returns false for no room */
export function addMerges (at: usize, count: u32): bool {
  clearPairs()
  for (let rank: u32 = 0; rank < count; rank++, at += 12) {
    if (!addPair(load<u32>(at), load<u32>(at, 4), rank)) return false
    store<u32>(settings.mergedAt + (<usize>rank << 2), load<u32>(at, 8))
  }
  fillBytes()
  return true
}
