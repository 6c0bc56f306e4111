import { Stage } from '../../lib/stage/stage.ts'

/**
 * Passes the first `max` items on, then calls `stop`, which ends the source. Later items are dropped (`over_limit`).
 */
export function limit<Item> (max: number, stop: () => void): Stage<Item, Item> {
  const stage: Stage<Item, Item> = new Stage<Item, Item>({
    name: 'limit',
    take (item, push) {
      const { out } = stage.stats
      if (out === max) return 'over_limit'
      push(item)
      if (out + 1 === max) stop()
      return undefined
    }
  })
  return stage
}
