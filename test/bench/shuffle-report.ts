import { table } from '../../lib/text/table.ts'
import { isUniform } from '../shuffle-statistics.ts'
import { CHECK_HEADER, checkRows } from './checks.ts'
import { type ShuffleFigures, nameOf } from './shuffle.ts'
import type { Timed } from './timed.ts'

/** The result as text. */
export function reportShuffle ({ sizes, checks, notes }: ShuffleFigures): string {
  if (sizes.length === 0) return notes.join('\n')
  const cells = ({ seconds, cpuSeconds, peakBytes }: Timed): string[] =>
    [seconds.toFixed(1), cpuSeconds.toFixed(2), (peakBytes / 1e6).toFixed(0)]
  const rows = sizes.flatMap(size => [
    [nameOf(size), (size.bytes / 1e6).toFixed(0), `shuffle, ${size.memory / 1e6} MB`, ...cells(size.shuffled)],
    ['', '', `GNU sort, ${size.memory / 1e6} MB`, ...cells(size.sorted)],
    ['', '', 'cp', ...cells(size.copied)]
  ])
  const statistics = sizes.flatMap(size => size.statistics.map(statistic => {
    const { what, value, least, most } = statistic
    const verdict = isUniform(statistic) ? 'reached' : 'missed'
    return [nameOf(size), what, value.toFixed(2), `${least} to ${most}`, verdict]
  }))
  return [
    table([['sequences of uint16', 'MB', 'file to file', 'seconds', 'CPU seconds', 'peak MB'], ...rows]),
    'the shuffled file and the sorted one are the same, byte by byte',
    table([CHECK_HEADER, ...checkRows(checks)]),
    table([['sequences', 'statistic', 'is', 'of a uniform permutation', ''], ...statistics]),
    ...notes
  ].join('\n\n')
}

/** The result as JSON. */
export function jsonOfShuffle ({ sizes, checks, notes }: ShuffleFigures): object {
  const timed = ({ seconds, cpuSeconds, peakBytes }: Timed): object =>
    ({ seconds, cpu_seconds: cpuSeconds, peak_bytes: peakBytes })
  return {
    sizes: sizes.map(({ sequences, ids, memory, bytes, shuffled, sorted, copied, idle, statistics }) => ({
      sequences,
      ids,
      memory,
      bytes,
      shuffle: { ...timed(shuffled), read_bytes: shuffled.read, written_bytes: shuffled.written },
      sort: timed(sorted),
      cp: timed(copied),
      idle: timed(idle),
      statistics
    })),
    checks,
    notes
  }
}
