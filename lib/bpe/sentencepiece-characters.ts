/** Code points in a block. */
const BLOCK = 128
const CODE_POINTS = 0x11_0000

/** No token. */
const NONE = 0xffff_ffff

/** The tokens of code points in two steps: the block of each 128 of them, and the blocks. */
export interface CharacterTable {
  readonly blockOf: Uint16Array
  readonly blocks: Uint32Array
}

/** Where in a list each character is that is in the list by itself. */
export function characterTable (tokens: readonly string[]): CharacterTable {
  const blockOf = new Uint16Array(CODE_POINTS / BLOCK) // the first block has no tokens
  const places = new Map<number, number>()
  let count = 1
  for (const [place, token] of tokens.entries()) {
    const point = token.codePointAt(0)!
    if (token.length !== String.fromCodePoint(point).length) continue
    places.set(point, place)
    const block = Math.floor(point / BLOCK)
    if (blockOf[block] === 0) blockOf[block] = count++
  }
  const blocks = new Uint32Array(BLOCK * count).fill(NONE)
  for (const [point, place] of places) blocks[BLOCK * blockOf[Math.floor(point / BLOCK)]! + point % BLOCK] = place
  return { blockOf, blocks }
}
