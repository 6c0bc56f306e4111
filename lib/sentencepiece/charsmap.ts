import { isUtf8 } from 'node:buffer'
import { messageOf } from '../errors.ts'
import { type DoubleArray, ROOT, edgesOf, endsKey, isTooManyUnits, unitOf } from './double-array.ts'
import { lengthOfChar } from './utf8.ts'

/** A table for rewriting text: the longest key at a place is replaced. */
export interface Charsmap {
  /** The keys; the value of a key is the start of its replacement in `replacements`. */
  readonly trie: DoubleArray
  /** The replacements in UTF-8, each ended by a NUL. */
  readonly replacements: Uint8Array
  /** The ASCII characters that begin keys, and which bytes may follow them in a key. */
  readonly beginnings: ReadonlyMap<number, ReadonlySet<number>>
  /** The ASCII characters in keys after the first byte. */
  readonly insides: ReadonlySet<number>
}

/**
 * Reads the `precompiled_charsmap` of a model: the size of the trie in bytes (32 bits, little-endian), the trie in the
 * format of darts-clone, and the replacements (src/normalizer.cc of SentencePiece 0.1.97).
 *
 * The whole trie is checked here, so that nothing has to be checked while text is rewritten.
 *
 * @throws Error when the trie points outside itself, into a character or in a cycle
 */
export function readCharsmap (charsmap: Uint8Array): Charsmap {
  try {
    return read(charsmap)
  } catch (cause) {
    throw new Error(`its precompiled_charsmap is damaged: ${messageOf(cause)}`, { cause })
  }
}

function read (charsmap: Uint8Array): Charsmap {
  const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.byteLength)
  const trieBytes = charsmap.length < 4 ? 0 : view.getUint32(0, true)
  if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes >= charsmap.length) {
    throw new Error(`it has ${charsmap.length} bytes, of which ${trieBytes} are its trie`)
  }
  if (isTooManyUnits(trieBytes / 4)) throw new Error(`its trie has ${trieBytes / 4} units, too many for sluice`)
  const darts = new Uint32Array(trieBytes / 4)
  for (let i = 0; i < darts.length; i++) darts[i] = view.getUint32(4 + 4 * i, true)
  const replacements = charsmap.subarray(4 + trieBytes)
  if (!isUtf8(replacements)) throw new Error('its replacements are not UTF-8')
  if (replacements.at(-1) !== 0) throw new Error('its last replacement is cut off')
  const trie = converted(darts)
  return { trie, replacements, ...checked(trie, replacements) }
}

/**
 * Converts a trie of darts-clone (its class DoubleArrayUnit). The base of a unit's children is its offset XOR its
 * index. If a key ends at a node, the unit at its base is the value.
 */
function converted (darts: Uint32Array): DoubleArray {
  const size = Math.ceil(darts.length / 256) * 256
  const units = new Uint32Array(size)
  const values = new Int32Array(size).fill(-1)
  darts.forEach((unit, node) => {
    if (isValue(unit)) return
    const base = node ^ ((unit >>> 10) << ((unit & 0x200) >>> 6))
    if (base >= size) {
      units[node] = unitOf(0, unit & 0xff, false)
      values[node] = POINTS_OUTSIDE
    } else {
      const hasValue = (unit & 0x100) !== 0
      units[node] = unitOf(base, unit & 0xff, hasValue)
      if (hasValue) values[node] = isValue(darts[base] ?? 0) ? darts[base]! & 0x7fff_ffff : POINTS_OUTSIDE
    }
  })
  return { units, values }
}

/** The value of a node whose children or whose value are outside the trie. */
const POINTS_OUTSIDE = -2

function isValue (unit: number): boolean {
  return unit >>> 31 === 1
}

/** Checks all keys: each must end, and its value must be the start of a replacement. */
function checked (trie: DoubleArray, replacements: Uint8Array): Pick<Charsmap, 'beginnings' | 'insides'> {
  const beginnings = new Map<number, Set<number>>()
  const insides = new Set<number>()
  const eachChild = edgesOf(trie)
  const state = new Uint8Array(trie.units.length) // of each node: not visited, on the path, or done
  const missing = new Int8Array(trie.units.length) // of each node: bytes that are missing in its last character
  const path = [ROOT]
  let node = ROOT
  const meet = (label: number, child: number): void => {
    if (state[child] === 1) throw new Error('its trie goes in a circle')
    const lacking = (missing[node]! || lengthOfChar(label)) - 1
    if (state[child] === 0) path.push(child)
    else if (missing[child] !== lacking) {
      throw new Error(`some keys to unit ${child} of its trie end inside a character, and others don't`)
    }
    missing[child] = lacking
    if (node !== ROOT && label < 0x80) insides.add(label)
  }
  while (path.length > 0) {
    node = path.at(-1)!
    if (state[node] === 0) {
      state[node] = 1
      checkValue(trie, node, replacements)
      if (endsKey(trie, node) && missing[node] !== 0) {
        throw new Error(`the key at unit ${node} of its trie ends inside a character`)
      }
      eachChild(node, meet)
    } else {
      state[node] = 2
      path.pop()
    }
  }
  eachChild(ROOT, (label, child) => {
    if (label >= 0x80) return
    const following = new Set<number>()
    eachChild(child, next => { following.add(next) })
    beginnings.set(label, following)
  })
  return { beginnings, insides }
}

function checkValue (trie: DoubleArray, node: number, replacements: Uint8Array): void {
  const value = trie.values[node]!
  if (value === POINTS_OUTSIDE) throw new Error(`unit ${node} of its trie points outside the trie`)
  if (!endsKey(trie, node)) return
  if (value >= replacements.length) throw new Error(`it has a replacement at byte ${value} of ${replacements.length}`)
  if ((replacements[value]! & 0xc0) === 0x80) {
    throw new Error(`it has a replacement that begins inside a character, at byte ${value}`)
  }
}
