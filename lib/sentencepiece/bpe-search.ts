import type { BpePieces } from './bpe-pieces.ts'
import { PairHeap } from './pair-heap.ts'

/** A part of a text that can be merged with its neighbours. */
interface Symbol {
  /** Empty once it was merged with what is before it. */
  text: string
  /** The symbol before it; -1 for the first. */
  previous: number
  /** The symbol after it; -1 for the last. */
  next: number
  /** Whether it is a user-defined piece, which is never merged. */
  readonly isFixed: boolean
}

/**
 * The symbols that a normalized text is merged to: always the pair that makes the piece with the highest score, of
 * equal ones the leftmost (`Model::SampleEncode` in src/bpe_model.cc of SentencePiece). Symbols that equal no piece are
 * single characters.
 */
export function mergedSymbols (text: string, pieces: BpePieces): string[] {
  const symbols = splitIntoSymbols(text, pieces)
  const splits = new Map<string, readonly [left: string, right: string]>() // of unused pieces, as found last
  const heap = new PairHeap()
  const note = (left: number, right: number): void => {
    const [first, second] = [symbols[left], symbols[right]]
    if (first === undefined || second === undefined || first.isFixed || second.isFixed) return
    const merged = first.text + second.text
    const piece = pieces.mergeable(merged)
    if (piece === undefined) return
    heap.push({ left, right, score: piece.score, length: merged.length })
    if (piece.type === 'unused') splits.set(merged, [first.text, second.text])
  }
  for (let right = 1; right < symbols.length; right++) note(right - 1, right)
  for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
    const [left, right] = [symbols[pair.left]!, symbols[pair.right]!]
    if (left.text === '' || right.text === '' || left.text.length + right.text.length !== pair.length) continue
    left.text += right.text
    left.next = right.next
    right.text = ''
    if (right.next >= 0) symbols[right.next]!.previous = pair.left
    note(left.previous, pair.left)
    note(pair.left, left.next)
  }
  return symbols.filter(symbol => symbol.text !== '').flatMap(symbol => usedParts(symbol.text, splits))
}

function splitIntoSymbols (text: string, pieces: BpePieces): Symbol[] {
  const symbols: Symbol[] = []
  for (let at = 0; at < text.length;) {
    const fixed = pieces.symbolAt(text, at)
    const symbol = fixed ?? String.fromCodePoint(text.codePointAt(at)!)
    at += symbol.length
    const place = symbols.length
    const next = at < text.length ? place + 1 : -1
    symbols.push({ text: symbol, previous: place - 1, next, isFixed: fixed !== undefined })
  }
  return symbols
}

/** An unused piece is split again into what it was merged of. */
function usedParts (symbol: string, splits: ReadonlyMap<string, readonly [string, string]>): string[] {
  const split = splits.get(symbol)
  return split === undefined ? [symbol] : split.flatMap(part => usedParts(part, splits))
}
