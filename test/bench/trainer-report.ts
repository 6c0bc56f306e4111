import { table } from '../../lib/text/table.ts'
import { CHECK_HEADER, checkRows } from './checks.ts'
import type { TrainerFigures } from './trainer.ts'

/** The result as text. */
export function reportTrainer ({ trainings, checks, notes }: TrainerFigures): string {
  if (trainings.length === 0) return `trainer\n${notes.join('\n')}`
  const rows = trainings.map(({ side, text, bytes, pieces, tokens, common, seconds, cpuSeconds, peakBytes }) => [
    text,
    (bytes / 1e6).toFixed(1),
    pieces.toLocaleString('en-US'),
    side,
    seconds.toFixed(1),
    cpuSeconds.toFixed(1),
    (peakBytes / 1e6).toFixed(0),
    tokens?.toLocaleString('en-US') ?? '',
    common?.toFixed(4) ?? ''
  ])
  return [
    table([
      [
        'trained on', 'MB', 'pieces', 'by', 'seconds', 'CPU seconds', 'peak MB', 'tokens of the other half',
        'pieces in common'
      ],
      ...rows
    ]),
    table([CHECK_HEADER, ...checkRows(checks)]), ...notes
  ].join('\n')
}

/** The result as JSON. */
export function jsonOfTrainer ({ trainings, checks, notes }: TrainerFigures): object {
  return {
    trainings: trainings.map(({ side, text, bytes, pieces, tokens, common, seconds, cpuSeconds, peakBytes }) =>
      ({
        side,
        text,
        bytes,
        pieces,
        seconds,
        cpu_seconds: cpuSeconds,
        peak_bytes: peakBytes,
        tokens,
        pieces_in_common: common
      })),
    checks,
    notes
  }
}
