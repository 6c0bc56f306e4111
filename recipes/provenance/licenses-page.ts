import { type LicenseCount, type LicenseCounts, NOT_STATED, OTHERS } from '../../lib/licenses/counts.ts'
import { NO_ADVICE } from '../../lib/licenses/known.ts'
import { termsOf } from '../../lib/licenses/terms.ts'
import { textKind } from '../../lib/output/own-file.ts'
import { markdownTable } from '../../lib/text/table.ts'

/** The first line of the pages that sluice writes. Any other page is foreign. */
export const LICENSES_MARK = '<!-- Made by sluice: what is changed here is lost with the next pull. -->'

/** How a page of licences is recognized before it is replaced. */
export const LICENSES = textKind('a page of licences', new RegExp(`^${LICENSES_MARK}`))

/**
 * `LICENSES.md`: a section for each output with its records by licence, the obligations of each licence, and its
 * repositories, if the records name them.
 *
 * @param name the output that was counted
 * @param counts the counts, or their section of another page
 * @param before the existing page, whose sections of other outputs are kept; null if there is none
 */
export function licensesPage (name: string, counts: LicenseCounts | string, before: string | null = null): string {
  const sections = sectionsOf(before ?? '')
  sections.set(headOf(name), typeof counts === 'string' ? counts : outputPart(name, counts.rows).join('\n') + '\n')
  const sorted = [...sections].sort(([a], [b]) => a < b ? -1 : 1).map(([, section]) => section.trimEnd() + '\n')
  return [LICENSES_MARK, '', '# Licences', '', NO_ADVICE, '', sorted.join('\n')].join('\n')
}

/** The section of an output; null if a page has none. */
export function licensesSection (page: string, name: string): string | null {
  return sectionsOf(page).get(headOf(name)) ?? null
}

/** The sections of a page, by their headings. */
function sectionsOf (page: string): Map<string, string> {
  const parts = page.split(/^(?=## )/m).slice(1)
  return new Map(parts.map(section => [section.split('\n', 1)[0]!, section]))
}

function headOf (name: string): string {
  return `## ${cell(name)}`
}

const HEADS = ['licence', 'records', 'SPDX', 'obligations', 'may be redistributed']

function outputPart (name: string, rows: readonly LicenseCount[]): string[] {
  return [
    headOf(name), '',
    'Records by the licence that each states in its `meta`.', '',
    ...markdownTable(HEADS, rows.map(licenseRow)),
    ...rows.filter(({ repositories, unlisted }) => repositories.length + unlisted > 0).flatMap(repositoriesPart)
  ]
}

function licenseRow ({ license, records }: LicenseCount): string[] {
  const { spdx, obligations, redistributable } = termsOf(license === NOT_STATED || license === OTHERS ? '' : license)
  const answer = redistributable === 'yes' ? 'yes' : `**${redistributable}**`
  return [cell(license), String(records), spdx ?? '-', obligations.join(', ') || '-', answer]
}

const TOO_MANY = 'repositories that are not listed, because there are too many'

function repositoriesPart ({ license, repositories, unlisted }: LicenseCount): string[] {
  return [
    `### ${cell(license)}`, '',
    ...repositories.map(name => `- ${cell(name)}`),
    ...(unlisted === 0 ? [] : [`- and others: ${unlisted} records are of ${TOO_MANY}`]), ''
  ]
}

/** A text from the data, escaped for a line of Markdown. */
function cell (text: string): string {
  return text.replace(/[\\`*_|<>[\]#]/g, '\\$&')
}
