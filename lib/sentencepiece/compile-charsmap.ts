import { type Edge, type State, dartsUnits } from './darts-writer.ts'

/** SentencePiece 0.1.97 finds fewer than 32 keys at a place (`kMaxTrieResultsSize`), each a prefix of the next. */
const MAX_NESTED = 31

/** A node in the trie of sources, whose edges are characters. */
interface Node {
  /** Start of the replacement of the source that ends here; -1 if none ends here. */
  value: number
  readonly next: Map<string, Node>
}

/** For a character, others that may be in its place. */
export type Variants = ReadonlyMap<string, readonly string[]>

/**
 * Compiles rules to a `precompiled_charsmap`, by which the longest source at a place of a text is replaced by its
 * target. It has the size of the trie of the sources in bytes (32 bits, little-endian), the trie in the format of
 * darts-clone, and the targets, each ended by a NUL (`Builder::CompileCharsMap` in src/builder.cc of SentencePiece
 * 0.1.97). It is empty if there are no rules.
 *
 * @param rules targets by sources
 * @param variants characters that may replace a character in sources of at least two characters; such a rule holds for
 *   all combinations, which are far more than `rules` has. A variant stands for one character
 * @throws RangeError for an empty source, a NUL or half a surrogate pair; for more than 31 sources that are prefixes of
 *   one another; for a variant that something follows in a source; for more than about two million units
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
  throw new RangeError(`the ${what} of a rule is ${JSON.stringify(text)}, expected well-formed Unicode without NUL`)
}

/** The bytes of a character, and the state that it leads to. */
type Transition = readonly [bytes: Uint8Array, to: State]

/** Converts nodes to states; nodes with the same continuations become one state. */
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

  /** The edges of a node, for its characters and their variants. */
  #edges (node: Node, isRoot: boolean): readonly Edge[] {
    const following = new Map<string, Pick<State, 'value' | 'edges'>>()
    for (const [char, to] of node.next) following.set(char, { value: to.value, edges: this.#edges(to, false) })
    for (const [char, { value, edges }] of [...following]) {
      if (isRoot && edges.length === 0) continue
      for (const variant of this.#variants.get(char) ?? []) {
        const own = following.get(variant)
        if (own !== undefined && own.edges.length > 0) {
          throw new RangeError(`${JSON.stringify(variant)} stands for ${JSON.stringify(char)}, ` +
            'but something else follows it in the source of a rule')
        }
        following.set(variant, { value: own?.value ?? (isRoot ? -1 : value), edges })
      }
    }
    const transitions = [...following].map(([char, { value, edges }]): Transition =>
      [Buffer.from(char), this.#state(value, edges)])
    return this.#byByte(transitions, 0)
  }

  /** The edges for the bytes at a depth of characters, of which none is a prefix of another. */
  #byByte (transitions: readonly Transition[], depth: number): Edge[] {
    const groups = new Map<number, Transition[]>()
    for (const transition of transitions) {
      const byte = transition[0][depth]!
      const group = groups.get(byte)
      if (group === undefined) groups.set(byte, [transition])
      else group.push(transition)
    }
    return [...groups].sort(([a], [b]) => a - b).map(([byte, group]) => {
      const [[bytes, to]] = group as [Transition]
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
      throw new RangeError(`${nested} sources of rules are prefixes of one another, expected at most ${MAX_NESTED}`)
    }
    this.#states.set(key, state)
    this.#numbers.set(state, this.#numbers.size)
    this.#nested.set(state, nested)
    return state
  }
}
