import { collectGraphemes } from 'unicode-segmenter/grapheme'
import type { Charsmap } from '../sentencepiece/charsmap.ts'
import { ROOT, endsKey, step } from '../sentencepiece/double-array.ts'

/** Longer clusters, in bytes of UTF-8, are rewritten a character at a time. */
const LONGEST_CLUSTER = 5

/** Text whose clusters may be longer than a character: what isn't ASCII, with the characters next to it. */
const CLUSTERED = /[ -~]?(?:[^ -~]+[ -~]?)+/g

/** What characters and clusters become; `null` for what has no key. */
type Known = Map<string, string | null>

const known = new WeakMap<Charsmap, Known>()
const MOST_KNOWN = 50_000

/**
 * A text after the normalizer `Precompiled` of tokenizers 0.23 (the crate spm_precompiled). It isn't what SentencePiece
 * does with the same table: the text is cut into grapheme clusters. The shortest key that a cluster of up to five bytes
 * begins with replaces the whole cluster; other clusters are rewritten a character at a time.
 */
export function rewritten (text: string, charsmap: Charsmap): string {
  const found: Known = known.get(charsmap) ?? new Map<string, string | null>()
  known.set(charsmap, found)
  const rewrite = (clusters: string): string => {
    let all = ''
    for (const cluster of collectGraphemes(clusters)) all += rewrittenCluster(cluster, charsmap, found)
    return all
  }
  const changesAscii = [...charsmap.beginnings.keys()].some(byte => byte >= 0x20 && byte < 0x7f)
  return changesAscii ? rewrite(text) : text.replace(CLUSTERED, rewrite)
}

function rewrittenCluster (cluster: string, charsmap: Charsmap, parts: Known): string {
  let found = parts.get(cluster)
  if (found === undefined) {
    found = replacementOf(cluster, charsmap)
    if (parts.size === MOST_KNOWN) parts.clear()
    if (cluster.length <= LONGEST_CLUSTER) parts.set(cluster, found)
  }
  if (found !== null) return found
  if (cluster.length === 1) return cluster
  let all = ''
  for (const character of cluster) all += replacementOf(character, charsmap) ?? character
  return all
}

/** What a character or a short cluster becomes; null if it begins with no key. */
function replacementOf (text: string, { trie, replacements }: Charsmap): string | null {
  if (text.length > LONGEST_CLUSTER) return null
  const bytes = Buffer.from(text)
  if (bytes.length > LONGEST_CLUSTER) return null
  let node = ROOT
  for (const byte of bytes) {
    node = byte === 0 ? -1 : step(trie, node, byte)
    if (node === -1) return null
    if (!endsKey(trie, node)) continue
    const start = trie.values[node]!
    return Buffer.from(replacements.subarray(start, replacements.indexOf(0, start))).toString()
  }
  return null
}
