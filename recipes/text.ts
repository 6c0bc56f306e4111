import stringWidth from 'string-width'
import { shownInLine } from '../lib/text/shown.ts'

type Rows = ReadonlyArray<readonly string[]>

/**
 * A table for people, in lines: each row is one, whatever is in its cells. Columns are aligned as a terminal shows
 * them, where a Chinese character takes two places.
 *
 * @param align `numbers`: the first column to the left, the others to the right; `left`: all to the left
 */
export function tableLines (given: Rows, align: 'numbers' | 'left' = 'numbers'): string[] {
  const rows = given.map(row => row.map(shownInLine))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => stringWidth(row[column]!))))
  const padded = (cell: string, column: number): string => {
    const spaces = ' '.repeat(widths[column]! - stringWidth(cell))
    return align === 'left' || column === 0 ? cell + spaces : spaces + cell
  }
  return rows.map(row => row.map(padded).join('  ').trimEnd())
}

/** The lines of `tableLines` as one text. */
export function table (rows: Rows, align?: 'numbers' | 'left'): string {
  return tableLines(rows, align).join('\n')
}

/** A table in Markdown, in lines, with a blank one after it. Its cells are Markdown already. */
export function markdownTable (heads: readonly string[], rows: Rows): string[] {
  return [heads, heads.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).concat('')
}

/** A share with so many digits after the point: `71.43 %`; by default with up to three digits in all. */
export function percent (share: number, digits?: number): string {
  return `${digits === undefined ? Number((100 * share).toPrecision(3)) : (100 * share).toFixed(digits)} %`
}

/** With commas between the thousands. */
export function number (value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US')
}

/** Three digits: `1,234` stays, 12,345,678 is `12.3 M`. */
export function amount (value: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  const power = value < 10000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return power === 0 ? number(value) : `${Number((value / 1000 ** power).toPrecision(3))}${units[power]!}`
}

/** Since a time of `performance.now`, to milliseconds. */
export function secondsSince (started: number): number {
  return Math.round(performance.now() - started) / 1000
}
