import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SluiceError, reasonOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { parseJson } from '../../lib/json/json.ts'
import type { LicenseCounts } from '../../lib/licenses/counts.ts'
import type { LockOptions } from '../../lib/output/lock.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { type OwnKind, MOST_BYTES, readOwn, refuseForeign, textKind } from '../../lib/output/own-file.ts'
import { inTurn } from '../../lib/output/with-lock.ts'
import { maskSecrets } from '../../lib/text/mask-secrets.ts'
import { LICENSES, LICENSES_MARK, licensesPage } from './licenses-page.ts'
import { PAGE_MARK, provenancePage } from './page.ts'
import { type Provenance, type StoredProvenance, provenanceJson } from './schema.ts'

const PROVENANCE: OwnKind = {
  what: 'provenance of a pull',
  bytes: MOST_BYTES,
  isOwn: content => provenanceJson.safeParse(parseJson(content)).success
}
const PAGE = textKind('a page on where files come from', new RegExp(`^${PAGE_MARK}`))

const NAMES = ['provenance.json', 'provenance.json.lock', 'README.md', 'CARD.md', 'LICENSES.md']

/** The files in the folder of a pull that describe all pulls there. */
export function provenanceFiles (output: string): string[] {
  return NAMES.map(name => join(dirname(output), name))
}

/**
 * Checks the files with the output's name, which are written if foreign files have the plain names.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when one of these is foreign as well
 */
export async function checkProvenance (output: string): Promise<void> {
  await refuseForeign(`${output}.provenance.json`, PROVENANCE)
  await refuseForeign(`${output}.README.md`, PAGE)
  await refuseForeign(`${output}.LICENSES.md`, LICENSES)
}

/** The files that `writeProvenance` has written. */
export interface WrittenProvenance {
  readonly json: string
  readonly readme: string
  readonly card: string | null
  readonly licenses: string | null
  /** Messages about plain names that foreign files have. */
  readonly notes: readonly string[]
}

/** Further content for files next to a pull. */
export interface PullExtras {
  /** The dataset's card, as it was when the pull started. */
  readonly card?: string | null
  /** Counts of the records by licence, if they state one; or their section of another page. */
  readonly counts?: LicenseCounts | string | null
  /** How the folder is locked: several pulls, also of other processes, may write to one folder. */
  readonly locking?: LockOptions
}

/**
 * Writes the provenance of a raw pull next to it:
 *
 * - `provenance.json`, with every pull into that folder by the name of its file;
 * - `README.md`, the same as a page;
 * - `CARD.md`, the dataset's card;
 * - `LICENSES.md`, with a section for each output whose records state licences.
 *
 * Passwords and tokens become `MASKED`. Foreign files with these names are left unchanged. In this case the content
 * goes to `NAME.provenance.json`, `NAME.README.md` and `NAME.LICENSES.md`, which describe only this pull, where `NAME`
 * is the name of the output. If the folder has the card of another dataset, the card goes to `NAME.CARD.md`.
 *
 * @param output the file that the pull wrote
 * @throws SluiceError `ERR_OUTPUT`; `ERR_LOCKED` when another pull doesn't release the folder
 */
export async function writeProvenance (
  output: string, given: Provenance, more: PullExtras = {}
): Promise<WrittenProvenance> {
  const folder = dirname(output)
  const path = join(folder, 'provenance.json')
  const work = (): Promise<WrittenProvenance> => write(folder, basename(output), masked(given), more)
  return await inTurn(`${path}.lock`, path, work, more.locking)
}

async function write (
  folder: string, name: string, given: Provenance, { card = null, counts = null }: PullExtras
): Promise<WrittenProvenance> {
  await checkProvenance(join(folder, name))
  const pathOf = (file: string): string => join(folder, file)
  const notes: string[] = []
  /** The plain name of a file, or one with the output's name if a foreign file has the plain one. */
  const nameFor = (plain: string, isFree: boolean): string => {
    if (isFree) return plain
    notes.push(`${pathOf(plain)} was not made by sluice and is left unchanged; see ${pathOf(`${name}.${plain}`)}`)
    return `${name}.${plain}`
  }
  const before = await readPulls(pathOf('provenance.json'))
  const json = nameFor('provenance.json', before !== 'foreign' && before !== 'damaged')
  const others = typeof before === 'string' ? {} : before
  const cardName = card === null ? null : await freeCard(folder, name, card, others)
  const licensesBefore = counts === null ? null : await contentOf(pathOf('LICENSES.md'))
  const isOurs = licensesBefore === null || licensesBefore.startsWith(LICENSES_MARK)
  const licenses = counts === null ? null : nameFor('LICENSES.md', isOurs)
  const cardSha256 = given.license.card_sha256 ?? (card === null ? null : sha256(card))
  const license = { ...given.license, card_sha256: cardSha256 }
  const own: StoredProvenance = { ...given, license, card: cardName, licenses_md: licenses }
  const pulls: Record<string, StoredProvenance> = { ...others, [name]: own }
  const page = await contentOf(pathOf('README.md'))
  const readme = nameFor('README.md', page === null || page.startsWith(PAGE_MARK))
  if (cardName !== null) await writeFileWhole(pathOf(cardName), card!)
  if (licenses !== null) {
    await writeFileWhole(pathOf(licenses), licensesPage(name, counts!, isOurs ? licensesBefore : null))
  }
  const sorted = Object.fromEntries(Object.entries(pulls).sort(([a], [b]) => a < b ? -1 : 1))
  await writeFileWhole(pathOf(readme), provenancePage(readme === 'README.md' ? sorted : { [name]: own }))
  // Last: if this file has a pull, all other files of the pull exist.
  await writeFileWhole(pathOf(json), JSON.stringify({ format: 1, pulls: sorted }, null, 2) + '\n')
  return {
    json: pathOf(json),
    readme: pathOf(readme),
    card: cardName && pathOf(cardName),
    licenses: licenses && pathOf(licenses),
    notes
  }
}

