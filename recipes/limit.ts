import { Stage } from '../lib/stage.ts'

/**
 * Passes the first `max` items on, then ends the flow by `stop`, which tells the source. What was on its way already
 * is dropped (`over_limit`).
 */
export function limit<Item> (max: number, stop: () => void): Stage<Item, Item> {
  let passed = 0
  return new Stage<Item, Item>({
    name: 'limit',
    take (item, push) {
      if (passed === max) return 'over_limit'
      passed++
      if (passed === max) stop()
      push(item)
      return undefined
    }
  })
}
