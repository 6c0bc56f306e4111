export const FACTOR_1: u64 = 0x9E3779B97F4A7C15
export const FACTOR_2: u64 = 0xC2B2AE3D27D4EB4F
export const FACTOR_3: u64 = 0x165667B19E3779F9
export const FACTOR_4: u64 = 0x27D4EB2F165667C5

/** A hash of bytes whose top bits are good. */
export function hashOf (at: usize, length: u32): u64 {
  let hash: u64 = length
  let left = length
  for (; left >= 8; left -= 8, at += 8) hash = mixed(hash, load<u64>(at))
  if (left > 0) hash = mixed(hash, load<u64>(at) & (((<u64>1) << (left << 3)) - 1))
  return hash * FACTOR_3
}

// @ts-ignore: decorator
@inline
function mixed (hash: u64, bytes: u64): u64 {
  hash = (hash ^ bytes) * FACTOR_1
  return hash ^ (hash >> 29)
}
