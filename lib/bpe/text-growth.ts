import { type Normalizer, normalized } from './normalizers.ts'

/** How many times as long a text may become. Marks of spaces, and full names for symbols, make far less. */
const MOST_GROWTH = 100

/**
 * Checks that no text becomes much longer: steps that each double it would take all of the memory.
 *
 * @throws Error if one does
 */
export function checkGrowth (steps: readonly Normalizer[]): void {
  const replaced = steps.flatMap(step => step.type === 'Replace' ? [step.from] : [])
  for (const text of ['a', ...replaced]) {
    let grown = text
    for (const step of steps) {
      grown = normalized(grown, [step])
      if (grown.length > MOST_GROWTH * text.length) {
        const shown = JSON.stringify(text.slice(0, 80))
        throw new Error(`its normalizer makes more than ${MOST_GROWTH} characters of each in ${shown}`)
      }
    }
  }
}
