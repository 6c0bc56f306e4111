import { table } from '../../lib/text/table.ts'
import { CHECK_HEADER, checkRows } from './checks.ts'
import { type CoresFigures, type Scaling, WORKERS, gainOf, wasFree } from './cores.ts'

/** The commands with 1, 2 and 4 workers: all figures, the requirements, and the table of the README. */
export function reportCores (figures: CoresFigures): string {
  const { cores, counting, scalings, little, checks } = figures
  const rows = scalings.flatMap(scaling => WORKERS.map(workers => [
    `${scaling.command}, ${scaling.kind}`,
    (scaling.textBytes / 1e6).toFixed(0),
    String(workers),
    speed(scaling, workers),
    scaling.times[workers].best.toFixed(2),
    Math.max(...scaling.times[workers].seconds).toFixed(2),
    gainOf(scaling, workers).toFixed(2),
    (scaling.usage[workers].peakBytes / 1e6).toFixed(0),
    scaling.usage[workers].cpuSeconds.toFixed(2),
    scaling.usage[workers].mainSeconds?.toFixed(2) ?? ''
  ]))
  return [
    table([
      [
        'separate processes', 'MB of text', 'workers', 'MB/s', 'seconds', 'slowest', 'gain', 'peak MB', 'CPU s',
        'main thread'
      ],
      ...rows
    ]),
    `two threads of a counting loop gain ${counting.gain.toFixed(2)} on ${cores} cores: ` +
      `${counting.one.best.toFixed(2)} s for one count, ${counting.two.best.toFixed(2)} s for two`,
    ...(wasFree(figures)
      ? []
      : ['so two cores were not free: CPU times and memory are valid, speeds and gains are not']),
    `filter-corpus on ${(little.textBytes / 1e6).toFixed(0)} MB: ${little.one.best.toFixed(2)} s with --workers 1, ` +
      `${little.unasked.best.toFixed(2)} s without the option`,
    'every file gave the same bytes with every number of workers',
    '',
    table([CHECK_HEADER, ...checkRows(checks)]),
    '',
    readmeTable(scalings)
  ].join('\n')
}

/** MB/s of text, in Markdown. */
function readmeTable (scalings: readonly Scaling[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    row(['MB/s of text', ...WORKERS.map(workers => `\`--workers ${workers}\``)]),
    row(['---', ...WORKERS.map(() => '---')]),
    ...scalings.map(scaling =>
      row([`${scaling.command}, ${scaling.kind}`, ...WORKERS.map(workers => speed(scaling, workers))]))
  ].join('\n')
}

function speed ({ textBytes, times }: Scaling, workers: keyof Scaling['times']): string {
  return (textBytes / 1e6 / times[workers].best).toFixed(1)
}
