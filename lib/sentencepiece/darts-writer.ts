/**
 * A state of a trie whose keys share their endings: prefixes with the same continuations lead to the same state. So a
 * trie of a quarter of a million keys has only about ten thousand states.
 */
export interface State {
  /** The value of the key that ends here; -1 if none does. */
  readonly value: number
  /** Sorted by their bytes, of which none is 0. */
  readonly edges: readonly Edge[]
}

export type Edge = readonly [byte: number, to: State]

// Fields of a unit, lowest bit first: the byte that leads to it (8 bits), whether a key ends there (1), a flag for
// large offsets, which isn't used here (1), and the offset of its children (21). The highest bit marks a unit with a
// value.
const ENDS_KEY = 0x100
const OFFSET_SHIFT = 10
const IS_VALUE = 0x8000_0000
const MAX_UNITS = 2 ** 21

/** `base ^ byte` is in the same block as `base`, so that readers never read outside the array. */
const BLOCK = 256

/**
 * The units of a trie in the format of darts-clone (class DoubleArrayUnit of its darts.h in SentencePiece 0.1.97). The
 * base of a node is its index XOR its offset. The child of the node by a byte is at `base ^ byte`, and the value of its
 * key at `base`. A state is written once, even if several edges lead to it.
 *
 * @throws RangeError for more than about two million units
 */
export function dartsUnits (root: State): Uint32Array {
  const states = reachableFrom(root)
  const places = new Places()
  const bases = new Map<State, number>()
  // The largest states come first, because the many states with a single unit fill the gaps between them.
  const labels = states.map(state => [state, labelsOf(state)] as const).sort(([, a], [, b]) => b.length - a.length)
  for (const [state, bytes] of labels) bases.set(state, places.place(bytes))
  const units = places.freeUnits()
  units[0] = unitOf(0, 0, root, bases)
  for (const state of states) {
    const base = bases.get(state)!
    if (state.value >= 0) units[base] = (IS_VALUE | state.value) >>> 0
    for (const [byte, to] of state.edges) units[base ^ byte] = unitOf(base ^ byte, byte, to, bases)
  }
  return units
}

function unitOf (place: number, byte: number, state: State, bases: ReadonlyMap<State, number>): number {
  return ((place ^ bases.get(state)!) << OFFSET_SHIFT | (state.value >= 0 ? ENDS_KEY : 0) | byte) >>> 0
}

/** All states, without duplicates. */
function reachableFrom (root: State): State[] {
  const states = new Set([root])
  for (const { edges } of states) {
    for (const [, to] of edges) states.add(to)
  }
  return [...states]
}

/** The labels of a state's units: its bytes, and 0 for its value. */
function labelsOf ({ value, edges }: State): number[] {
  const bytes = edges.map(([byte]) => byte)
  return value >= 0 ? [0, ...bytes] : bytes
}

/** The units in use, in blocks that are added as needed. */
class Places {
  #size = BLOCK
  #taken = new Uint8Array(BLOCK)
  /**
   * Marks the bases in use. No two states have the same base, so that a state's units can't be reached from another
   * one.
   */
  #isBase = new Uint8Array(BLOCK)
  /** For each set of labels, a unit before which there is no place for them. */
  readonly #tried = new Map<string, number>()

  constructor () {
    this.#taken[0] = 1 // the root
    this.#isBase[0] = 1 // from here a NUL in a text would lead to the root
  }

  /** Reserves the units `base ^ label`. @returns the base */
  place (labels: readonly number[]): number {
    if (labels.length === 0) return 0 // only a root without keys
    const key = labels.join()
    let base = this.#find(labels, this.#tried.get(key) ?? 1)
    while (base === -1) {
      this.#addBlock()
      base = this.#find(labels, this.#size - BLOCK)
    }
    this.#tried.set(key, base ^ labels[0]!)
    this.#isBase[base] = 1
    for (const label of labels) this.#taken[base ^ label] = 1
    return base
  }

  /**
   * All units, filled as free ones. A free unit has the byte that leads to it from a base that no state has, so that it
   * is never reached. Each block with a free unit has such a base, since every base takes at least one unit of it.
   */
  freeUnits (): Uint32Array {
    const units = new Uint32Array(this.#size)
    for (let block = 0; block < this.#size; block += BLOCK) {
      const unused = this.#isBase.indexOf(0, block)
      for (let unit = block; unit < block + BLOCK; unit++) units[unit] = (unit ^ unused) & 0xff
    }
    return units
  }

  /** The first base from which the labels lead to free units; -1 if there is none. */
  #find (labels: readonly number[], from: number): number {
    const taken = this.#taken
    const count = labels.length
    const first = labels[0]!
    for (let unit = taken.indexOf(0, from); unit !== -1 && unit < this.#size; unit = taken.indexOf(0, unit + 1)) {
      const base = unit ^ first
      if (this.#isBase[base] === 1) continue
      let fitting = 1
      while (fitting < count && taken[base ^ labels[fitting]!] === 0) fitting++
      if (fitting === count) return base
    }
    return -1
  }

  #addBlock (): void {
    this.#size += BLOCK
    if (this.#size > MAX_UNITS) {
      throw new RangeError(`the keys need ${this.#size} units or more, expected at most ${MAX_UNITS}`)
    }
    if (this.#size <= this.#taken.length) return
    this.#taken = grown(this.#taken)
    this.#isBase = grown(this.#isBase)
  }
}

function grown (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length)
  larger.set(bytes)
  return larger
}
