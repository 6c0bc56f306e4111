import { SluiceError } from '../../lib/errors.ts'
import { Stage } from '../../lib/stage/stage.ts'
import type { Expectation } from '../manifest/schema.ts'
import type { AnyStage } from '../stages.ts'
import { percent } from '../../lib/text/numbers.ts'
import { droppedBy } from './counts.ts'

/** A share that is more than this many times larger or smaller than expected is an error. */
const FACTOR = 5

/** The counts of a filter, or of several in a row. */
export interface Passed {
  readonly name: string
  readonly in: number
  readonly out: number
  readonly dropped: Readonly<Record<string, number>>
}

/**
 * Checks what a filter has kept.
 *
 * @throws SluiceError `ERR_EXPECTED` when it has dropped everything, or when the share that it kept or dropped is
 *   more than 5 times larger or smaller than expected
 */
export function checkKept ({ name, in: taken, out, dropped }: Passed, expected?: Expectation): void {
  if (taken === 0) return
  const reasons = Object.entries(dropped).map(([reason, n]) => `${reason}: ${n}`).join(', ')
  if (out === 0 && expected?.kept !== 0) {
    const all = taken === 1 ? 'the only document' : `all ${taken} documents`
    const advice = 'are its options right for this text? If this is intended, set expect: { kept: 0 } (--expect-kept 0)'
    throw new SluiceError('ERR_EXPECTED', `${name} dropped ${all} that it received (${reasons}); ${advice}`)
  }
  if (expected === undefined) return
  const kept = out / taken
  if (isFarFrom(kept, expected.kept) || isFarFrom((taken - out) / taken, 1 - expected.kept)) {
    const found = `${percent(kept)} of ${taken} documents (${reasons === '' ? 'none dropped' : reasons})`
    const advice = `what it keeps or drops is off by more than ${FACTOR} times; check its options and the data, or ` +
      'correct expect'
    throw new SluiceError('ERR_EXPECTED', `${name} kept ${found}, expected ${percent(expected.kept)}: ${advice}`)
  }
}

/**
 * Passes documents on. At the end it checks what the stages before it have kept.
 *
 * @param each of each stage
 * @param whole of all stages together
 */
export function expecting<Item> (
  stages: readonly AnyStage[], each: ReadonlyArray<Expectation | undefined>, whole: Expectation | null
): Stage<Item, Item> {
  return new Stage<Item, Item>({
    name: 'expect',
    take (item, push) {
      push(item)
      return undefined
    },
    finish () {
      for (const [index, { stageName, stats }] of stages.entries()) {
        if (each[index] === undefined && whole?.kept === 0 && stats.out === 0) continue // as expected
        checkKept({ ...stats, name: stageName }, each[index])
      }
      const [first, last] = [stages[0], stages.at(-1)]
      if (first === undefined || last === undefined || whole === null) return
      checkKept({ name: 'all filters', in: first.stats.in, out: last.stats.out, dropped: droppedBy(stages) }, whole)
    }
  })
}

function isFarFrom (share: number, expected: number): boolean {
  const rounding = 1e-9 // exactly 5 times is still allowed: 0.05 is not quite 1 - 0.95
  return share > FACTOR * expected + rounding || share < expected / FACTOR - rounding
}