/** The provenance of a file, as it was found. */
export interface FoundProvenance {
  /** The file with the provenance. */
  readonly path: string
  /** Null if that file can't be read. */
  readonly provenance: StoredProvenance | null
}

/** Reads the provenance of pulled files from the files next to them. A damaged provenance file is listed once. */
export async function findProvenance (outputs: readonly string[]): Promise<readonly FoundProvenance[]> {
  const read = new Map<string, Awaited<ReturnType<typeof readPulls>>>()
  const found: FoundProvenance[] = []
  for (const output of outputs) {
    const [folder, name] = [dirname(output), basename(output)]
    for (const file of [`${name}.provenance.json`, 'provenance.json']) {
      const path = join(folder, file)
      const isNew = !read.has(path)
      const pulls = read.get(path) ?? await readPulls(path)
      read.set(path, pulls)
      if (pulls === 'damaged' && isNew) found.push({ path, provenance: null })
      if (typeof pulls !== 'string' && Object.hasOwn(pulls, name)) found.push({ path, provenance: pulls[name]! })
    }
  }
  return found
}

type Pulls = Readonly<Record<string, StoredProvenance>>

/** `damaged` if the file is not JSON or resembles a provenance file; `foreign` for JSON of another kind. */
async function readPulls (path: string): Promise<Pulls | 'none' | 'foreign' | 'damaged'> {
  const content = await contentOf(path)
  if (content === null) return 'none'
  const json = parseJson(content)
  const read = provenanceJson.safeParse(json)
  if (read.success) return read.data.pulls
  const hasPulls = typeof json === 'object' && json !== null && 'pulls' in json
  return json === undefined || hasPulls ? 'damaged' : 'foreign'
}

/**
 * The name of the file for the dataset's card: the plain one, unless it holds another card that does not belong to this
 * pull alone.
 */
async function freeCard (folder: string, name: string, card: string, others: Pulls): Promise<string> {
  const there = await contentOf(join(folder, 'CARD.md'))
  const owners = Object.entries(others).filter(([, pull]) => pull.card === 'CARD.md').map(([owner]) => owner)
  const isFree = there === null || there === card || (owners.length === 1 && owners[0] === name)
  if (isFree) return 'CARD.md'
  const own = `${name}.CARD.md`
  const taken = await contentOf(join(folder, own))
  const isOurs = taken === null || taken === '' || taken === card || others[name]?.card === own
  if (!isOurs) throw new SluiceError('ERR_OUTPUT_EXISTS', `${join(folder, own)}: ${OTHER_CARD}`)
  return own
}

const OTHER_CARD = 'is not the card of the dataset, which would replace it; move it away, and run it again'

/** The content of a file; null if it doesn't exist. */
async function contentOf (path: string): Promise<string | null> {
  return await readOwn(path).catch((cause: unknown) => {
    if (cause instanceof SluiceError) throw cause
    throw new SluiceError('ERR_OUTPUT', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
}

/** Masks passwords and tokens in all texts of an object. */
function masked<T> (object: T): T {
  const mask = (_key: string, value: unknown): unknown => typeof value === 'string' ? maskSecrets(value).text : value
  return JSON.parse(JSON.stringify(object), mask) as T
}

/**
 * Removes the lock that a killed pull left in the folder of a file. It waits for a pull that is still running.
 *
 * @throws SluiceError `ERR_LOCKED`
 */
export async function releaseProvenance (output: string, locking: LockOptions): Promise<void> {
  const path = join(dirname(output), 'provenance.json')
  if (existsSync(`${path}.lock`)) await inTurn(`${path}.lock`, path, () => Promise.resolve(), locking)
}
