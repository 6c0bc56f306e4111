import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError, codeOf, reasonOf } from '../../lib/errors.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import { shownInLine } from '../../lib/text/shown.ts'
import type { Duplicates } from '../../lib/verify/duplicates.ts'
import type { Finding } from '../../lib/verify/shards.ts'
import { markdownTable, number } from '../text.ts'
import {
  type Inventory, type InventoryComponent, DOCUMENT_HEADS, SHARED_HEADS, documentCells, megabytes, noneShared,
  sampledNote, shareText, verdictOf
} from './inventory.ts'

const TITLE = '# Data inventory\n'

/** Where a day's inventory is, from the working directory. @param utc ISO 8601 */
export function inventoryPagePath (utc: string): string {
  return `logs/data_inventory_${utc.slice(0, 10)}.md`
}

/**
 * The sections of an inventory: one for each stats file, by its heading.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when what is there is no inventory, `ERR_OUTPUT` when it can't be read
 */
export async function readInventoryPage (path: string): Promise<Map<string, string>> {
  if (path === STANDARD_STREAM) return new Map()
  const there = await stat(path).catch(() => null)
  if (there?.isFile() === false) return new Map() // to write it will tell of that
  const text = await readOwn(path).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOTDIR') return TITLE // to write it will tell of that
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
  if (text === null) return new Map()
  if (text !== '' && !text.startsWith(TITLE)) throw new SluiceError('ERR_OUTPUT_EXISTS', `${path}: is no inventory, as it doesn't begin with "${TITLE.trim()}"; name another file by --inventory (inventory in code)`)
  return new Map(text.split(/^(?=## )/m).slice(1).map(section => [section.split('\n', 1)[0]!, section.trimEnd() + '\n']))
}

/**
 * Puts a section into an inventory, in the place of one of the same heading; the others stay.
 *
 * @throws SluiceError as `readInventoryPage`
 */
export async function writeSection (path: string, section: string): Promise<void> {
  const sections = await readInventoryPage(path)
  sections.set(section.split('\n', 1)[0]!, section)
  await writeFileWhole(path, [TITLE, ...sections.values()].join('\n'))
}

/** What was verified, as a section. */
export function inventorySection (inventory: Inventory): string {
  const { verified_at_utc: utc, quick, components, totals, duplicates } = inventory
  return [
    ...beginning(inventory.stats, inventory.stats_sha256, utc, verdictOf(quick)),
    ...[...new Set(components.map(({ tokenizer_sha256: sha256 }) => sha256))].map(sha256 => `- tokenizer: SHA-256 ${sha256}${inventory.tokenizer_verified ? ', compared with its file' : ', as the stats have it'}`),
    '',
    ...textTable(['component', 'dataset', 'licence', 'shards', 'sequences', 'tokens', 'MB', 'output_dir'], [
      ...components.map(({ name, dataset, subset, license, totals, output_dir: folder }) => [name, [dataset, subset].filter(text => text !== null).join(', ') || '-', license ?? '-', ...figures(totals), folder]),
      ...(components.length > 1 ? [['all', '', '', ...figures(totals), '']] : [])
    ]),
    ...(duplicates === null ? [] : duplicatesPart(duplicates)),
    ...components.flatMap(shardsPart)
  ].join('\n')
}

/** What was found, as a section. */
export function findingsSection ({ stats, statsSha256, utc, findings, verified }: {
  readonly stats: string
  readonly statsSha256: string
  readonly utc: string
  readonly findings: readonly Finding[]
  /** Components without findings. */
  readonly verified: readonly string[]
}): string {
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: the shards are not what their stats say.`
  return [
    ...beginning(stats, statsSha256, utc, count),
    ...(verified.length === 0 ? [] : [`- without findings: ${verified.map(oneLine).join(', ')}`]),
    '',
    ...textTable(['component', 'check', 'file', 'found', 'expected'], findings.map(({ component, check, file, found, expected }) => [component, check, file, found, expected]))
  ].join('\n')
}

function beginning (stats: string, sha256: string, utc: string, verdict: string): string[] {
  const name = oneLine(relative(process.cwd(), resolve(stats)))
  return [`## ${name}`, '', verdict, '', `- verified at: ${utc}`, `- stats: ${name}, SHA-256 ${sha256}`]
}

function duplicatesPart ({ sampled, components, shared }: Duplicates): string[] {
  return [
    '### The same documents',
    '',
    ...textTable(DOCUMENT_HEADS, components.map(documentCells)),
    ...(shared.length === 0 ? [noneShared(components), ''] : textTable(SHARED_HEADS, shared.map(({ components, documents, shares }) => [components.join(', '), number(documents), ...shares.map(shareText)]))),
    ...sampledNote(sampled).flatMap(note => [note, ''])
  ]
}

function shardsPart ({ name, shards }: InventoryComponent): string[] {
  if (shards.length === 0) return []
  return [
    `### Shards of ${oneLine(name)}`,
    '',
    ...textTable(['shard', 'sequences', 'bytes', 'dtype', 'SHA-256'], shards.map(({ path, sequences, bytes, dtype, sha256 }) => [path, number(sequences), number(bytes), dtype, sha256 ?? 'not read']))
  ]
}

function figures ({ shards, sequences, tokens, bytes }: Inventory['totals']): string[] {
  return [number(shards), number(sequences), number(tokens), megabytes(bytes)]
}

/** A table whose cells are text out of files. */
function textTable (heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  return markdownTable(heads, rows.map(row => row.map(cell => oneLine(cell).replaceAll('|', '\\|'))))
}

/** Text out of a file mustn't begin a section. */
function oneLine (text: string): string {
  return shownInLine(text.replace(/\s+/g, ' '))
}
