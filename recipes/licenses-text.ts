import type { LicenseRow, LicensesReport } from './licenses.ts'

const HEADS = ['component', 'source', 'licence', 'SPDX', 'obligations', 'shards may be passed on']

/** What the licences of a mixture permit, as a table; below it what is not known or not permitted, and who states what. */
export function licensesText ({ components, note }: LicensesReport): string {
  const rows = components.map(row => [row.name, sourceOf(row), statedOf(row), row.spdx ?? '-', row.obligations.join(', ') || '-', answerOf(row)])
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map(row => row[column]!.length)))
  const lines = [HEADS, ...rows].map(row => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd())
  return [...lines, '', ...components.flatMap(notesOf), note].join('\n')
}

function sourceOf ({ dataset, subset, split, revision, commit }: LicenseRow): string {
  const at = commit === null ? (revision === 'main' ? '' : `@${revision}`) : `@${commit.slice(0, 12)}`
  return [dataset + at, ...(subset === null ? [] : [subset]), split].join(', ')
}

function statedOf ({ found }: LicenseRow): string {
  const names = new Set(found.flatMap(({ license }) => license ?? []))
  return names.size === 0 ? 'NOT STATED' : [...names].map(inLine).join(' and ')
}

function answerOf ({ redistributable }: LicenseRow): string {
  return redistributable === 'yes' ? 'yes' : redistributable.toUpperCase()
}

/** Who states what, and why shards may be passed on or not. */
function notesOf (row: LicenseRow): string[] {
  const stated = row.found.map(({ license, read_from: from }) => `  ${license === null ? 'none stated' : inLine(license)}: ${from}`)
  return [`${row.name}: ${answerOf(row)}: ${row.reason}`, ...stated, '']
}

function inLine (text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
