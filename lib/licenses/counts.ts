import { shownInLine } from '../text/shown.ts'

/**
 * Columns of records of code that have the licence of each, the surer ones first, as data sets of code on the Hub name
 * them.
 */
const LICENSE_COLUMNS = [
  'max_stars_repo_licenses', 'detected_licenses', 'repo_license', 'repository_license', 'license', 'licence',
  'licenses', 'license_type'
]

/** Those that have the repository that a record is of. */
const REPOSITORY_COLUMNS = ['max_stars_repo_name', 'repo_name', 'repository_name', 'repo', 'repository', 'repo_url']

/** The columns that licences are counted by; null where there is none. */
export interface LicenseColumns {
  readonly license: string | null
  readonly repository: string | null
}

/** Picks from the names of columns those that have the licence and the repository of each record. */
export function licenseColumns (columns: readonly string[]): LicenseColumns {
  const first = (known: readonly string[]): string | null => known.find(name => columns.includes(name)) ?? null
  return { license: first(LICENSE_COLUMNS), repository: first(REPOSITORY_COLUMNS) }
}

/** How much is kept: a column may have a text of its own in each record, and there are millions of repositories. */
const MOST_REPOSITORIES = 100_000
const MOST_LICENSES = 10_000
const MOST_CHARACTERS = 200

/** How many different ones are kept. */
interface LicenseLimits {
  /** @default 100000 */
  readonly mostRepositories?: number
  /** @default 10000 */
  readonly mostLicenses?: number
}

/** What a record says that states no licence, and what stands for licences beyond those that are kept. */
export const NOT_STATED = '(not stated)'
export const OTHERS = '(others)'

/** The records of one licence. */
export interface LicenseCount {
  /** As the records have it; several of one record in their alphabetical order, with commas between. */
  readonly license: string
  readonly records: number
  /** In alphabetical order. */
  readonly repositories: readonly string[]
  /** Records of repositories that are not among these, as there are too many. */
  readonly unlisted: number
}

interface Counted {
  records: number
  unlisted: number
  readonly repositories: Set<string>
}

/**
 * Counts records by licence, and keeps the names of the repositories that they are of: 100,000 of them at most, of
 * all licences together, and 10,000 licences, so that memory is bounded: by some 10 MB.
 */
export class LicenseCounts {
  readonly #columns: LicenseColumns
  readonly #most: number
  readonly #mostLicenses: number
  readonly #counts = new Map<string, Counted>()
  #kept = 0 // names of repositories

  constructor (columns: LicenseColumns, limits: LicenseLimits = {}) {
    this.#columns = columns
    this.#most = limits.mostRepositories ?? MOST_REPOSITORIES
    this.#mostLicenses = limits.mostLicenses ?? MOST_LICENSES
  }

  /** Counts a record. @param fields of it, such as a document's `meta` */
  readonly add = (fields: Readonly<Record<string, unknown>>): void => {
    const { license, repository } = this.#columns
    const counted = this.#countedOf(licenseOf(license === null ? null : fields[license]))
    counted.records++
    const name = repository === null ? '' : textOf(fields[repository])
    if (name === '' || counted.repositories.has(name)) return
    if (this.#kept >= this.#most) {
      counted.unlisted++
    } else {
      counted.repositories.add(name)
      this.#kept++
    }
  }

  /** What was counted: the licence of most records first. */
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
    const key = this.#counts.has(license) || this.#counts.size < this.#mostLicenses ? license : OTHERS
    let counted = this.#counts.get(key)
    if (counted === undefined) this.#counts.set(key, counted = { records: 0, unlisted: 0, repositories: new Set() })
    return counted
  }
}

/** Of a text, or a list of them. */
function licenseOf (value: unknown): string {
  const names = (Array.isArray(value) ? value.map(textOf) : [textOf(value)]).filter(name => name !== '')
  return names.length === 0 ? NOT_STATED : [...new Set(names)].sort().join(', ')
}

function textOf (value: unknown): string {
  if (typeof value !== 'string') return ''
  const line = shownInLine(value.replace(/\s+/g, ' ').trim())
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1).toWellFormed()}…` : line
}
