import { NO_ADVICE } from '../../lib/licenses/known.ts'
import { shownInLine } from '../../lib/text/shown.ts'
import { number } from '../../lib/text/numbers.ts'
import { markdownTable } from '../../lib/text/table.ts'
import type { ProvenanceFile, StoredProvenance } from './schema.ts'

/** The first line of the README.md that sluice writes. Any other README.md is foreign. */
export const PAGE_MARK =
  '<!-- Made by sluice out of provenance.json: what is changed here is lost with the next pull. -->'

const MAX_CHARACTERS = 200

/** Files that are listed. A dataset may have tens of thousands. */
const MAX_FILES = 100

/**
 * The provenance of raw pulls as a page in Markdown, with a section for each.
 *
 * @param pulls by the names of their files, in the order of the page
 */
export function provenancePage (pulls: Readonly<Record<string, StoredProvenance>>): string {
  const sections = Object.entries(pulls).flatMap(([name, pull]) => section(name, pull))
  return [PAGE_MARK, '', '# Where these files come from', '', ...sections, NO_ADVICE, ''].join('\n')
}

type Row = readonly [label: string, value: string | null]

function section (name: string, pull: StoredProvenance): string[] {
  const rows = [...sourceRows(pull), ...licenseRows(pull), ...outputRows(pull)]
  const known = rows.flatMap(([label, value]) => value === null ? [] : [[label, value]])
  return [`## ${cell(name)}`, '', ...markdownTable(['', ''], known), ...filesTable(pull.files), '']
}

function sourceRows ({ source, retrieved_at_utc: { begun, finished } }: StoredProvenance): Row[] {
  return [
    ['source', source.url === null ? cell(source.dataset) : `${cell(source.dataset)}, <${source.url}>`],
    ['subset', source.subset && cell(source.subset)],
    ['split', source.split && cell(source.split)],
    ['revision', source.revision && cell(source.revision)],
    ['commit', source.commit && cell(source.commit)],
    ['retrieved', begun === finished ? finished : `${begun} to ${finished}`]
  ]
}

function licenseRows ({ license, card, licenses_md: page }: StoredProvenance): Row[] {
  const { found, read_from: from, spdx, obligations, redistributable, reason, card_sha256: sha256 } = license
  const answer = redistributable === 'yes' ? 'yes' : `**${redistributable}**`
  return [
    ['licence', found.map(text => cell(shortened(text))).join(', ') || '**not stated**'],
    ['read from', from && cell(from)],
    ['SPDX', spdx],
    ['obligations', obligations.length === 0 ? null : obligations.join(', ')],
    ['may be redistributed', `${answer}: ${cell(reason)}`],
    ['card', card && link(card)],
    ['SHA-256 of the card', sha256],
    ['records by licence', page && link(page)]
  ]
}

function outputRows ({ filters, limit, columns, records, output, command, sluice }: StoredProvenance): Row[] {
  return [
    ['filters', filters.length === 0 ? 'none' : filters.map(filterText).map(code).join(', ')],
    ['limit', limit === null ? 'none' : number(limit)],
    ['columns', columns === null ? null : columns.map(code).join(', ')],
    ['records', number(records)],
    ['bytes', output.bytes === null ? null : number(output.bytes)],
    ['SHA-256', output.sha256],
    ['command', command && code(command)],
    ['sluice', sluice]
  ]
}

function filterText ({ stage, options }: StoredProvenance['filters'][number]): string {
  return Object.keys(options).length === 0 ? stage : `${stage}: ${JSON.stringify(options)}`
}

function link (file: string): string {
  return `[${file}](${encodeURI(file)})`
}

function filesTable (files: readonly ProvenanceFile[]): string[] {
  const shown = files.slice(0, MAX_FILES)
  const more = files.length - shown.length
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
  return [
    `Read from ${number(files.length)} ${files.length === 1 ? 'file' : 'files'}, ${number(bytes)} bytes:`, '',
    ...markdownTable(['file', 'bytes', 'SHA-256, or the blob\'s SHA-1, or the date'], shown.map(fileRow)).slice(0, -1),
    ...(more === 0 ? [] : ['', `And ${number(more)} more; provenance.json has them all.`])
  ]
}

function fileRow ({ path, bytes, sha256, git_oid: blob, modified_at_utc: modified }: ProvenanceFile): string[] {
  return [cell(path), bytes === null ? '' : number(bytes), sha256 ?? blob ?? modified ?? '']
}

/** A licence, which should be a name but may be a whole text. provenance.json has it in full. */
function shortened (text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1).toWellFormed()}…` : text
}

/** A foreign text in a cell of a table: one line, without markup and without characters that end a cell. */
function cell (text: string): string {
  return shownInLine(text.replace(/\s+/g, ' ').trim()).replace(/[\\`*_|<>[\]#]/g, '\\$&')
}

function code (text: string): string {
  const line = shownInLine(text.replace(/\s+/g, ' ')).replaceAll('|', '\\|')
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}
