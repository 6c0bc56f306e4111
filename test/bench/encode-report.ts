import { table } from '../../lib/text/table.ts'
import { type Bound, type EncodeFigures, type Race, isFastEnough, isWithin } from './encode.ts'
import { type Times, jsonOfTimes } from './measure.ts'

/** The result as text. */
export function reportEncode ({ races, bounds, notes }: EncodeFigures): string {
  const sides = table([
    ['encode, one thread, CPU time', 'MB', 'table', 'sluice MB/s', 'compared with', 'its MB/s', 'ratio', 'wanted', ''],
    ...races.map(raceCells)
  ])
  const limits = table([['encode', 'unit', 'is', 'allowed', ''], ...bounds.map(boundCells)])
  return [sides, '', limits, ...notes].join('\n')
}

function raceCells (race: Race): string[] {
  const { text, bytes, table, ours, other, theirs, ratio, wanted } = race
  const speed = ({ best }: Times): string => (bytes / 1e6 / best).toFixed(1)
  const verdict = wanted === null ? '' : isFastEnough(race) ? 'reached' : 'too slow'
  const size = (bytes / 1e6).toFixed(1)
  return [text, size, table, speed(ours), other, speed(theirs), ratio.toFixed(2), String(wanted ?? ''), verdict]
}

function boundCells (bound: Bound): string[] {
  const { what, unit, value, allowed } = bound
  const isShare = unit === 'times'
  const verdict = isWithin(bound) ? 'reached' : 'too much'
  return [what, unit, value.toFixed(isShare ? 2 : 1), allowed.toFixed(isShare ? 1 : 0), verdict]
}

/** The result as JSON. */
export function jsonOfEncode ({ races, bounds, notes }: EncodeFigures): object {
  return {
    mb_of: 'text',
    races: races.map(({ text, table, other, bytes, ours, theirs, ratio, wanted }) => ({
      text,
      table,
      beside: other,
      bytes,
      ours: jsonOfTimes(bytes, ours),
      theirs: jsonOfTimes(bytes, theirs),
      ratio,
      wanted_ratio: wanted
    })),
    bounds,
    notes
  }
}
