import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError, codeOf, reasonOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { parseJson } from '../../lib/json/json.ts'
import type { LicenseCounts } from '../../lib/licenses/counts.ts'
import { withLock } from '../../lib/output/lock.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { type OwnKind, MOST_BYTES, readOwn, refuseForeign, textKind } from '../../lib/output/own-file.ts'
import { maskSecrets } from '../../lib/text/mask-secrets.ts'
import { LICENSES, LICENSES_MARK, licensesPage } from './licenses-page.ts'
import { PAGE_MARK, provenancePage } from './page.ts'
import { type Provenance, type StoredProvenance, provenanceJson } from './schema.ts'

const PROVENANCE: OwnKind = { what: 'provenance of a pull', bytes: MOST_BYTES, isOwn: content => provenanceJson.safeParse(parseJson(content)).success }
const PAGE = textKind('a page on where files come from', new RegExp(`^${PAGE_MARK}`))

/** The files in the folder of a pull that tell of all pulls there. */
export function provenanceFiles (output: string): string[] {
  return ['provenance.json', 'provenance.json.lock', 'README.md', 'CARD.md', 'LICENSES.md'].map(name => join(dirname(output), name))
}

/**
 * Looks at the files that take what a pull tells, where the plain names are taken by files of somebody else.
 *
 * @throws SluiceError `ERR_OUTPUT_EXISTS` when one of these is somebody else's, too
 */
export async function checkProvenance (output: string): Promise<void> {
  await refuseForeign(`${output}.provenance.json`, PROVENANCE)
  await refuseForeign(`${output}.README.md`, PAGE)
  await refuseForeign(`${output}.LICENSES.md`, LICENSES)
}

/** What `writeProvenance` has written. */
export interface WrittenProvenance {
  readonly json: string
  readonly readme: string
  readonly card: string | null
  readonly licenses: string | null
  /** What people should know of it: names that were taken by files of somebody else. */
  readonly notes: readonly string[]
}

/** What goes beside a pull with its provenance. */
export interface BesidePull {
  /** The dataset's card, as it was when the pull began. */
  readonly card?: string | null
  /** Records by the licence of each, where they state one. */
  readonly counts?: LicenseCounts | null
}

/** How often, and after how many milliseconds, a folder is asked for again that another pull writes to. */
const ATTEMPTS = 200
const PAUSE = 50

/**
 * Writes where a raw pull comes from, beside it: `provenance.json` for programs, which has every pull into that folder
 * by its file's name, `README.md` for people, made of the whole of that, the dataset's card as `CARD.md`, and
 * `LICENSES.md` with a section for each output whose records state licences. Passwords and tokens become `MASKED`. A
 * file of such a name that isn't ours stays as it is: then what would be in it is in `NAME.provenance.json`,
 * `NAME.README.md`, `NAME.LICENSES.md`, which have this pull alone, `NAME` being that of the output; and the card,
 * where the folder has another one, is in `NAME.CARD.md`.
 *
 * @param output the file that was pulled to
 * @throws SluiceError `ERR_OUTPUT`; `ERR_LOCKED` when another pull doesn't let go of the folder
 */
export async function writeProvenance (output: string, given: Provenance, beside: BesidePull = {}): Promise<WrittenProvenance> {
  const folder = dirname(output)
  return await inTurn(join(folder, 'provenance.json'), () => write(folder, basename(output), masked(given), beside))
}

