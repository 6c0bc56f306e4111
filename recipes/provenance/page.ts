import { NO_ADVICE } from '../../lib/licenses/known.ts'
import { shownInLine } from '../../lib/text/shown.ts'
import { number } from '../text.ts'
import type { ProvenanceFile, StoredProvenance } from './schema.ts'

/** What a README.md of ours begins with: another one is somebody else's. */
export const PAGE_MARK = '<!-- Made by sluice out of provenance.json: what is changed here is lost with the next pull. -->'

const MOST_CHARACTERS = 200

/** A dataset may have tens of thousands. */
const MOST_FILES = 100

/**
 * Where raw pulls come from, for people, as Markdown: a section for each.
 *
 * @param pulls by the names of their files, in the order of the page
 */
export function provenancePage (pulls: Readonly<Record<string, StoredProvenance>>): string {
  return [PAGE_MARK, '', '# Where these files come from', '', ...Object.entries(pulls).flatMap(([name, pull]) => section(name, pull)), NO_ADVICE, ''].join('\n')
}

function section (name: string, { source, retrieved_at_utc: retrieved, license, files, filters, limit, columns, records, command, sluice, output, card, licenses_md: licenses }: StoredProvenance): string[] {
  const rows: ReadonlyArray<readonly [string, string | null]> = [
    ['source', source.url === null ? cell(source.dataset) : `${cell(source.dataset)}, <${source.url}>`],
    ['subset', source.subset && cell(source.subset)],
    ['split', source.split && cell(source.split)],
    ['revision', source.revision && cell(source.revision)],
    ['commit', source.commit && cell(source.commit)],
    ['retrieved', retrieved.begun === retrieved.finished ? retrieved.finished : `${retrieved.begun} to ${retrieved.finished}`],
    ['licence', license.found.map(text => cell(shortened(text))).join(', ') || '**not stated**'],
    ['read from', license.read_from && cell(license.read_from)],
    ['SPDX', license.spdx],
    ['obligations', license.obligations.length === 0 ? null : license.obligations.join(', ')],
    ['may be passed on', `${license.redistributable === 'yes' ? 'yes' : `**${license.redistributable}**`}: ${cell(license.reason)}`],
    ['card', card && `[${card}](${encodeURI(card)})`],
    ['SHA-256 of the card', license.card_sha256],
    ['records by licence', licenses && `[${licenses}](${encodeURI(licenses)})`],
    ['filters', filters.length === 0 ? 'none' : filters.map(({ stage, options }) => code(Object.keys(options).length === 0 ? stage : `${stage}: ${JSON.stringify(options)}`)).join(', ')],
    ['limit', limit === null ? 'none' : number(limit)],
    ['columns', columns === null ? null : columns.map(code).join(', ')],
    ['records', number(records)],
    ['bytes', output.bytes === null ? null : number(output.bytes)],
    ['SHA-256', output.sha256],
    ['command', command && code(command)],
    ['sluice', sluice]
  ]
  return [
    `## ${cell(name)}`, '',
    '| | |', '| --- | --- |',
    ...rows.flatMap(([label, value]) => value === null ? [] : [`| ${label} | ${value} |`]), '',
    ...filesTable(files), ''
  ]
}

function filesTable (files: readonly ProvenanceFile[]): string[] {
  const shown = files.slice(0, MOST_FILES)
  const more = files.length - shown.length
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
  return [
    `Made of ${number(files.length)} ${files.length === 1 ? 'file' : 'files'}, ${number(bytes)} bytes:`, '',
    '| file | bytes | SHA-256, or the blob\'s SHA-1, or the date |', '| --- | --- | --- |',
    ...shown.map(({ path, bytes, sha256, git_oid: blob, modified_at_utc: modified }) => `| ${cell(path)} | ${bytes === null ? '' : number(bytes)} | ${sha256 ?? blob ?? modified ?? ''} |`),
    ...(more === 0 ? [] : ['', `And ${number(more)} more; provenance.json has them all.`])
  ]
}

/** What is meant for a name, and may be a whole licence; provenance.json has all of it. */
function shortened (text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1).toWellFormed()}…` : text
}

/** A text of somebody else's in a cell of a table: a line, that ends no cell and is no markup. */
function cell (text: string): string {
  return shownInLine(text.replace(/\s+/g, ' ').trim()).replace(/[\\`*_|<>[\]#]/g, '\\$&')
}

function code (text: string): string {
  const line = shownInLine(text.replace(/\s+/g, ' ')).replaceAll('|', '\\|')
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}
