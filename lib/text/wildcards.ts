/**
 * Patterns with wildcards, matched in time that grows with the pattern's length times the text's, whatever they are.
 */

/** A range of code points, both ends included. */
type Range = readonly [first: number, last: number]

/** The characters that a step takes. */
export interface CharacterSet {
  readonly ranges: readonly Range[]
  /** Whether it takes all characters but these. */
  readonly isNegated: boolean
}

/** A part of a pattern: one character, any number of characters, or steps that may be left out together. */
export type Step =
  | { readonly kind: 'one' | 'many', readonly of: CharacterSet }
  | { readonly kind: 'optional', readonly steps: number }

/** Work that may be done: each step that is tried for a character takes one. */
export interface Budget {
  left: number
}

export const ANY_CHARACTER: CharacterSet = { ranges: [], isNegated: true }
export const NO_SLASH: CharacterSet = { ranges: [[0x2f, 0x2f]], isNegated: true }

/** A character that means itself. */
export function character (text: string): Step {
  const code = text.codePointAt(0)!
  return { kind: 'one', of: { ranges: [[code, code]], isNegated: false } }
}

/**
 * What takes a text if the steps do, one after the other, without going back: it keeps all steps at which the text may
 * be, as a nondeterministic automaton does.
 *
 * @returns a function that tells whether a text fits, and takes what it costs from the budget
 */
export function compileSteps (steps: readonly Step[]): (text: string, budget?: Budget) => boolean {
  const end = steps.length
  const sets = steps.map(step => step.kind === 'optional' ? ANY_CHARACTER : step.of)
  const literals = Int32Array.from(sets, ({ ranges, isNegated }) =>
    ranges.length === 1 && !isNegated && ranges[0]![0] === ranges[0]![1] ? ranges[0]![0] : -1)
  const reached = steps.map((_, at) => reachedFrom(steps, steps[at]!.kind === 'many' ? at : at + 1))
  const start = reachedFrom(steps, 0)
  const reachedAt = new Float64Array(end + 1)
  let place = 0 // counts up through all texts, so that reachedAt need not be cleared
  let [now, next] = [new Int32Array(end + 1), new Int32Array(end + 1)]
  return (text, budget) => {
    let count = start.length
    next.set(start)
    let isAtEnd = start.includes(end)
    let spent = 0
    for (let i = 0; i < text.length && count > 0; i++) {
      const code = text.codePointAt(i)!
      if (code > 0xffff) i++
      ;[now, next] = [next, now]
      const before = count
      spent += before
      count = 0
      place++
      for (let k = 0; k < before; k++) {
        const at = now[k]!
        if (at === end) continue
        const literal = literals[at]!
        if (literal === -1 ? !takes(sets[at]!, code) : literal !== code) continue
        const targets = reached[at]!
        for (let j = 0; j < targets.length; j++) {
          const target = targets[j]!
          if (reachedAt[target] === place) continue
          reachedAt[target] = place
          next[count++] = target
        }
      }
      isAtEnd = reachedAt[end] === place
    }
    if (budget !== undefined) budget.left -= spent
    return isAtEnd && count > 0
  }
}

/** Where a text may be that has come to a step: at what follows, too, where the step can be passed over. */
function reachedFrom (steps: readonly Step[], from: number): Int32Array {
  const reached = new Set<number>()
  const waiting = new Set([from])
  for (const at of waiting) { // and those that are added meanwhile
    const step = steps[at]
    if (step?.kind !== 'optional') reached.add(at)
    else waiting.add(at + 1 + step.steps)
    if (step !== undefined && step.kind !== 'one') waiting.add(at + 1)
  }
  return Int32Array.from(reached)
}

function takes ({ ranges, isNegated }: CharacterSet, code: number): boolean {
  for (let i = 0; i < ranges.length; i++) {
    const range = ranges[i]!
    if (code >= range[0] && code <= range[1]) return !isNegated
  }
  return isNegated
}

/**
 * Reads a set such as `[a-z_]` or `[!0-9]` as Python's `fnmatch` does: a `]` that comes first is part of it, and a
 * range whose end comes before its start holds nothing.
 *
 * @param at where the bracket opens
 * @param negations the characters that, behind the bracket, say that all others are meant
 * @returns the set, and where it ends; undefined where it isn't closed
 */
export function readSet (
  pattern: string,
  at: number,
  negations = '!'
): { readonly set: CharacterSet, readonly end: number } | undefined {
  const isNegated = at + 1 < pattern.length && negations.includes(pattern[at + 1]!)
  const start = at + (isNegated ? 2 : 1)
  const end = pattern.indexOf(']', start + 1)
  if (end === -1) return undefined
  const codes = Array.from(pattern.slice(start, end), text => text.codePointAt(0)!)
  const ranges: Range[] = []
  for (let i = 0; i < codes.length; i++) {
    const isRange = codes[i + 1] === 0x2d && i + 2 < codes.length
    ranges.push([codes[i]!, isRange ? codes[i + 2]! : codes[i]!])
    if (isRange) i += 2
  }
  return { set: { ranges: ranges.filter(([first, last]) => first <= last), isNegated }, end: end + 1 }
}
