import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError, codeOf, reasonOf } from '../../lib/errors.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import { shownInLine } from '../../lib/text/shown.ts'
import type { Duplicates } from '../../lib/verify/duplicates.ts'
import type { Finding } from '../../lib/verify/shards.ts'
import { number } from '../../lib/text/numbers.ts'
import { markdownTable } from '../../lib/text/table.ts'
import {
  type Inventory, type InventoryComponent, type InventoryShard, DOCUMENT_HEADS, SHARED_HEADS, documentCells, megabytes,
  noneShared, sampledNote, sharedCells, verdictOf
} from './inventory.ts'

const TITLE = '# Data inventory\n'

/** The path of a day's inventory, relative to the working directory. @param utc ISO 8601 */
export function inventoryPagePath (utc: string): string {
  return `logs/data_inventory_${utc.slice(0, 10)}.md`
}

/**
 * The sections of an inventory: one for each stats file, by its heading.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when the file is not an inventory, `ERR_OUTPUT` when it can't be read
 */
export async function readInventoryPage (path: string): Promise<Map<string, string>> {
  if (path === STANDARD_STREAM) return new Map()
  const there = await stat(path).catch(() => null)
  if (there?.isFile() === false) return new Map() // writing will report it
  const text = await readOwn(path).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOTDIR') return TITLE // writing will report it
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
  if (text === null) return new Map()
  if (text !== '' && !text.startsWith(TITLE)) {
    const mistake = `is not an inventory: it does not begin with "${TITLE.trim()}"`
    const advice = 'name another file with --inventory (inventory in code)'
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${path}: ${mistake}; ${advice}`)
  }
  const sections = text.split(/^(?=## )/m).slice(1)
  return new Map(sections.map(section => [headingOf(section), section.trimEnd() + '\n']))
}

function headingOf (section: string): string {
  return section.split('\n', 1)[0]!
}

/**
 * Adds a section to an inventory, or replaces the section with the same heading. Other sections are kept.
 *
 * @throws SluiceError as `readInventoryPage`
 */
export async function writeSection (path: string, section: string): Promise<void> {
  const sections = await readInventoryPage(path)
  sections.set(headingOf(section), section)
  await writeFileWhole(path, [TITLE, ...sections.values()].join('\n'))
}

/** The section of a verification without findings. */
export function inventorySection (inventory: Inventory): string {
  const { verified_at_utc: utc, quick, components, totals, duplicates } = inventory
  const tokenizers = new Set(components.map(({ tokenizer_sha256: sha256 }) => sha256))
  const compared = inventory.tokenizer_verified ? 'compared with its file' : 'from the stats'
  const sum = components.length > 1 ? [['all', '', '', ...figures(totals), '']] : []
  return [
    ...beginning(inventory.stats, inventory.stats_sha256, utc, verdictOf(quick)),
    ...[...tokenizers].map(sha256 => `- tokenizer: SHA-256 ${sha256}, ${compared}`),
    '',
    ...textTable(COMPONENT_HEADS, [...components.map(componentCells), ...sum]),
    ...(duplicates === null ? [] : duplicatesPart(duplicates)),
    ...components.flatMap(shardsPart)
  ].join('\n')
}

const COMPONENT_HEADS = ['component', 'dataset', 'licence', 'shards', 'sequences', 'tokens', 'MB', 'output_dir']

function componentCells ({ name, dataset, subset, license, totals, output_dir: folder }: InventoryComponent): string[] {
  const source = [dataset, subset].filter(text => text !== null).join(', ')
  return [name, source || '-', license ?? '-', ...figures(totals), folder]
}

/** The section of a verification with findings. */
export function findingsSection ({ stats, statsSha256, utc, findings, verified }: {
  readonly stats: string
  readonly statsSha256: string
  readonly utc: string
  readonly findings: readonly Finding[]
  /** Components without findings. */
  readonly verified: readonly string[]
}): string {
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`
  return [
    ...beginning(stats, statsSha256, utc, `${count}: the shards do not match their stats.`),
    ...(verified.length === 0 ? [] : [`- without findings: ${verified.map(oneLine).join(', ')}`]),
    '',
    ...textTable(['component', 'check', 'file', 'found', 'expected'], findings.map(findingCells))
  ].join('\n')
}

function findingCells ({ component, check, file, found, expected }: Finding): string[] {
  return [component, check, file, found, expected]
}

function beginning (stats: string, sha256: string, utc: string, verdict: string): string[] {
  const name = oneLine(relative(process.cwd(), resolve(stats)))
  return [`## ${name}`, '', verdict, '', `- verified at: ${utc}`, `- stats: ${name}, SHA-256 ${sha256}`]
}

function duplicatesPart ({ sampled, components, shared }: Duplicates): string[] {
  return [
    '### Duplicate documents',
    '',
    ...textTable(DOCUMENT_HEADS, components.map(documentCells)),
    ...(shared.length === 0 ? [noneShared(components), ''] : textTable(SHARED_HEADS, shared.map(sharedCells))),
    ...sampledNote(sampled).flatMap(note => [note, ''])
  ]
}

function shardsPart ({ name, shards }: InventoryComponent): string[] {
  if (shards.length === 0) return []
  return [
    `### Shards of ${oneLine(name)}`,
    '',
    ...textTable(['shard', 'sequences', 'bytes', 'dtype', 'SHA-256'], shards.map(shardCells))
  ]
}

function shardCells ({ path, sequences, bytes, dtype, sha256 }: InventoryShard): string[] {
  return [path, number(sequences), number(bytes), dtype, sha256 ?? 'not read']
}

function figures ({ shards, sequences, tokens, bytes }: Inventory['totals']): string[] {
  return [number(shards), number(sequences), number(tokens), megabytes(bytes)]
}

/** A table whose cells are texts from files. */
function textTable (heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  return markdownTable(heads, rows.map(row => row.map(cell => oneLine(cell).replaceAll('|', '\\|'))))
}

/** A text from a file as one line, which can't start a section. */
function oneLine (text: string): string {
  return shownInLine(text.replace(/\s+/g, ' '))
}
