import { table } from '../../../lib/text/table.ts'
import { type Bar, type EncodePath, type RowResult, type SideResult, bestOf, bestWarm, ratioOf } from './row.ts'

/** A bar, and what was measured. */
export interface BarResult extends Bar {
  readonly row: string
  readonly corpus: string | null
  /** The rival that sluice is compared with, or sluice's own side for a bar of seconds. */
  readonly side: string
  /** Of sluice's side. */
  readonly path: EncodePath | undefined
  readonly value: number
  /** Whether all runs of both sides made the same ids; null where ids aren't compared. */
  readonly isExact: boolean | null
}

/** The bars of rows, as far as both sides were measured. */
export function barsOf (rows: readonly RowResult[]): BarResult[] {
  return rows.flatMap(({ name, corpus, sides }) => sides.flatMap(side => (side.bars ?? []).flatMap(bar => {
    const own = bar.of === 'seconds' ? side : sides.find(({ kind }) => kind === 'sluice')
    const value = own === undefined ? undefined : valueOf(bar, side, own)
    if (own === undefined || value === undefined) return []
    const { path } = own.samples[0]!
    const exact = own === side ? null : isExact(side, own)
    return { row: name, corpus, side: side.name, path, ...bar, value, isExact: exact }
  })))
}

function valueOf ({ of }: Bar, side: SideResult, own: SideResult): number | undefined {
  if (of === 'seconds') return bestOf(side.samples).cpu
  if (of === 'cold') return ratioOf(bestOf(own.samples), bestOf(side.samples))
  const [ours, theirs] = [bestWarm(own.samples), bestWarm(side.samples)]
  return ours === undefined || theirs === undefined ? undefined : ratioOf(ours, theirs)
}

function isExact (side: SideResult, own: SideResult): boolean | null {
  const digests = [...side.samples, ...own.samples].map(({ digest }) => digest)
  return digests.includes(undefined) ? null : new Set(digests).size === 1
}

/** @param tolerance a share: by how much figures may be missed; ids may never differ */
export function isReached ({ of, value, wanted, isExact }: BarResult, tolerance = 0): boolean {
  if (isExact === false) return false
  return of === 'seconds' ? value <= wanted * (1 + tolerance) : value >= wanted * (1 - tolerance)
}

const HEADER = ['bar', 'text', 'path', 'beside', 'of', 'is', 'wanted', 'ids', '']
const NOTE = 'cold, warm: how many times as fast sluice is, by CPU time; seconds: of CPU time, at most'

/** A line for each bar. */
export function barsTable (bars: readonly BarResult[]): string {
  return [table([HEADER, ...bars.map(bar => [
    bar.row,
    bar.corpus ?? '',
    bar.path ?? '',
    bar.side,
    bar.of,
    bar.value.toFixed(2),
    String(bar.wanted),
    bar.isExact === null ? '' : bar.isExact ? 'equal' : 'differ',
    verdict(bar)
  ])]), NOTE].join('\n')
}

function verdict (bar: BarResult): string {
  if (bar.isExact === false) return 'not exact'
  return isReached(bar) ? 'reached' : 'missed'
}

/** The bars for programs. */
export function jsonOfBar ({ row, side, path, of, value, wanted, isExact, ...rest }: BarResult): object {
  const reached = isReached({ row, side, path, of, value, wanted, isExact, ...rest })
  return { row, beside: side, path: path ?? null, of, value, wanted, exact: isExact, reached }
}
