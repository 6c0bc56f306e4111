import { shownInLine } from '../lib/text/shown.ts'

/** A table for people: the first column to the left, numbers to the right. Each row is a line, whatever is in its cells. */
export function table (given: ReadonlyArray<readonly string[]>): string {
  const rows = given.map(row => row.map(shownInLine))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join('  ').trimEnd()).join('\n')
}

/** With commas between the thousands. */
export function number (value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US')
}

/** Since a time of `performance.now`, to milliseconds. */
export function secondsSince (started: number): number {
  return Math.round(performance.now() - started) / 1000
}
