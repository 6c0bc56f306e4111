const [QUOTE, COMMA, BACKSLASH, WHITE_SPACE] = [0x22, 0x2c, 0x5c, 0x20]
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Keys that lead to what is counted. */
const MOST_KEYS = 2

/** Published files have some fifty members that are outermost, or in one that is. */
const MOST_MEMBERS = 1000

/** How many entries there are in JSON. */
export interface Entries {
  /** Of all lists and objects, but for one of each. */
  readonly all: number
  /** Of each path that was found. An entry whose key is there twice, of which `JSON.parse` keeps one, counts twice. */
  readonly at: ReadonlyMap<string, number>
}

/**
 * Counts entries before JSON is parsed, which takes ten times as long.
 *
 * @param paths the keys that lead to a list or an object, with a dot between two; none is inside another
 * @throws Error for JSON with many other keys
 */
export function countEntries (json: Uint8Array, paths: readonly string[]): Entries {
  const found = new Map<string, number>()
  const keys: string[] = [] // those that lead to where we are
  const areObjects: boolean[] = [] // by depth, as far as there are keys
  let [all, members, depth, count] = [0, 0, 0, 0]
  let path = ''
  let counted = -1 // the depth of the entries of the path; -1 outside
  let isKey = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!
    if (byte === QUOTE) {
      const end = endOfString(json, at + 1)
      if (isKey) {
        if (++members > MOST_MEMBERS) throw new Error(`it has more than ${MOST_MEMBERS} members`)
        keys[depth - 1] = JSON.parse(Buffer.from(json.subarray(at, end + 1)).toString()) as string
      }
      isKey = false
      at = end
    } else if (byte === COMMA) {
      all++
      if (depth === counted) count++
      isKey = areObjects[depth] === true
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      keys.length = Math.min(depth, MOST_KEYS)
      if (counted === -1 && depth <= MOST_KEYS && paths.includes(path = keys.join('.'))) {
        counted = depth + 1
        count = 0
      }
      depth++
      isKey = byte === OPENING_BRACE && depth <= MOST_KEYS
      if (depth <= MOST_KEYS) areObjects[depth] = isKey
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      if (depth === counted) {
        found.set(path, (found.get(path) ?? 0) + (isEmpty(json, at) ? 0 : count + 1))
        counted = -1
      }
      depth--
    }
  }
  return { all, at: found }
}

function endOfString (json: Uint8Array, at: number): number {
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1
  return at
}

/** Whether a list or an object that ends at a place has no entry. */
function isEmpty (json: Uint8Array, end: number): boolean {
  let at = end - 1
  while (json[at]! <= WHITE_SPACE) at--
  return json[at] === OPENING_BRACE || json[at] === OPENING_BRACKET
}
