import { licenseColumns } from '../licenses/counts.ts'
import type { ColumnNames } from './names.ts'
import { type Step, isWithin, stepsOf } from './text-column.ts'
import type { Kind } from './values.ts'

/** Where the text of a row is. */
export interface TextPlace {
  /** The column that has it. */
  readonly column: string
  /** The number of nested lists around the items, which have the fields. */
  readonly lists: number
  readonly steps: readonly Step[]
}

/** One of several files, for messages and for columns that only some of the files have. */
export interface TableFile {
  /** The path as it was given. */
  readonly path: string
  /** The index among the files that are read. */
  readonly index: number
  /** The number of files. @default 1 */
  readonly fileCount?: number
}

export interface RowOptions {
  readonly textColumn: string
  /** Additional columns for `meta`; `*` means all. */
  readonly columns: readonly string[]
  /** Whether to also read the columns with a record's licence and its repository. @default false */
  readonly withLicense?: boolean | undefined
  readonly maxRowBytes: number
  readonly missing: MissingColumns
}

/** The columns that are read to create documents. */
export interface ColumnsToRead {
  /** Without duplicates: `id` if there is one, the text column, and the requested columns. */
  readonly names: readonly string[]
  readonly text: TextPlace
  /** Whether only the text is read of the text column, and nothing else of it. */
  readonly isTextOnly: boolean
  /** Requested columns that only other files have; they are null in every row. */
  readonly missing: readonly string[]
}

/** Selects the columns to read. @throws SluiceError `ERR_SOURCE` for a column that no file has */
export function columnsToRead (columns: ColumnNames, file: TableFile, options: RowOptions): ColumnsToRead {
  const { all } = columns
  const { textColumn, withLicense = false } = options
  const own = columns.has('id') ? ['id'] : []
  const { license, repository } = withLicense ? licenseColumns(all) : { license: null, repository: null }
  const asked = options.columns.includes('*') ? all : options.columns
  const missing = options.missing.among(asked, columns, file)
  const further = [
    ...missing.length === 0 ? asked : asked.filter(name => columns.has(name)),
    ...license === null ? [] : [license],
    ...license === null || repository === null ? [] : [repository]
  ]
  const [first, ...steps] = columns.has(textColumn) || !isWithin(textColumn)
    ? [{ name: textColumn, lists: 0 }]
    : stepsOf(textColumn)
  const { name: column, lists } = first!
  if (!columns.has(column) && column !== textColumn) columns.indexOf(textColumn) // throws: this name is missing as well
  return {
    names: [...new Set([...own, column, ...further])],
    text: { column, lists, steps },
    isTextOnly: !further.includes(column),
    missing
  }
}

/** Columns that some of the files lack. If all files lack a column, its name is wrong. */
export class MissingColumns {
  readonly #warn: ((message: string) => void) | undefined
  readonly #isSample: boolean
  readonly #found = new Set<string>()
  readonly #reported = new Set<string>()
  #isWhole = false // whether the first file was read

  /** @param isSample whether only some of the files are read @default false */
  constructor (warn?: (message: string) => void, isSample = false) {
    this.#warn = warn
    this.#isSample = isSample
  }

  /**
   * Returns the requested columns that a file lacks.
   *
   * @throws SluiceError `ERR_SOURCE` once it is known that no file has one of them
   */
  among (asked: readonly string[], columns: ColumnNames, { path, index, fileCount = 1 }: TableFile): string[] {
    if (index === 0) this.#isWhole = true
    const missing: string[] = []
    for (const name of new Set(asked)) {
      if (columns.has(name)) this.#found.add(name)
      else missing.push(name)
    }
    const isKnown = this.#isWhole && !this.#isSample && index === fileCount - 1
    for (const name of missing) {
      if (isKnown && !this.#found.has(name)) columns.indexOf(name)
      if (!this.#reported.has(name)) {
        this.#warn?.(`warning: ${path} has no column ${name}; ` +
          'it is null in its documents, and in those of every other file without it')
      }
      this.#reported.add(name)
    }
    return missing
  }
}

/** How documents are created from the rows of a file. */
export interface RowTexts {
  readonly textColumn: string
  readonly text: TextPlace
  /** The kind of the values there; for lists, of their items. */
  readonly kind: Kind | undefined
  /** Whether the text is the column itself, not a field within it. */
  readonly isColumn: boolean
  readonly missing: readonly string[]
}