async function write (folder: string, name: string, given: Provenance, { card = null, counts = null }: BesidePull): Promise<WrittenProvenance> {
  await checkProvenance(join(folder, name))
  const notes: string[] = []
  const isTaken = (taken: string, instead: string): string => {
    notes.push(`${join(folder, taken)} is not of sluice and stays as it is; see ${join(folder, instead)}`)
    return instead
  }
  const before = await readPulls(join(folder, 'provenance.json'))
  const jsonName = before === 'foreign' || before === 'damaged' ? isTaken('provenance.json', `${name}.provenance.json`) : 'provenance.json'
  const others = typeof before === 'string' ? {} : before
  const cardName = card === null ? null : await freeCard(folder, name, card, others)
  const licensesBefore = counts === null ? null : await contentOf(join(folder, 'LICENSES.md'))
  const isOurs = licensesBefore === null || licensesBefore.startsWith(LICENSES_MARK)
  const licensesName = counts === null ? null : isOurs ? 'LICENSES.md' : isTaken('LICENSES.md', `${name}.LICENSES.md`)
  const own: StoredProvenance = { ...given, license: { ...given.license, card_sha256: given.license.card_sha256 ?? (card === null ? null : sha256(card)) }, card: cardName, licenses_md: licensesName }
  const pulls: Record<string, StoredProvenance> = { ...others, [name]: own }
  const page = await contentOf(join(folder, 'README.md'))
  const readme = page === null || page.startsWith(PAGE_MARK) ? 'README.md' : isTaken('README.md', `${name}.README.md`)
  if (cardName !== null) await writeFileWhole(join(folder, cardName), card!)
  if (licensesName !== null) await writeFileWhole(join(folder, licensesName), licensesPage(name, counts!, isOurs ? licensesBefore : null))
  const sorted = Object.fromEntries(Object.entries(pulls).sort(([a], [b]) => a < b ? -1 : 1))
  await writeFileWhole(join(folder, readme), provenancePage(readme === 'README.md' ? sorted : { [name]: own }))
  // Last: where it tells of a pull, all of it is there.
  await writeFileWhole(join(folder, jsonName), JSON.stringify({ format: 1, pulls: sorted }, null, 2) + '\n')
  return { json: join(folder, jsonName), readme: join(folder, readme), card: cardName && join(folder, cardName), licenses: licensesName && join(folder, licensesName), notes }
}

/** What is known of where a file comes from. */
export interface FoundProvenance {
  /** The file that tells. */
  readonly path: string
  /** Null where that file can't be read. */
  readonly provenance: StoredProvenance | null
}

/**
 * Where files that were pulled come from, as what is beside them tells: each time that something does, and of what is
 * damaged once.
 */
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

/** `damaged` for what should be ours, or is no JSON; `foreign` for JSON of another kind. */
async function readPulls (path: string): Promise<Readonly<Record<string, StoredProvenance>> | 'none' | 'foreign' | 'damaged'> {
  const content = await contentOf(path)
  if (content === null) return 'none'
  const json = parseJson(content)
  const read = provenanceJson.safeParse(json)
  if (read.success) return read.data.pulls
  return json === undefined || (typeof json === 'object' && json !== null && 'pulls' in json) ? 'damaged' : 'foreign'
}

/** The dataset's card goes under the plain name, unless there is another one there that isn't of this pull alone. */
async function freeCard (folder: string, name: string, card: string, others: Readonly<Record<string, StoredProvenance>>): Promise<string> {
  const there = await contentOf(join(folder, 'CARD.md'))
  const owners = Object.entries(others).filter(([, pull]) => pull.card === 'CARD.md').map(([owner]) => owner)
  const isFree = there === null || there === card || (owners.length === 1 && owners[0] === name)
  if (isFree) return 'CARD.md'
  const own = `${name}.CARD.md`
  const taken = await contentOf(join(folder, own))
  const isOurs = taken === null || taken === '' || taken === card || others[name]?.card === own
  if (!isOurs) throw new SluiceError('ERR_OUTPUT_EXISTS', `${join(folder, own)}: is another card than that of the dataset, which would replace it; move it away, and run it again`)
  return own
}

/** Null where there is no such file. */
async function contentOf (path: string): Promise<string | null> {
  return await readOwn(path).catch((cause: unknown) => {
    throw cause instanceof SluiceError ? cause : new SluiceError('ERR_OUTPUT', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
}

/** Each text of an object without passwords and tokens. */
function masked<T> (object: T): T {
  return JSON.parse(JSON.stringify(object), (_key, value: unknown) => typeof value === 'string' ? maskSecrets(value).text : value) as T
}

/**
 * Takes away the lock that a pull into a file's folder has left that was killed; one that is under way is waited for.
 *
 * @throws SluiceError `ERR_LOCKED`
 */
export async function releaseProvenance (output: string): Promise<void> {
  const path = join(dirname(output), 'provenance.json')
  if (existsSync(`${path}.lock`)) await inTurn(path, () => Promise.resolve())
}

/**
 * Several pulls write to one folder, of this process and of others: one after the other, and none of them fails for
 * that.
 */
async function inTurn<T> (path: string, work: () => Promise<T>, attempts = ATTEMPTS): Promise<T> {
  try {
    return await withLock(`${path}.lock`, path, work)
  } catch (error) {
    if (codeOf(error) !== 'ERR_LOCKED' || attempts === 1) throw error
  }
  await sleep(PAUSE)
  return await inTurn(path, work, attempts - 1)
}
