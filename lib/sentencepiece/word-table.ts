import type { IdBuffer } from './id-buffer.ts'

/** Longest word that is kept, in bytes. */
export const MAX_WORD_BYTES = 128

/** Most pieces, or ids, of a word that is kept. */
const MAX_WORD_IDS = 2 ** 12 - 1

// What the first cell of an entry holds, from its lowest bit: bytes of the word (8), pieces (12), ids (12).
const PIECES_SHIFT = 8
const IDS_SHIFT = 20

/** Cells of an entry before its word: sizes and limit. */
const HEADER = 2

/** Size at the beginning, and the least, in cells of 32 bits. */
const FIRST_SIZE = 2 ** 12

/** Cells of entries for each slot: an entry takes some ten, and three slots in four may be taken. */
const CELLS_A_SLOT = 4
const MAX_LOAD = 0.75

/** Bytes of memory for a cell: its own, and its share of a slot of two cells. */
const BYTES_A_CELL = 4 + 8 / CELLS_A_SLOT

/**
 * Words with their segmentations: a hash table with linear probing in two blocks of memory, which grow to a bound. When
 * they are full the table begins anew; words that are frequent are soon back.
 *
 * An entry is a row of cells: sizes, limit, the word's bytes, the pieces of its segmentation, and its ids where these
 * aren't the pieces.
 */
export class WordTable {
  readonly #maxSize: number
  #used = 1 // an entry at cell 0 would be none
  #count = 0
  #slots = new Int32Array() // of each: hash and entry, 0 for no entry
  #bytes = new Uint8Array()
  /** The cells of all entries. */
  cells = new Int32Array()
  #limits = new Float32Array()

  /** @param maxBytes that the table may take; it takes none if that is too little for a table */
  constructor (maxBytes: number) {
    const size = 2 ** Math.floor(Math.log2(Math.max(maxBytes, 1) / BYTES_A_CELL))
    this.#maxSize = size < FIRST_SIZE ? 0 : size
    this.#resize(Math.min(this.#maxSize, FIRST_SIZE))
  }

  /** Whether nothing is kept. */
  get isOff (): boolean {
    return this.#maxSize === 0
  }

  /** The entry of a word; 0 if there is none. @param hash any number that is the same for the same word */
  find (source: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let slot = firstSlot(hash, mask); ; slot = (slot + 2) & mask) {
      const entry = slots[slot + 1]!
      if (entry === 0 || (slots[slot] === hash && this.#isWord(entry, source, from, to))) return entry
    }
  }

  /** Where the pieces of an entry begin in `cells`. */
  piecesAt (entry: number): number {
    return entry + HEADER + cellsOf(this.cells[entry]! & 0xff)
  }

  pieceCount (entry: number): number {
    return (this.cells[entry]! >>> PIECES_SHIFT) & MAX_WORD_IDS
  }

  /** How many ids stand behind the pieces of an entry; 0 where they are the pieces. */
  idCount (entry: number): number {
    return this.cells[entry]! >>> IDS_SHIFT
  }

  /** How far from 0 the total of the text before the word may be for the entry to be right. */
  limit (entry: number): number {
    return this.#limits[entry + 1]!
  }

  /** Adds a word that isn't in the table. @param ids none where they are the pieces @returns its entry */
  add (source: Uint8Array, from: number, to: number, hash: number, limit: number, pieces: IdBuffer, ids: IdBuffer): number {
    const size = HEADER + cellsOf(to - from) + pieces.length + ids.length
    this.#makeRoom(size)
    const entry = this.#used
    this.#used += size
    this.#count++
    const { cells } = this
    cells[entry] = (to - from) | (pieces.length << PIECES_SHIFT) | (ids.length << IDS_SHIFT)
    this.#limits[entry + 1] = limit
    // Loops: for so little, `set` takes twice as long.
    let at = 4 * (entry + HEADER)
    for (let i = from; i < to; i++) this.#bytes[at++] = source[i]!
    at = this.piecesAt(entry)
    for (let i = 0; i < pieces.length; i++) cells[at++] = pieces.ids[i]!
    for (let i = 0; i < ids.length; i++) cells[at++] = ids.ids[i]!
    this.#fill(hash, entry)
    return entry
  }

  #isWord (entry: number, source: Uint8Array, from: number, to: number): boolean {
    if ((this.cells[entry]! & 0xff) !== to - from) return false
    const bytes = this.#bytes
    let at = 4 * (entry + HEADER)
    for (let i = from; i < to; i++) {
      if (bytes[at++] !== source[i]) return false
    }
    return true
  }

  #makeRoom (more: number): void {
    while (!this.#hasRoom(more) && this.cells.length < this.#maxSize) this.#resize(2 * this.cells.length)
    if (this.#hasRoom(more)) return
    this.#slots.fill(0)
    this.#used = 1
    this.#count = 0
  }

  #hasRoom (more: number): boolean {
    return this.#used + more <= this.cells.length && this.#count < MAX_LOAD * this.#slots.length / 2
  }

  #resize (size: number): void {
    const { cells } = this
    const slots = this.#slots
    this.cells = new Int32Array(size)
    this.cells.set(cells)
    this.#limits = new Float32Array(this.cells.buffer)
    this.#bytes = new Uint8Array(this.cells.buffer)
    this.#slots = new Int32Array(2 * size / CELLS_A_SLOT)
    for (let slot = 0; slot < slots.length; slot += 2) {
      if (slots[slot + 1] !== 0) this.#fill(slots[slot]!, slots[slot + 1]!)
    }
  }

  #fill (hash: number, entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    let slot = firstSlot(hash, mask)
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask
    slots[slot] = hash
    slots[slot + 1] = entry
  }
}

function firstSlot (hash: number, mask: number): number {
  return ((hash ^ (hash >>> 15)) << 1) & mask
}

function cellsOf (bytes: number): number {
  return (bytes + 3) >>> 2
}
