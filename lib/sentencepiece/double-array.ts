/** A unit holds, from its lowest bit: the label of the edge to its node (8), whether it is in use (1), whether a key ends at its node (1), its node's base (22). */
export const LABEL_BITS = 0x1ff
export const IN_USE = 0x100
export const HAS_VALUE = 0x200
export const BASE_SHIFT = 10
const MAX_UNITS = 2 ** 22

/** Bases and children are placed in blocks of as many units as there are labels, so that `base ^ label` stays in a block. */
const BLOCK = 256

/** How many of the last blocks a place is looked for in: as darts-clone has it, which keeps building linear. */
const OPEN_BLOCKS = 16

/**
 * A trie over bytes in two arrays (Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure", 1989):
 * the child of a node by a byte is the unit at `base ^ byte`, if that unit bears this byte as its label.
 *
 * Loops that are to be fast walk `units` themselves: `step` says how. A NUL byte is never matched.
 */
export interface DoubleArray {
  readonly units: Uint32Array
  /** Of each node where a key ends: the key's value. */
  readonly values: Int32Array
}

export const ROOT = 0

/** The base of nodes without children: no unit has itself as its label, since no other node may have this base. */
const LEAF_BASE = 0

/** The unit of a node. @param base of its children; one that only ever stands in one block with them */
export function unitOf (base: number, label: number, hasValue: boolean): number {
  return ((base << BASE_SHIFT) | (hasValue ? HAS_VALUE : 0) | (label === 0 ? 0 : IN_USE) | label) >>> 0
}

/** How many units a trie may have. */
export function isTooManyUnits (units: number): boolean {
  return units > MAX_UNITS
}

/** The node behind another by a byte; -1 where there is none. */
export function step ({ units }: DoubleArray, node: number, byte: number): number {
  const next = (units[node]! >>> BASE_SHIFT) ^ byte
  return (units[next]! & LABEL_BITS) === (byte | IN_USE) ? next : -1
}

/** Whether a key ends at a node. */
export function endsKey ({ units }: DoubleArray, node: number): boolean {
  return (units[node]! & HAS_VALUE) !== 0
}

/** For a walk through all of a trie: gives the children of a node with their labels. */
export function edgesOf ({ units }: DoubleArray): (node: number) => ReadonlyArray<readonly [label: number, child: number]> {
  // A unit in use can only be a child of the nodes with this one base.
  const baseOf = (unit: number): number => unit ^ (units[unit]! & 0xff)
  const starts = new Uint32Array(units.length + 1)
  for (let unit = 0; unit < units.length; unit++) {
    if ((units[unit]! & IN_USE) !== 0) starts[baseOf(unit) + 1]!++
  }
  for (let base = 0; base < units.length; base++) starts[base + 1]! += starts[base]!
  const filled = starts.slice()
  const children = new Uint32Array(starts.at(-1)!)
  for (let unit = 0; unit < units.length; unit++) {
    if ((units[unit]! & IN_USE) !== 0) children[filled[baseOf(unit)]!++] = unit
  }
  return node => {
    const base = units[node]! >>> BASE_SHIFT
    return Array.from(children.subarray(starts[base], starts[base + 1]), child => [units[child]! & 0xff, child] as const)
  }
}

/**
 * Builds a trie of keys.
 *
 * @param keys not empty, without a NUL, no two the same
 * @param values of the keys, at least 0
 * @throws RangeError for more than some four million bytes of keys that differ
 */
