import { type LicenseCount, type LicenseCounts, NOT_STATED, OTHERS } from '../../lib/licenses/counts.ts'
import { NO_ADVICE } from '../../lib/licenses/known.ts'
import { termsOf } from '../../lib/licenses/terms.ts'
import { textKind } from '../../lib/output/own-file.ts'
import { markdownTable } from '../text.ts'

/** What a page of ours begins with: another one is somebody else's. */
export const LICENSES_MARK = '<!-- Made by sluice: what is changed here is lost with the next pull. -->'

/** By this a page of licences is known, before another one takes its place. */
export const LICENSES = textKind('a page of licences', new RegExp(`^${LICENSES_MARK}`))

/**
 * `LICENSES.md`: for each output its records by licence, what each licence asks for, and below them the repositories of
 * each, where the records name them.
 *
 * @param name of the output that was counted
 * @param before the page as it is, with the sections of other outputs, which stay; null where there is none
 */
export function licensesPage (name: string, counts: LicenseCounts, before: string | null = null): string {
  const sections = new Map((before ?? '').split(/^(?=## )/m).slice(1).map(section => [section.split('\n', 1)[0]!, section]))
  const own = outputPart(name, counts.rows)
  sections.set(own[0]!, own.join('\n') + '\n')
  const sorted = [...sections].sort(([a], [b]) => a < b ? -1 : 1).map(([, section]) => section.trimEnd() + '\n')
  return [LICENSES_MARK, '', '# Licences', '', NO_ADVICE, '', sorted.join('\n')].join('\n')
}

function outputPart (name: string, rows: readonly LicenseCount[]): string[] {
  return [
    `## ${cell(name)}`, '',
    'Records by the licence that each states of itself, in its `meta`.', '',
    ...markdownTable(['licence', 'records', 'SPDX', 'obligations', 'may be passed on'], rows.map(row => {
      const { spdx, obligations, redistributable } = termsOf(row.license === NOT_STATED || row.license === OTHERS ? '' : row.license)
      return [cell(row.license), String(row.records), spdx ?? '-', obligations.join(', ') || '-', redistributable === 'yes' ? 'yes' : `**${redistributable}**`]
    })),
    ...rows.filter(({ repositories, unlisted }) => repositories.length + unlisted > 0).flatMap(repositoriesPart)
  ]
}

function repositoriesPart ({ license, repositories, unlisted }: LicenseCount): string[] {
  return [
    `### ${cell(license)}`, '',
    ...repositories.map(name => `- ${cell(name)}`),
    ...(unlisted === 0 ? [] : [`- and others: ${unlisted} records are of repositories that are not listed, as there are too many`]), ''
  ]
}

/** A text of somebody else's on a line of Markdown. */
function cell (text: string): string {
  return text.replace(/[\\`*_|<>[\]#]/g, '\\$&')
}
