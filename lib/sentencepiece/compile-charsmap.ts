import { type Edge, type State, dartsUnits } from './darts-writer.ts'

/**
 * A reader of SentencePiece 0.1.97 has room for 32 keys that begin one another (`kMaxTrieResultsSize`), and uses fewer.
 */
const MAX_NESTED = 31

/** Where some sources of rules have led, character by character. */
interface Node {
  /** Where in the replacements that of the source that ends here begins; -1 where none ends. */
  value: number
  readonly next: Map<string, Node>
}

/** Characters that may stand for a character. */
export type Variants = ReadonlyMap<string, readonly string[]>

/**
 * The `precompiled_charsmap` for rules, by which the longest source at a place of a text becomes its target: the size
 * of the trie of the sources in bytes (32 bits, little-endian), the trie as darts-clone has it, and the targets, each
 * ended by a NUL (`Builder::CompileCharsMap` in src/builder.cc of SentencePiece 0.1.97). It is empty if there are no
 * rules.
 *
 * @param rules targets by sources
 * @param variants of a character, others that may stand for it in sources of two characters and more; such a rule holds
 *   for all combinations, which come to far more than `rules` then has. A variant stands for one character
 * @throws RangeError for an empty source; for a NUL or half a surrogate pair; for more than 31 sources that begin one
 *   another; for a variant with something behind it in a source; for more than some two million units
 */
export function compileCharsmap (rules: ReadonlyMap<string, string>, variants: Variants = new Map()): Uint8Array {
  if (rules.size === 0) return new Uint8Array()
  const targets = [...new Set(rules.values())].sort()
  const starts = new Map<string, number>()
  let length = 0
  for (const target of targets) {
    checkText(target, 'target')
    starts.set(target, length)
    length += Buffer.byteLength(target) + 1
  }
  const root: Node = { value: -1, next: new Map() }
  for (const [source, target] of rules) addSource(root, source, starts.get(target)!)
  const units = dartsUnits(new States(variants).rootOf(root))
  const charsmap = Buffer.alloc(4 + 4 * units.length + length)
  charsmap.writeUInt32LE(4 * units.length)
  units.forEach((unit, i) => charsmap.writeUInt32LE(unit, 4 + 4 * i))
  charsmap.write(targets.map(target => target + '\0').join(''), 4 + 4 * units.length)
  return new Uint8Array(charsmap.buffer, charsmap.byteOffset, charsmap.length)
}

function addSource (root: Node, source: string, value: number): void {
  checkText(source, 'source')
  if (source === '') throw new RangeError('the source of a rule is empty')
  let node = root
  for (const char of source) {
    let next = node.next.get(char)
    if (next === undefined) node.next.set(char, next = { value: -1, next: new Map() })
    node = next
  }
  node.value = value
}

function checkText (text: string, what: string): void {
  if (text.isWellFormed() && !text.includes('\0')) return
  throw new RangeError(`the ${what} of a rule is ${JSON.stringify(text)}, expected a text of Unicode without NUL`)
}

/** The bytes of a character, and the state that it leads to. */
type Way = readonly [bytes: Uint8Array, to: State]

/** Makes states of nodes: those that go on alike become one. */
class States {
  readonly #variants: Variants
  readonly #states = new Map<string, State>()
  readonly #numbers = new Map<State, number>()
  readonly #nested = new Map<State, number>()

  constructor (variants: Variants) {
    this.#variants = variants
  }

  rootOf (root: Node): State {
    return this.#state(-1, this.#edges(root, true))
  }

  /** The edges behind a node, for its characters and their variants. */
  #edges (node: Node, isRoot: boolean): readonly Edge[] {
    const following = new Map<string, Pick<State, 'value' | 'edges'>>()
    for (const [char, to] of node.next) following.set(char, { value: to.value, edges: this.#edges(to, false) })
    for (const [char, { value, edges }] of [...following]) {
      if (isRoot && edges.length === 0) continue
      for (const variant of this.#variants.get(char) ?? []) {
        const own = following.get(variant)
        if (own !== undefined && own.edges.length > 0) {
          throw new RangeError(`${JSON.stringify(variant)} stands for ${JSON.stringify(char)}, ` +
            'and has something else behind it in the source of a rule')
        }
        following.set(variant, { value: own?.value ?? (isRoot ? -1 : value), edges })
      }
    }
    const ways = [...following].map(([char, { value, edges }]): Way => [Buffer.from(char), this.#state(value, edges)])
    return this.#byByte(ways, 0)
  }

  /** Edges by the bytes at a depth of the ways' first characters, which are no beginnings of one another. */
  #byByte (ways: readonly Way[], depth: number): Edge[] {
    const groups = new Map<number, Way[]>()
    for (const way of ways) {
      const byte = way[0][depth]!
      const group = groups.get(byte)
      if (group === undefined) groups.set(byte, [way])
      else group.push(way)
    }
    return [...groups].sort(([a], [b]) => a - b).map(([byte, group]) => {
      const [[bytes, to]] = group as [Way]
      return [byte, bytes.length === depth + 1 ? to : this.#state(-1, this.#byByte(group, depth + 1))]
    })
  }

  #state (value: number, edges: readonly Edge[]): State {
    const key = `${value} ${edges.map(([byte, to]) => `${byte} ${this.#numbers.get(to)!}`).join(' ')}`
    return this.#states.get(key) ?? this.#newState(key, value, edges)
  }

  #newState (key: string, value: number, edges: readonly Edge[]): State {
    const state = { value, edges }
    const nested = edges.reduce((most, [, to]) => Math.max(most, this.#nested.get(to)!), 0) + (value >= 0 ? 1 : 0)
    if (nested > MAX_NESTED) {
      throw new RangeError(`${nested} sources of rules begin one another, expected at most ${MAX_NESTED}`)
    }
    this.#states.set(key, state)
    this.#numbers.set(state, this.#numbers.size)
    this.#nested.set(state, nested)
    return state
  }
}
