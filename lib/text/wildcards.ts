/** Patterns with wildcards. Matching takes at most the length of the pattern times the length of the text. */

/** A range of code points, both ends included. */
type Range = readonly [first: number, last: number]

/** The characters that a step matches. */
export interface CharacterSet {
  readonly ranges: readonly Range[]
  /** Whether it matches all characters except these. */
  readonly isNegated: boolean
}

/**
 * A part of a pattern: one character, any number of characters, or a group of the following steps that may be skipped.
 */
export type Step =
  | { readonly kind: 'one' | 'many', readonly of: CharacterSet }
  | { readonly kind: 'optional', readonly steps: number }

/** A limit of the work. Each step that is tried for a character costs 1. */
export interface Budget {
  left: number
}

export const ANY_CHARACTER: CharacterSet = { ranges: [], isNegated: true }
export const NO_SLASH: CharacterSet = { ranges: [[0x2f, 0x2f]], isNegated: true }

/** A step that matches one given character. */
export function character (text: string): Step {
  const code = text.codePointAt(0)!
  return { kind: 'one', of: { ranges: [[code, code]], isNegated: false } }
}

/**
 * Compiles steps to a function that tests texts. It doesn't backtrack: like a nondeterministic automaton, it keeps the
 * set of all steps that may be next.
 *
 * @returns whether a text matches; the cost is taken from the budget
 */
export function compileSteps (steps: readonly Step[]): (text: string, budget?: Budget) => boolean {
  const end = steps.length
  const sets = steps.map(step => step.kind === 'optional' ? ANY_CHARACTER : step.of)
  const literals = Int32Array.from(sets, ({ ranges, isNegated }) =>
    ranges.length === 1 && !isNegated && ranges[0]![0] === ranges[0]![1] ? ranges[0]![0] : -1)
  const reached = steps.map((_, at) => reachedFrom(steps, steps[at]!.kind === 'many' ? at : at + 1))
  const start = reachedFrom(steps, 0)
  const reachedAt = new Float64Array(end + 1)
  let place = 0 // increases through all texts, so that reachedAt need not be cleared
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

/** The steps that may be next once a step is reached: the step itself, and those after it if it can be skipped. */
function reachedFrom (steps: readonly Step[], from: number): Int32Array {
  const reached = new Set<number>()
  const waiting = new Set([from])
  for (const at of waiting) { // including those added meanwhile
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
 * Reads a set such as `[a-z_]` or `[!0-9]` as Python's `fnmatch` does: a `]` at the start is part of the set, and a
 * range whose end is before its start is empty.
 *
 * @param at index of the opening bracket
 * @param negations characters that negate the set, after the bracket
 * @returns the set, and the index of its end; undefined if it isn't closed
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
