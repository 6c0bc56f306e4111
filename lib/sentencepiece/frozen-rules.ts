import { inflateRawSync } from 'node:zlib'
import { RULE_DATA } from './rule-data.ts'

/** The tables that all normalization rules of SentencePiece 0.1.97 follow from: targets by sources. */
export interface FrozenRules {
  /** Of single characters with a rule of nfkc. */
  readonly characters: ReadonlyMap<string, string>
  /** Of two characters and more, all without a rule of their own, that nfkc composes. */
  readonly sequences: ReadonlyMap<string, string>
  /** The lower case of characters, one for one, that nfkc leaves as they are. */
  readonly folds: ReadonlyMap<string, string>
}

/**
 * Unpacks the tables. They are data, and not `String.prototype.normalize`, since that goes by the Unicode version of
 * Node's ICU, which isn't SentencePiece's and doesn't stay the same.
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

/** @param differences of each character from that at the same place in the last text that is as long */
function textsOf (lengths: readonly number[], differences: readonly number[]): string[] {
  const codes: number[] = []
  let at = 0
  return lengths.map(length => {
    for (let place = 0; place < length; place++) codes[place] = (codes[place] ?? 0) + differences[at++]!
    return String.fromCodePoint(...codes.slice(0, length))
  })
}
