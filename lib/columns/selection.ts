import { licenseColumns } from '../licenses/counts.ts'
import type { ColumnNames } from './names.ts'
import { type Step, isWithin, stepsOf } from './text-column.ts'
import type { Kind } from './values.ts'

/** Where the text of a row is. */
export interface TextPlace {
  /** Of the row. */
  readonly column: string
  /** Within the column: items of so many lists, and their fields. */
  readonly lists: number
  readonly steps: readonly Step[]
}

/** A file of several, for messages and for columns that some of them lack. */
export interface TableFile {
  /** As it was given. */
  readonly path: string
  /** Among the files that are read. */
  readonly index: number
  /** How many there are. @default 1 */
  readonly fileCount?: number
}

export interface RowOptions {
  readonly textColumn: string
  /** Further columns for `meta`; `*` names all. */
  readonly columns: readonly string[]
  /** Whether those with a record's licence, and the repository that it is from, come along. @default false */
  readonly withLicense?: boolean | undefined
  readonly maxRowBytes: number
  readonly missing: MissingColumns
}

/** What is read of a file for its documents. */
export interface ColumnsToRead {
  /** Each once: `id` where there is one, the text's, and those that are asked for. */
  readonly names: readonly string[]
  readonly text: TextPlace
  /** Whether nothing else of the text's column is asked for than the text. */
  readonly isTextOnly: boolean
  /** Columns that are asked for, and are in other files only: null in every row. */
  readonly missing: readonly string[]
}

/** What to read of the columns that there are. @throws SluiceError `ERR_SOURCE` for one that no file has */
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
  if (!columns.has(column) && column !== textColumn) columns.indexOf(textColumn) // which there isn't either
  return {
    names: [...new Set([...own, column, ...further])],
    text: { column, lists, steps },
    isTextOnly: !further.includes(column),
    missing
  }
}

/** Columns that some files of several lack: of one that none has, the name is wrong. */
export class MissingColumns {
  readonly #warn: ((message: string) => void) | undefined
  readonly #isSample: boolean
  readonly #found = new Set<string>()
  readonly #told = new Set<string>()
  #isWhole = false // whether the first file was among those that were read

  /** @param isSample whether there are more files than those that are read @default false */
  constructor (warn?: (message: string) => void, isSample = false) {
    this.#warn = warn
    this.#isSample = isSample
  }

  /**
   * Those that a file lacks of the columns that are asked for.
   *
   * @throws SluiceError `ERR_SOURCE` once it is known that no file has one
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
      if (!this.#told.has(name)) {
        this.#warn?.(`warning: ${path} has no column ${name}; ` +
          'it is null in its documents, and in those of every other file without it')
      }
      this.#told.add(name)
    }
    return missing
  }
}

/** How documents are made of the rows of one file. */
export interface RowTexts {
  readonly textColumn: string
  readonly text: TextPlace
  /** Of the values at that place, of the items where they are lists. */
  readonly kind: Kind | undefined
  /** Whether the column itself has the text. */
  readonly isColumn: boolean
  readonly missing: readonly string[]
}
