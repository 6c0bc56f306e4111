const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c]
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Counts the entries of an object inside valid JSON, with those whose key is there twice, of which `JSON.parse` keeps
 * the last one.
 *
 * @param path the keys that lead to the object
 * @returns undefined if it isn't found
 */
export function countEntries (json: Uint8Array, path: readonly string[]): number | undefined {
  const keys = path.map(key => Buffer.from(key))
  let depth = 0
  let matched = 0 // keys of the path that lead to the innermost object of it that we are in, which is at `matched + 1`
  let isKey = false
  let isNext = false // the value that follows is the next object of the path
  let count = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!
    if (byte === QUOTE) {
      const end = endOfString(json, at + 1)
      if (isKey) {
        if (matched === keys.length) count++
        else isNext = keys[matched]!.equals(json.subarray(at + 1, end))
      }
      isKey = false
      at = end
    } else if (byte === COMMA) {
      isKey = depth === matched + 1
      isNext = false
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      depth++
      if (isNext && byte === OPENING_BRACE) matched++
      isNext = false
      isKey = depth === matched + 1
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      if (depth === matched + 1) {
        if (matched === keys.length) return count
        matched--
      }
      depth--
    }
  }
  return undefined
}

function endOfString (json: Uint8Array, at: number): number {
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1
  return at
}