export function buildDoubleArray (keys: readonly Uint8Array[], values: readonly number[]): DoubleArray {
  const tree = new Tree(keys, values)
  checkSize(tree.size)
  const places = new Places()
  const place = new Int32Array(tree.size) // of each node of the tree: its unit
  const base = new Int32Array(tree.size).fill(LEAF_BASE)
  const waiting = [0]
  const labels: number[] = []
  while (waiting.length > 0) {
    const node = waiting.pop()!
    labels.length = 0
    for (let child = tree.firstChild[node]!; child !== 0; child = tree.nextSibling[child]!) labels.push(tree.label[child]!)
    if (labels.length === 0) continue
    base[node] = places.take(labels)
    for (let child = tree.firstChild[node]!; child !== 0; child = tree.nextSibling[child]!) {
      place[child] = base[node] ^ tree.label[child]!
      waiting.push(child)
    }
  }
  checkSize(places.size)
  const trie = { units: new Uint32Array(places.size), values: new Int32Array(places.size).fill(-1) }
  for (let node = 0; node < tree.size; node++) {
    trie.units[place[node]!] = unitOf(base[node]!, tree.label[node]!, tree.value[node]! >= 0)
    trie.values[place[node]!] = tree.value[node]!
  }
  return trie
}

function checkSize (units: number): void {
  if (isTooManyUnits(units)) throw new RangeError(`the keys need ${units} units or more, expected at most ${MAX_UNITS}`)
}

/** The keys as a tree of nodes with their first child and next sibling, 0 for none. */
class Tree {
  readonly firstChild: Int32Array
  readonly nextSibling: Int32Array
  readonly label: Uint8Array
  readonly value: Int32Array
  size = 1

  constructor (keys: readonly Uint8Array[], values: readonly number[]) {
    const most = keys.reduce((sum, key) => sum + key.length, 1)
    this.firstChild = new Int32Array(most)
    this.nextSibling = new Int32Array(most)
    this.label = new Uint8Array(most)
    this.value = new Int32Array(most).fill(-1)
    keys.forEach((key, i) => {
      let node = 0
      for (const byte of key) node = this.#child(node, byte)
      this.value[node] = values[i]!
    })
  }

  #child (node: number, byte: number): number {
    for (let child = this.firstChild[node]!; child !== 0; child = this.nextSibling[child]!) {
      if (this.label[child] === byte) return child
    }
    const child = this.size++
    this.label[child] = byte
    this.nextSibling[child] = this.firstChild[node]!
    this.firstChild[node] = child
    return child
  }
}

/** Which units are free, in blocks that are added as they are needed. */
class Places {
  size = 0
  #next = new Int32Array(BLOCK) // of each free unit: the next one; -1 after the last
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

  /** Takes the places of the children of a node; their base. */
  take (labels: readonly number[]): number {
    let base = this.#find(labels)
    while (base === -1) {
      this.#addBlock()
      base = this.#find(labels)
    }
    this.#isBase[base] = 1
    for (const label of labels) this.#take(base ^ label)
    return base
  }

  #find (labels: readonly number[]): number {
    const [isFree, isBase, next] = [this.#isFree, this.#isBase, this.#next]
    for (let unit = this.#first; unit !== -1; unit = next[unit]!) {
      const base = unit ^ labels[0]!
      if (isBase[base] === 1) continue
      let fitting = 1
      while (fitting < labels.length && isFree[base ^ labels[fitting]!] === 1) fitting++
      if (fitting === labels.length) return base
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
    const closed = this.size - OPEN_BLOCKS * BLOCK
    for (let unit = Math.max(closed, 0); unit < closed + BLOCK; unit++) {
      if (this.#isFree[unit] === 1) this.#take(unit)
    }
    const size = this.size + BLOCK
    if (size > this.#next.length) {
      this.#next = grown(this.#next, new Int32Array(2 * size))
      this.#previous = grown(this.#previous, new Int32Array(2 * size))
      this.#isFree = grown(this.#isFree, new Uint8Array(2 * size))
      this.#isBase = grown(this.#isBase, new Uint8Array(2 * size))
    }
    for (let unit = this.size; unit < size; unit++) {
      this.#isFree[unit] = 1
      this.#previous[unit] = this.#last
      this.#next[unit] = -1
      if (this.#last === -1) this.#first = unit
      else this.#next[this.#last] = unit
      this.#last = unit
    }
    this.size = size
  }
}

function grown<T extends Int32Array | Uint8Array> (from: T, to: T): T {
  to.set(from)
  return to
}
