import type { IdBuffer } from './id-buffer.ts'

/** Default size of the memory for words: about 700,000 words. */
export const DEFAULT_TABLE_BYTES = 48 * 2 ** 20

/** Longest word that is kept, in bytes. */
export const MAX_WORD_BYTES = 128

/** Maximum number of pieces, or of ids, of a word that is kept. */
const MAX_WORD_IDS = 2 ** 12 - 1

// The first cell of an entry has, from its lowest bit: bytes of the word (8 bits), pieces (12), ids (12).
const PIECES_SHIFT = 8
const IDS_SHIFT = 20

/** Cells of an entry before its word: sizes and limit. */
const HEADER = 2

/** The minimum size of a table, in cells of 32 bits. */
const MIN_SIZE = 2 ** 12

/**
 * Cells of entries for each slot. An entry takes about ten cells, and three of four slots may be taken. With more
 * slots, fewer of them would be in the processor's cache.
 */
const CELLS_A_SLOT = 8
const MAX_LOAD = 0.75

/**
 * The maximum number of slots that are searched for a word. A word that finds no place in them, for example among words
 * that were chosen to have the same hash, is not stored.
 */
const MAX_PROBES = 64

/** Bytes of memory for a cell, including its share of a slot. */
const BYTES_A_CELL = 4 + 4 / CELLS_A_SLOT

/** Maximum number of cells of a table. It leaves 6 bits of a slot for a part of the hash. */
const MAX_SIZE = 2 ** 26

// Indexes of the first cells of the memory.
/** Twice the number of times that the table was emptied, plus one while it is being emptied. */
const TURN = 0
/** 1 while a thread adds to the table. */
const LOCK = 1
/** Cells of entries that are taken. */
const USED = 2
/** Number of entries. */
const COUNT = 3
const CONTROL_BYTES = 64

/** How often a thread tries to get the lock to add a word, before it gives up. */
const TRIES = 1000

/**
 * Memory for a table, which threads can share.
 *
 * @param maxBytes its maximum size; if that is too little for a table, no words are kept
 */
export function wordMemory (maxBytes: number): SharedArrayBuffer {
  const size = Math.min(2 ** Math.floor(Math.log2(Math.max(maxBytes, 1) / BYTES_A_CELL)), MAX_SIZE)
  return new SharedArrayBuffer(CONTROL_BYTES + (size < MIN_SIZE ? 0 : BYTES_A_CELL * size))
}

/**
 * Words with their segmentations: a hash table with linear probing in memory of a fixed size. When the table is full,
 * it is emptied; frequent words soon come back.
 *
 * An entry is a row of cells: sizes, limit, the bytes of the word, the pieces of its segmentation, and its ids if they
 * aren't the pieces.
 *
 * Threads may share the memory. One thread at a time adds words, and it writes the slot last; threads that look words
 * up don't wait. What they have read is valid if the table wasn't emptied meanwhile: see `enter`.
 */
export class WordTable {
  readonly #control: Int32Array
  /** For each entry: its index in the lower bits, and the upper bits of its hash; 0 for none. */
  readonly #slots: Int32Array
  readonly #entryMask: number
  readonly #bytes: Uint8Array
  readonly #limits: Float32Array
  #turn = 0
  /** The cells of all entries. */
  readonly cells: Int32Array

  /** @param memory as `wordMemory` returns it */
  constructor (memory: SharedArrayBuffer) {
    const size = (memory.byteLength - CONTROL_BYTES) / BYTES_A_CELL
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4)
    this.#slots = new Int32Array(memory, CONTROL_BYTES, size / CELLS_A_SLOT)
    this.#entryMask = size - 1
    this.cells = new Int32Array(memory, CONTROL_BYTES + this.#slots.byteLength, size)
    this.#limits = new Float32Array(memory, this.cells.byteOffset, size)
    this.#bytes = new Uint8Array(memory, this.cells.byteOffset, 4 * size)
  }

  /** Whether no words are kept. */
  get isOff (): boolean {
    return this.cells.length === 0
  }

