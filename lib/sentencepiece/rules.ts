import { compileCharsmap } from './compile-charsmap.ts'
import { type FrozenRules, frozenRules } from './frozen-rules.ts'
import type { RuleName } from './rule-names.ts'

/** Characters that nmt_ replaces by spaces: white space, zero-width marks, U+2581 and U+FFFD. */
const SPACES = '\t\n\f\r\u1680\u200b\u200c\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd'

/** Ranges of characters that nmt_ drops. */
const DROPPED = [[0x01, 0x08], [0x0b, 0x0b], [0x0e, 0x1f], [0x7f, 0x7f], [0x8f, 0x8f], [0x9f, 0x9f]] as const

/** A full-width tilde, which nmt_ keeps, since it isn't the same as a tilde in Japanese. */
const FULL_WIDTH_TILDE = '\uff5e'

/**
 * The `precompiled_charsmap` of a rule; empty for `identity`. Readers of SentencePiece models normalize text with it
 * in the same way as with the table of SentencePiece 0.1.97, although its bytes differ. The first call takes 0.1 or
 * 0.2 seconds to build it.
 */
export function charsmapOf (name: RuleName): Uint8Array {
  let charsmap = built.get(name)
  if (charsmap === undefined) built.set(name, charsmap = build(name))
  return charsmap.slice()
}

const built = new Map<RuleName, Uint8Array>()

function build (name: RuleName): Uint8Array {
  if (name === 'identity') return new Uint8Array()
  const frozen = frozenRules()
  const rules = new Map([...frozen.characters, ...frozen.sequences])
  if (name.startsWith('nmt_')) changeForTranslation(rules)
  if (name.endsWith('_cf')) fold(rules, frozen.folds)
  return compileCharsmap(rules, variantsOf(frozen))
}

/**
 * For each character, the characters that a rule replaces by it (half-width letters, compatibility jamo). They may
 * also replace it in sequences. Composed characters have none, because sequences contain their parts instead.
 */
function variantsOf ({ characters, sequences }: FrozenRules): Map<string, string[]> {
  const composed = new Set(sequences.values())
  const variants = new Map<string, string[]>()
  for (const [variant, target] of characters) {
    if (composed.has(target) || Array.from(target).length > 1) continue
    const others = variants.get(target)
    if (others === undefined) variants.set(target, [variant])
    else others.push(variant)
  }
  return variants
}

/** Changes the rules of nfkc to those of nmt_nfkc (`Builder::BuildNmtNFKCMap` in src/builder.cc). */
function changeForTranslation (rules: Map<string, string>): void {
  for (const char of SPACES) rules.set(char, ' ')
  for (const [from, to] of DROPPED) {
    for (let code = from as number; code <= to; code++) rules.set(String.fromCodePoint(code), '')
  }
  rules.delete(FULL_WIDTH_TILDE)
}

/** Adds rules for upper-case characters, and lower-cases all targets (`Builder::MergeUnicodeCaseFoldMap`). */
function fold (rules: Map<string, string>, folds: ReadonlyMap<string, string>): void {
  for (const [source, target] of rules) rules.set(source, Array.from(target, char => folds.get(char) ?? char).join(''))
  for (const [char, lower] of folds) rules.set(char, lower)
}
