import { inflateRawSync } from 'node:zlib'
import { RULE_DATA } from './rule-data.ts'

/** The tables for all normalization rules of SentencePiece 0.1.97: targets by sources. */
export interface FrozenRules {
  /** Single characters with a rule in nfkc. */
  readonly characters: ReadonlyMap<string, string>
  /** Sequences of characters that have no rules themselves, but that nfkc composes. */
  readonly sequences: ReadonlyMap<string, string>
  /** The lower case of single characters that nfkc doesn't change. */
  readonly folds: ReadonlyMap<string, string>
}

/**
 * Unpacks the tables. `String.prototype.normalize` can't replace them: it uses the Unicode version of Node's ICU, which
 * isn't that of SentencePiece and changes.
 */
export function frozenRules (): FrozenRules {
  const lines = inflateRawSync(Buffer.from(RULE_DATA, 'base64')).toString('latin1').split('\n')
    .map(line => line.split(' ').map(Number))
  const [characters, sequences, folds] = [0, 4, 8].map(at => {
    const targets = textsOf(lines[at + 2]!, lines[at + 3]!)
    return new Map(textsOf(lines[at]!, lines[at + 1]!).map((source, i) => [source, targets[i]!]))
  }) as [Map<string, string>, Map<string, string>, Map<string, string>]
  return { characters, sequences, folds }
}

/** @param differences for each character, the difference from the previous character at the same index of a text */
function textsOf (lengths: readonly number[], differences: readonly number[]): string[] {
  const codes: number[] = []
  let at = 0
  return lengths.map(length => {
    for (let place = 0; place < length; place++) codes[place] = (codes[place] ?? 0) + differences[at++]!
    return String.fromCodePoint(...codes.slice(0, length))
  })
}
