/**
 * A unit has these fields, lowest bit first: the label of the edge to its node (8 bits), whether it is in use (1),
 * whether a key ends at its node (1), and its node's base (22).
 */
export const LABEL_BITS = 0x1ff
export const IN_USE = 0x100
export const HAS_VALUE = 0x200
export const BASE_SHIFT = 10
const MAX_UNITS = 2 ** 22

/** Bases and children are placed in blocks with one unit per label, so that `base ^ label` stays within a block. */
const BLOCK = 256

/**
 * Only this many of the last blocks are searched for free units, as in darts-clone. This keeps the time to build a
 * trie linear.
 */
const OPEN_BLOCKS = 16

/**
 * A trie over bytes in two arrays (Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure",
 * 1989). The child of a node for a byte is the unit at `base ^ byte`, if the label of that unit is this byte.
 *
 * Fast loops walk through `units` themselves, in the same way as `step`. A NUL byte never matches.
 */
export interface DoubleArray {
  readonly units: Uint32Array
  /** The values of keys, by the node where the key ends. */
  readonly values: Int32Array
}

export const ROOT = 0

/** The base of nodes without children. No unit is its own label, since no other node may have this base. */
const LEAF_BASE = 0

/** Encodes the unit of a node. @param base of its children; it must be in the same block as they are */
export function unitOf (base: number, label: number, hasValue: boolean): number {
  return ((base << BASE_SHIFT) | (hasValue ? HAS_VALUE : 0) | (label === 0 ? 0 : IN_USE) | label) >>> 0
}

/** Whether a trie would have too many units. */
export function isTooManyUnits (units: number): boolean {
  return units > MAX_UNITS
}

/** The child of a node for a byte; -1 if there is none. */
export function step ({ units }: DoubleArray, node: number, byte: number): number {
  const next = (units[node]! >>> BASE_SHIFT) ^ byte
  return (units[next]! & LABEL_BITS) === (byte | IN_USE) ? next : -1
}

/** Whether a key ends at a node. */
export function endsKey ({ units }: DoubleArray, node: number): boolean {
  return (units[node]! & HAS_VALUE) !== 0
}

/** Creates a function that lists the children of a node with their labels, to walk through a whole trie. */
export function edgesOf ({ units }: DoubleArray): (node: number, see: (label: number, child: number) => void) => void {
  // Each base belongs to a single node, so a unit in use is a child of that node.
  const starts = new Uint32Array(units.length + 1)
  for (let unit = 0; unit < units.length; unit++) {
    if ((units[unit]! & IN_USE) !== 0) starts[(unit ^ (units[unit]! & 0xff)) + 1]!++
  }
  for (let base = 0; base < units.length; base++) starts[base + 1]! += starts[base]!
  const filled = starts.slice()
  const children = new Uint32Array(starts.at(-1)!)
  for (let unit = 0; unit < units.length; unit++) {
    if ((units[unit]! & IN_USE) !== 0) children[filled[unit ^ (units[unit]! & 0xff)]!++] = unit
  }
  return (node, see) => {
    const base = units[node]! >>> BASE_SHIFT
    for (let i = starts[base]!; i < starts[base + 1]!; i++) see(units[children[i]!]! & 0xff, children[i]!)
  }
}

/** Consecutive keys with a common prefix, which leads to one node. */
interface Group {
  readonly node: number
  /** The length of the prefix in bytes. */
  readonly depth: number
  readonly from: number
  readonly to: number
}

/**
 * Builds a trie.
 *
 * @param keys with their values, at least 0; a key has one character per byte (`byteString`), is not empty, and has no
 *   NUL
 * @throws RangeError for more than about four million bytes of different keys
 */
export function buildDoubleArray (keys: ReadonlyMap<string, number>): DoubleArray {
  const sorted = [...keys.keys()].sort()
  const units = new Units()
  const waiting: Group[] = [{ node: ROOT, depth: 0, from: 0, to: sorted.length }]
  const labels = new Uint8Array(256)
  const starts = new Int32Array(257) // for each label, the first key that has it after the prefix
  for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
    const { node, depth, to } = group
    let { from } = group
    if (from < to && sorted[from]!.length === depth) units.setValue(node, keys.get(sorted[from++]!)!)
    let count = 0
    for (let key = from; key < to; key++) {
      const label = sorted[key]!.charCodeAt(depth)
      if (count > 0 && labels[count - 1] === label) continue
      labels[count] = label
      starts[count++] = key
    }
    if (count === 0) continue
    starts[count] = to
    const base = units.placeChildren(node, labels, count)
    for (let i = 0; i < count; i++) {
      const node = base ^ labels[i]!
      const from = starts[i]!
      const to = starts[i + 1]!
      if (to - from > 1) waiting.push({ node, depth: depth + 1, from, to })
      else addTail(units, node, sorted[from]!, depth + 1, keys.get(sorted[from]!)!)
    }
  }
  return units.trie()
}