  /**
   * Begins to look words up. The entries that are found are valid if `isAsEntered` is true afterwards; otherwise they
   * may be those of other words.
   *
   * @returns false while the table is being emptied
   */
  enter (): boolean {
    this.#turn = Atomics.load(this.#control, TURN)
    return this.#turn % 2 === 0
  }

  /** Whether no other thread has emptied the table since `enter`. */
  isAsEntered (): boolean {
    // Not `load`, since earlier reads must not be moved after it.
    return Atomics.add(this.#control, TURN, 0) === this.#turn
  }

  /** The entry of a word; 0 if there is none. @param hash any number that is the same for the same word */
  find (source: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots
    const entryMask = this.#entryMask
    const mask = slots.length - 1
    let slot = firstSlot(hash, mask)
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const found = Atomics.load(slots, slot)
      if (found === 0) return 0
      const entry = found & entryMask
      const isSameHash = ((found ^ hash) & ~entryMask) === 0
      if (isSameHash && this.#isWord(entry, source, from, to)) return entry
      slot = (slot + 1) & mask
    }
    return 0
  }

  /** Index of the first piece of an entry in `cells`. */
  piecesAt (entry: number): number {
    return entry + HEADER + cellsOf(this.cells[entry]! & 0xff)
  }

  pieceCount (entry: number): number {
    return (this.cells[entry]! >>> PIECES_SHIFT) & MAX_WORD_IDS
  }

  /** Number of ids after the pieces of an entry; 0 if they are the pieces. */
  idCount (entry: number): number {
    return this.cells[entry]! >>> IDS_SHIFT
  }

  /** The entry is valid if the total of the text before the word is at most this far from 0. */
  limit (entry: number): number {
    return this.#limits[entry + 1]!
  }

  /**
   * Adds a word that isn't found in the table.
   *
   * @param ids empty if they are the pieces
   * @returns its entry; 0 if the word has too many ids, or other threads held the lock for too long
   */
  add (
    source: Uint8Array, from: number, to: number, hash: number, limit: number, pieces: IdBuffer, ids: IdBuffer
  ): number {
    const control = this.#control
    const size = HEADER + cellsOf(to - from) + pieces.length + ids.length
    if (Math.max(pieces.length, ids.length) > MAX_WORD_IDS || size >= this.cells.length) return 0
    for (let tries = 0; Atomics.compareExchange(control, LOCK, 0, 1) !== 0; tries++) {
      if (tries === TRIES) return 0
    }
    if (1 + control[USED]! + size > this.cells.length || control[COUNT]! >= MAX_LOAD * this.#slots.length) this.#empty()
    const entry = 1 + control[USED]! // 0 stands for no entry
    control[USED] = entry - 1 + size
    control[COUNT] = control[COUNT]! + 1
    const { cells } = this
    cells[entry] = (to - from) | (pieces.length << PIECES_SHIFT) | (ids.length << IDS_SHIFT)
    this.#limits[entry + 1] = limit
    // Loops, because `set` takes twice as long for so few cells.
    let at = 4 * (entry + HEADER)
    for (let i = from; i < to; i++) this.#bytes[at++] = source[i]!
    at = this.piecesAt(entry)
    for (let i = 0; i < pieces.length; i++) cells[at++] = pieces.ids[i]!
    for (let i = 0; i < ids.length; i++) cells[at++] = ids.ids[i]!
    this.#fill(hash, entry)
    Atomics.store(control, LOCK, 0)
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

  #empty (): void {
    const control = this.#control
    const turn = Atomics.add(control, TURN, 1)
    this.#slots.fill(0)
    control[USED] = 0
    control[COUNT] = 0
    Atomics.add(control, TURN, 1)
    if (turn === this.#turn) this.#turn = turn + 2
  }

  #fill (hash: number, entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = firstSlot(hash, mask)
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      if (slots[slot] === 0) {
        Atomics.store(slots, slot, (hash & ~this.#entryMask) | entry)
        return
      }
      slot = (slot + 1) & mask
    }
  }
}

function firstSlot (hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask
}

function cellsOf (bytes: number): number {
  return (bytes + 3) >>> 2
}
