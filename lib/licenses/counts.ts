import { shownInLine } from '../text/shown.ts'

/** Columns with the licence of a record in datasets of code on the Hub, the most reliable first. */
const LICENSE_COLUMNS = [
  'max_stars_repo_licenses', 'detected_licenses', 'repo_license', 'repository_license', 'license', 'licence',
  'licenses', 'license_type'
]

/** Columns with the repository of a record. */
const REPOSITORY_COLUMNS = ['max_stars_repo_name', 'repo_name', 'repository_name', 'repo', 'repository', 'repo_url']

/** The columns to count licences by; null if there is none. */
export interface LicenseColumns {
  readonly license: string | null
  readonly repository: string | null
}

/** Finds the columns that have the licence and the repository of each record. */
export function licenseColumns (columns: readonly string[]): LicenseColumns {
  const first = (known: readonly string[]): string | null => known.find(name => columns.includes(name)) ?? null
  return { license: first(LICENSE_COLUMNS), repository: first(REPOSITORY_COLUMNS) }
}

/**
 * Limits of what is kept. A column may have a different text in each record, and there are millions of repositories.
 */
const MAX_REPOSITORIES = 100_000
const MAX_LICENSES = 10_000
const MAX_CHARACTERS = 200

/** How many distinct names are kept. */
interface LicenseLimits {
  /** @default 100000 */
  readonly mostRepositories?: number
  /** @default 10000 */
  readonly mostLicenses?: number
}

/** Stands for the licence of records that state none. */
export const NOT_STATED = '(not stated)'
/** Stands for all licences beyond those that are kept. */
export const OTHERS = '(others)'

/** The records of one licence. */
export interface LicenseCount {
  /** Spelled as in the records; several licences of one record are sorted and separated by commas. */
  readonly license: string
  readonly records: number
  /** In alphabetical order. */
  readonly repositories: readonly string[]
  /** Records of repositories that are not listed because there are too many. */
  readonly unlisted: number
}

interface Counted {
  records: number
  unlisted: number
  readonly repositories: Set<string>
}

/**
 * Counts records by licence, and keeps the names of their repositories. At most 10,000 licences and, for all of them
 * together, 100,000 repositories are kept, which takes at most about 10 MB.
 */
export class LicenseCounts {
  readonly #columns: LicenseColumns
  readonly #maxRepositories: number
  readonly #maxLicenses: number
  readonly #counts = new Map<string, Counted>()
  #kept = 0 // names of repositories

  constructor (columns: LicenseColumns, limits: LicenseLimits = {}) {
    this.#columns = columns
    this.#maxRepositories = limits.mostRepositories ?? MAX_REPOSITORIES
    this.#maxLicenses = limits.mostLicenses ?? MAX_LICENSES
  }

  /** Counts a record. @param fields of the record, such as a document's `meta` */
  readonly add = (fields: Readonly<Record<string, unknown>>): void => {
    const { license, repository } = this.#columns
    const counted = this.#countedOf(licenseOf(license === null ? null : fields[license]))
    counted.records++
    const name = repository === null ? '' : textOf(fields[repository])
    if (name === '' || counted.repositories.has(name)) return
    if (this.#kept >= this.#maxRepositories) {
      counted.unlisted++
    } else {
      counted.repositories.add(name)
      this.#kept++
    }
  }

  /** The counts, the licence with the most records first. */
  get rows (): LicenseCount[] {
    const rows = [...this.#counts].map(([license, { records, repositories, unlisted }]) => ({
      license,
      records,
      repositories: [...repositories].sort(),
      unlisted
    }))
    return rows.sort((a, b) => b.records - a.records || (a.license < b.license ? -1 : 1))
  }

  #countedOf (license: string): Counted {
    const key = this.#counts.has(license) || this.#counts.size < this.#maxLicenses ? license : OTHERS
    let counted = this.#counts.get(key)
    if (counted === undefined) this.#counts.set(key, counted = { records: 0, unlisted: 0, repositories: new Set() })
    return counted
  }
}

/** The licence in a field, which is a text or a list of texts. */
function licenseOf (value: unknown): string {
  const names = (Array.isArray(value) ? value.map(textOf) : [textOf(value)]).filter(name => name !== '')
  return names.length === 0 ? NOT_STATED : [...new Set(names)].sort().join(', ')
}

function textOf (value: unknown): string {
  if (typeof value !== 'string') return ''
  const line = shownInLine(value.replace(/\s+/g, ' ').trim())
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS - 1).toWellFormed()}…` : line
}