/** Adds the rest of a key that it shares with no other key. These are half of all nodes, and need no groups. */
function addTail (units: Units, node: number, key: string, depth: number, value: number): void {
  let last = node
  for (let at = depth; at < key.length; at++) {
    tailLabel[0] = key.charCodeAt(at)
    last = units.placeChildren(last, tailLabel, 1) ^ tailLabel[0]
  }
  units.setValue(last, value)
}

const tailLabel = new Uint8Array(1)

/** The units of a trie that is being built, in blocks that are added as needed. */
class Units {
  #size = 0
  #units = new Uint32Array(BLOCK)
  #values = new Int32Array(BLOCK)
  #next = new Int32Array(BLOCK) // for each free unit, the next one; -1 after the last
  #previous = new Int32Array(BLOCK)
  #isFree = new Uint8Array(BLOCK)
  #isBase = new Uint8Array(BLOCK)
  #first = -1
  #last = -1

  constructor () {
    this.#addBlock()
    this.#take(ROOT)
    this.#isBase[LEAF_BASE] = 1
  }

  setValue (node: number, value: number): void {
    this.#units[node]! |= HAS_VALUE
    this.#values[node] = value
  }

  /** Finds places for the children of a node. @returns their base */
  placeChildren (node: number, labels: Uint8Array, count: number): number {
    let base = this.#find(labels, count)
    while (base === -1) {
      this.#addBlock()
      base = this.#find(labels, count)
    }
    this.#isBase[base] = 1
    this.#units[node]! |= base << BASE_SHIFT
    for (let i = 0; i < count; i++) {
      const child = base ^ labels[i]!
      this.#take(child)
      this.#units[child] = unitOf(LEAF_BASE, labels[i]!, false)
    }
    return base
  }

  trie (): DoubleArray {
    return { units: this.#units.slice(0, this.#size), values: this.#values.slice(0, this.#size) }
  }

  #find (labels: Uint8Array, count: number): number {
    const isFree = this.#isFree
    const isBase = this.#isBase
    const next = this.#next
    for (let unit = this.#first; unit !== -1; unit = next[unit]!) {
      const base = unit ^ labels[0]!
      if (isBase[base] === 1) continue
      let fitting = 1
      while (fitting < count && isFree[base ^ labels[fitting]!] === 1) fitting++
      if (fitting === count) return base
    }
    return -1
  }

  #take (unit: number): void {
    const previous = this.#previous[unit]!
    const next = this.#next[unit]!
    if (previous === -1) this.#first = next
    else this.#next[previous] = next
    if (next === -1) this.#last = previous
    else this.#previous[next] = previous
    this.#isFree[unit] = 0
  }

  #addBlock (): void {
    const closed = this.#size - OPEN_BLOCKS * BLOCK
    for (let unit = Math.max(closed, 0); unit < closed + BLOCK; unit++) {
      if (this.#isFree[unit] === 1) this.#take(unit)
    }
    const size = this.#size + BLOCK
    if (isTooManyUnits(size)) throw new RangeError(`the keys need ${size} units or more, expected at most ${MAX_UNITS}`)
    if (size > this.#next.length) {
      this.#units = grown(this.#units, new Uint32Array(2 * size))
      this.#values = grown(this.#values, new Int32Array(2 * size).fill(-1))
      this.#next = grown(this.#next, new Int32Array(2 * size))
      this.#previous = grown(this.#previous, new Int32Array(2 * size))
      this.#isFree = grown(this.#isFree, new Uint8Array(2 * size))
      this.#isBase = grown(this.#isBase, new Uint8Array(2 * size))
    }
    for (let unit = this.#size; unit < size; unit++) {
      this.#isFree[unit] = 1
      this.#previous[unit] = this.#last
      this.#next[unit] = -1
      if (this.#last === -1) this.#first = unit
      else this.#next[this.#last] = unit
      this.#last = unit
    }
    this.#size = size
  }
}

function grown<T extends Int32Array | Uint32Array | Uint8Array> (from: T, to: T): T {
  to.set(from)
  return to
}
