/**
 * Normalizes the white space of a text, as `normalizeText` of transforms/normalize.ts does. Characters are bytes, in
 * texts of ASCII, or UTF-16. There are no settings: lib/text/white-space.ts lays out the memory.
 */

/**
 * Writes a text with one space for each run of white space, and none at its beginning and end. The 32 bytes after the
 * text must be spaces. Up to 16 bytes after the result are written to.
 *
 * @returns where the result ends
 */
export function normalizeAscii (begin: usize, end: usize, result: usize): usize {
  return normalize<u8>(begin, end, result)
}

/** As `normalizeAscii`, for any text in UTF-16. */
export function normalizeUtf16 (begin: usize, end: usize, result: usize): usize {
  return normalize<u16>(begin, end, result)
}

// @ts-ignore: decorator
@inline
function normalize<T> (begin: usize, end: usize, result: usize): usize {
  let at = afterWhiteSpace<T>(begin, end)
  let out = result
  while (at < end) {
    const characters = v128.load(at)
    const blank = whiteSpaceIn<T>(characters)
    // Alone, white space of any kind becomes a space here. What is left are runs of several characters.
    v128.store(out, v128.bitselect(v128.splat<T>(<T>0x20), characters, blank))
    const white = <u32>v128.bitmask<T>(blank)
    const runs = white & (white >> 1)
    if (runs === 0) { // the last character may begin a run
      at += 16 - sizeof<T>()
      out += 16 - sizeof<T>()
      continue
    }
    const count = ctz(runs)
    const length = ctz(~(white >> count))
    at = afterWhiteSpace<T>(at + sizeof<T>() * <usize>(count + length), end)
    out += sizeof<T>() * <usize>count
    if (at < end) {
      store<T>(out, <T>0x20)
      out += sizeof<T>()
    }
  }
  return out
}

/** Where white space ends that may begin at a place: before `end`, or there. */
// @ts-ignore: decorator
@inline
function afterWhiteSpace<T> (at: usize, end: usize): usize {
  while (at < end && (v128.bitmask<T>(whiteSpaceIn<T>(v128.splat<T>(load<T>(at)))) & 1) !== 0) at += sizeof<T>()
  return at
}

/** Which of the characters are white space: those of `WHITE_SPACE` of lib/text/characters.ts. */
// @ts-ignore: decorator
@inline
function whiteSpaceIn<T> (characters: v128): v128 {
  const ascii = v128.or(isIn<T>(characters, 0x09, 0x0d), isIn<T>(characters, 0x1c, 0x20))
  if (sizeof<T>() === 1) return ascii
  const latin = v128.or(ascii, v128.or(is<T>(characters, 0x85), is<T>(characters, 0xa0)))
  const lines = v128.or(isIn<T>(characters, 0x2028, 0x2029), is<T>(characters, 0x202f))
  const spaces = v128.or(isIn<T>(characters, 0x2000, 0x200a), is<T>(characters, 0x205f))
  const others = v128.or(is<T>(characters, 0x1680), is<T>(characters, 0x3000))
  return v128.or(v128.or(latin, lines), v128.or(spaces, others))
}

// @ts-ignore: decorator
@inline
function is<T> (characters: v128, character: u32): v128 {
  return v128.eq<T>(characters, v128.splat<T>(<T>character))
}

// @ts-ignore: decorator
@inline
function isIn<T> (characters: v128, first: u32, last: u32): v128 {
  return v128.le<T>(v128.sub<T>(characters, v128.splat<T>(<T>first)), v128.splat<T>(<T>(last - first)))
}
