import type { ComponentStats } from './component.ts'
import { shownInLine } from '../lib/shown.ts'
import type { DocumentCounts } from './flow.ts'

/** A table for people: the first column to the left, numbers to the right. Each row is a line, whatever is in its cells. */
export function table (given: ReadonlyArray<readonly string[]>): string {
  const rows = given.map(row => row.map(shownInLine))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join('  ').trimEnd()).join('\n')
}

/** What became of the components of a run: a row each, the tail in tokens, and below each what was dropped, by reason. */
export function componentTable (components: ReadonlyArray<Pick<ComponentStats, 'name' | 'seconds'> & DocumentCounts & Partial<ComponentStats>>): string {
  const sharded = components.some(({ shards }) => shards !== undefined)
  const header = ['component', 'read', 'kept', ...(sharded ? ['tokens', 'sequences', 'tail', 'shards'] : []), 'seconds']
  const rows = components.map(({ name, read, kept, tokens, sequences, tail_tokens: tail, shards, seconds }) => [
    name, number(read), number(kept), ...(sharded ? [number(tokens), number(sequences), number(tail), number(shards)] : []), seconds.toFixed(1)
  ])
  const [head, ...lines] = table([header, ...rows]).split('\n')
  return [head, ...lines.flatMap((line, i) => [line, ...droppedLine(components[i]!)])].join('\n')
}

function droppedLine ({ dropped }: DocumentCounts): string[] {
  const reasons = Object.entries(dropped).map(([reason, n]) => `${reason} ${number(n)}`)
  return reasons.length === 0 ? [] : [`  dropped: ${reasons.join(', ')}`]
}

/** With commas between the thousands. */
export function number (value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US')
}

/** Since a time of `performance.now`, to milliseconds. */
export function secondsSince (started: number): number {
  return Math.round(performance.now() - started) / 1000
}
