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
