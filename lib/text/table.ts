import { shownInLine } from './shown.ts'

type Rows = ReadonlyArray<readonly string[]>

/**
 * The lines of a table, one for each row, even if cells contain line breaks. Columns are aligned by their width on a
 * terminal, where a Chinese character takes two columns.
 *
 * @param align `numbers`: the first column to the left, the others to the right; `left`: all to the left
 */
export function tableLines (given: Rows, align: 'numbers' | 'left' = 'numbers'): string[] {
  const rows = given.map(row => row.map(shownInLine))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => widthOf(row[column]!))))
  const padded = (cell: string, column: number): string => {
    const spaces = ' '.repeat(widths[column]! - widthOf(cell))
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

/** Combining marks, and characters that join others or select their variant. */
const NO_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200f]/gu

/** Wide characters, which take two columns: an approximation of UAX #11. Exact packages slow down every start. */
const WIDE = new RegExp('[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f' +
  '\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]|\\p{Emoji_Presentation}', 'gu')

/** The columns that a text takes on a terminal. */
function widthOf (text: string): number {
  return Array.from(text.replace(NO_WIDTH, '').replace(WIDE, '  ')).length
}
