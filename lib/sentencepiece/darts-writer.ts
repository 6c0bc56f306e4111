/**
 * Where some keys of a trie have led: what ends here, and what goes on by which byte. Ways that go on alike lead to one
 * and the same state, so that a trie of a quarter of a million keys has some ten thousand of them.
 */
export interface State {
  /** The value of the key that ends here; -1 where none does. */
  readonly value: number
  /** By their bytes, of which none is 0. */
  readonly edges: readonly Edge[]
}

export type Edge = readonly [byte: number, to: State]

// A unit holds, from its lowest bit: the byte that leads to it (8), whether a key ends there (1), a bit for offsets
// that don't occur here, the offset of its children (21). A unit with the highest bit holds a value.
const ENDS_KEY = 0x100
const OFFSET_SHIFT = 10
const IS_VALUE = 0x8000_0000
const MAX_UNITS = 2 ** 21

/** `base ^ byte` stays in a block, so that readers never look outside of the array. */
const BLOCK = 256

/**
 * The units of a trie as darts-clone reads them (class DoubleArrayUnit of its darts.h, as of SentencePiece 0.1.97): the
 * child of a node by a byte is at `base ^ byte`, the value of a node's key at `base`, where base is the node's own
 * place XOR its offset. States that several edges lead to are there once.
 *
 * @throws RangeError for more than some two million units
 */
export function dartsUnits (root: State): Uint32Array {
  const states = statesBehind(root)
  const places = new Places()
  const bases = new Map<State, number>()
  // Larger ones first: what is left free between them is filled with the many of one unit.
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

/** All states, each once. */
function statesBehind (root: State): State[] {
  const states = new Set([root])
  for (const { edges } of states) {
    for (const [, to] of edges) states.add(to)
  }
  return [...states]
}

/** The bytes of a state's units: that of a value is 0. */
function labelsOf ({ value, edges }: State): number[] {
  const bytes = edges.map(([byte]) => byte)
  return value >= 0 ? [0, ...bytes] : bytes
}

/** Which units are taken, in blocks that are added as they are needed. */
class Places {
  #size = BLOCK
  #taken = new Uint8Array(BLOCK)
  /** A base is one state's, so that no unit is found from another. */
  #isBase = new Uint8Array(BLOCK)
  /** Of labels: before which unit there is no place for them any more. */
  readonly #tried = new Map<string, number>()

  constructor () {
    this.#taken[0] = 1 // the root
    this.#isBase[0] = 1 // from here a NUL in a text would lead to the root
  }

  /** Takes the units `base ^ label`. @returns the base */
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
   * All units as if they were free: each bears the byte that leads to it from a base that no state has, so that no text
   * leads to it. There is one in each block with a free unit: every base of a block has a unit of its own in it.
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
