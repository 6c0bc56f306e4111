/** A space in normalized text; it stands for U+2581 where spaces are escaped. */
export const SPACE: u32 = 0x20

/** Length of a character, by its first byte. */
// @ts-ignore: decorator
@inline
export function lengthOfChar (first: u32): u32 {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** Whether a text has U+2581 at a place; the two bytes after it may be read. */
// @ts-ignore: decorator
@inline
export function isU2581 (at: usize): bool {
  return (load<u32>(at) & 0xffffff) === 0x8196e2
}
