/** Normalizes text as lib/sentencepiece/normalizer.ts does. */
import { BEGINS, INSIDE, MARK, REWRITTEN, flagsAt } from './characters'
import { foundReplacement, longestMapped } from './charsmap'
import { longestKey } from './double-array'
import { keepReplaced, replaced, replacementLength, replacementOf } from './replacements'
import { settings } from './settings'
import { SPACE, isU2581, lengthOfChar } from './utf8'

/** There is no room for the normalized text. */
export const NO_ROOM: u32 = 0xffff_ffff

/** Bytes that may be written after the normalized text. */
export const NORMALIZED_SLACK: u32 = 16

let afterSpace: bool = false // whether spaces are dropped until another character
let markFound: bool = false

// What `find` found: from one place to another of the text, or of the replacements.
let foundFrom: usize = 0
let foundTo: usize = 0

/** Whether the text normalized last has U+2581, which is a space at the end of a text, but not before a word. */
export function hasMark (): bool {
  return markFound
}

/** Normalizes a whole text. @returns bytes of it; `NO_ROOM` */
export function normalizeText (at: usize, to: usize): u32 {
  const begin = settings.dropsSpaces !== 0 ? skipSpaces(at, to) : at
  if (begin === to) return 0
  const isSuffix = settings.spaceIsSuffix !== 0
  const length = normalizeWord(begin, to, settings.addsSpace !== 0 && !isSuffix)
  if (length === NO_ROOM || settings.addsSpace === 0 || !isSuffix) return length
  store<u8>(settings.normalizedAt + length, <u8>SPACE)
  return length + 1
}

/** Normalizes a word. @param spaced whether a space is before it @returns as `normalizeText` */
export function normalizeWord (at: usize, to: usize, spaced: bool): u32 {
  const begin = settings.normalizedAt
  const full = begin + settings.normalizedRoom
  let out = begin
  markFound = false
  if (spaced) store<u8>(out++, <u8>SPACE)
  afterSpace = settings.dropsSpaces !== 0
  if (out + (to - at) > full) return NO_ROOM
  const hasSymbols = settings.symbolsAt !== 0
  for (let flags = flagsAt(at); at < to;) {
    const byte: u32 = load<u8>(at)
    const next = at + lengthOfChar(byte)
    const nextFlags = flagsAt(next) // at the end of the text, of anything: then `find` decides
    const isPlain = (flags & (REWRITTEN | MARK)) === 0 && ((flags & BEGINS) === 0 || (nextFlags & INSIDE) === 0)
    if (isPlain && byte !== SPACE) {
      store<u32>(out, load<u32>(at))
      out += next - at
      at = next
      flags = nextFlags
      afterSpace = false
      continue
    }
    const isAlone = (flags & (REWRITTEN | MARK | BEGINS)) === REWRITTEN && byte >= 0x80 && !hasSymbols
    const known = isAlone ? replaced(at, next - at) : 0
    if (known !== 0 && out + 4 + (to - next) <= full) {
      store<u32>(out, replacementOf(known))
      out += replacementLength(known)
      at = next
      flags = nextFlags
      afterSpace = false
      continue
    }
    const char = at
    at = find(at, to)
    if (out + (foundTo - foundFrom) + (to - at) > full) return NO_ROOM
    if (isAlone) keepReplaced(char, next - char, foundFrom, foundTo)
    out = put(out)
    flags = flagsAt(at)
  }
  if (settings.dropsSpaces !== 0) while (out > begin && load<u8>(out - 1) === SPACE) out--
  return <u32>(out - begin)
}

/** Where a text begins after spaces, and after what becomes a space. */
function skipSpaces (at: usize, to: usize): usize {
  while (at < to) {
    const next = find(at, to)
    if (foundTo !== foundFrom + 1 || load<u8>(foundFrom) !== SPACE) break
    at = next
  }
  return at
}

/** Finds what text at a place becomes: a symbol there, else the longest key, else one character. @returns its end */
function find (at: usize, to: usize): usize {
  foundFrom = at
  if (settings.symbolsAt !== 0) {
    foundTo = longestKey(settings.symbolsAt, at, to)
    if (foundTo > at) return foundTo
  }
  const end = settings.charsmapAt === 0 ? at : longestMapped(settings.charsmapAt, at, to)
  if (end === at) {
    foundTo = min(at + lengthOfChar(load<u8>(at)), to)
    return foundTo
  }
  foundFrom = settings.replacementsAt + foundReplacement()
  foundTo = foundFrom
  while (load<u8>(foundTo) !== 0) foundTo++
  return end
}

/** Writes what was found. @returns where it ends */
function put (out: usize): usize {
  let at = foundFrom
  if (afterSpace) while (at < foundTo && load<u8>(at) === SPACE) at++
  if (at === foundTo) return out
  const escapes = settings.escapesSpaces !== 0
  afterSpace = settings.dropsSpaces !== 0 && load<u8>(foundTo - 1) === SPACE
  while (at < foundTo) {
    if (escapes && isU2581(at)) {
      markFound = true
      store<u8>(out++, <u8>SPACE)
      at += 3
    } else {
      store<u8>(out++, load<u8>(at++))
    }
  }
  return out
}
