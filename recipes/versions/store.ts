import { lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json/json.ts'
import { checkLocks } from '../../lib/output/held-locks.ts'
import { NO_LINKS } from '../../lib/output/link.ts'
import { writeFileWhole } from '../../lib/output/open.ts'
import { makeFolder, removeTemporary, syncFolder, temporaryName, writing } from '../../lib/output/output.ts'
import { readOwn } from '../../lib/output/own-file.ts'
import { namesIn } from '../../lib/shards/names.ts'
import { OWN_FILES } from './paths.ts'

const versionFile = z.strictObject({
  format: z.literal(1),
  /** The name of the mixture. */
  mixture: z.string(),
  /** The name of the version that was current when this one was started; null for the first one. */
  previous: z.string().nullable(),
  /** The commits that branches and tags on the Hub named then, by `OWNER/NAME@REVISION`. */
  commits: z.record(z.string(), z.string()),
  started_at_utc: z.string(),
  /** When it was verified, and became the current one; null until then. */
  verified_at_utc: z.string().nullable()
})

/** A version of a mixture: a folder with all of its outputs. */
export interface Version {
  /** The time in UTC at which it was started: `20261130T115500Z`. */
  readonly name: string
  readonly path: string
  readonly info: Readonly<z.output<typeof versionFile>>
}

/** The versions in a folder. */
export interface Versions {
  readonly folder: string
  /** Verified versions, the newest first. */
  readonly verified: readonly Version[]
  /** The version that readers use; null if none was verified yet. */
  readonly current: Version | null
  /** The version that an earlier run has started and not finished. */
  readonly unfinished: Version | null
}

const NAME = /^\d{8}T\d{6}Z$/

/** Folders of versions that are not complete: they are being created or deleted. */
const INCOMPLETE = /^\d{8}T\d{6}Z\.tmp$/

const LINK = 'current'

/** The file that names the current version where links can't be made. */
const FILE = 'CURRENT'

/**
 * Reads the versions in a folder.
 *
 * @param mixture the name of the mixture that they must be of
 * @throws SluiceError `ERR_OUTPUT_EXISTS` for versions of another mixture, and for a `current` that is no version
 */
export async function readVersions (folder: string, mixture: string): Promise<Versions> {
  const all: Version[] = []
  for (const name of (await writing(folder, () => namesIn(folder))).filter(name => NAME.test(name)).sort().reverse()) {
    const version = await readVersion(folder, name)
    if (version !== null) all.push(version)
  }
  const other = all.find(({ info }) => info.mixture !== mixture)
  if (other !== undefined) {
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${other.path}: is a version of ${other.info.mixture}, expected ` +
      `versions of ${mixture}; name another folder with --versions`)
  }
  const name = await currentName(folder)
  const current = all.find(version => version.name === name) ?? null
  if (name !== null && current === null) {
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${join(folder, LINK)}: names ${name}, which is not a version there; ` +
      'make it name one, or delete it to start over')
  }
  const isFinished = (version: Version): boolean => version.info.verified_at_utc !== null || version === current
  return {
    folder,
    verified: all.filter(isFinished),
    current,
    unfinished: all.find(version => !isFinished(version)) ?? null
  }
}

/** Creates a version, which sorts after all others. @param commits see `Version` */
export async function createVersion (
  { folder, current, verified }: Versions, mixture: string, commits: Readonly<Record<string, string>>
): Promise<Version> {
  return await writing(folder, async () => {
    const now = Date.now()
    const newest = verified[0] === undefined ? 0 : timeOf(verified[0].name) + 1000
    const name = nameOf(Math.max(now, newest))
    const path = join(folder, name)
    const temporary = `${path}.tmp`
    await makeFolder(folder)
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary)
    const info: Version['info'] = {
      format: 1,
      mixture,
      previous: current?.name ?? null,
      commits,
      started_at_utc: new Date(now).toISOString(),
      verified_at_utc: null
    }
    await writeInfo(temporary, info)
    await checkLocks()
    await rename(temporary, path)
    await syncFolder(folder)
    return { name, path, info }
  })
}

/**
 * Makes a verified version the current one. Readers of `current` see either the one before or this one.
 *
 * @throws SluiceError `ERR_OUTPUT`
 */
export async function makeCurrent ({ folder }: Versions, { name, path, info }: Version): Promise<void> {
  await writing(folder, async () => {
    const link = join(folder, LINK)
    const temporary = temporaryName(link)
    await removeTemporary(temporary)
    const isLinked = await symlink(name, temporary, 'dir').then(() => true, (error: unknown) => {
      if (NO_LINKS.has(codeOf(error) ?? '')) return false
      throw error
    })
    if (isLinked) {
      await checkLocks()
      await rename(temporary, link)
      await rm(join(folder, FILE), { force: true })
      await syncFolder(folder)
    } else {
      await writeFileWhole(join(folder, FILE), `${name}\n`)
    }
    // Last: a version with a date was current, so a run that is killed before this is resumed.
    await writeInfo(path, { ...info, verified_at_utc: new Date().toISOString() })
  })
}

/** Deletes all but the newest verified versions, and never the current one. @returns the paths of those deleted */
export async function removeOld (
  { verified, folder }: Versions, current: Version, keep: number
): Promise<readonly string[]> {
  const others = verified.filter(({ name }) => name !== current.name)
  const old = others.slice(keep - 1)
  await writing(folder, async () => {
    for (const { path } of old) {
      await checkLocks()
      await rename(path, `${path}.tmp`)
      await rm(`${path}.tmp`, { recursive: true })
    }
  })
  return old.map(({ path }) => path)
}

/** Deletes what killed runs have left: versions that were being created or deleted. */
export async function removeIncomplete (folder: string): Promise<void> {
  await writing(folder, async () => {
    for (const name of await readdir(folder)) {
      if (INCOMPLETE.test(name)) await rm(join(folder, name), { recursive: true })
    }
  })
}

/** The folder of the version that a file is in, with the link to the current one resolved; null if it is in none. */
export async function versionAround (path: string): Promise<string | null> {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const name = await readlink(folder).catch(() => basename(folder))
    const version = NAME.test(name) ? await readVersion(dirname(folder), name) : null
    if (version !== null) return version.path
  }
  return null
}

/** A version; null for a folder that is none. */
async function readVersion (folder: string, name: string): Promise<Version | null> {
  const path = join(folder, name)
  const text = await readOwn(join(path, OWN_FILES.version)).catch(() => null)
  const { data } = versionFile.safeParse(parseJson(text ?? ''))
  return data === undefined ? null : { name, path, info: data }
}

/** The name of the current version; null if there is none. */
async function currentName (folder: string): Promise<string | null> {
  const link = join(folder, LINK)
  const there = await lstat(link).catch(() => null)
  if (there === null) {
    const text = await readFile(join(folder, FILE), 'utf8').catch(() => null)
    return text === null ? null : text.trim()
  }
  if (there.isSymbolicLink()) return (await readlink(link)).replace(/\/$/, '')
  throw new SluiceError('ERR_OUTPUT_EXISTS', `${link}: is not a link, expected one that names the current version; ` +
    'move it away, or name another folder with --versions')
}

async function writeInfo (path: string, info: Version['info']): Promise<void> {
  await writeFileWhole(join(path, OWN_FILES.version), JSON.stringify(info, null, 2) + '\n')
}

/** `20261130T115500Z` */
function nameOf (time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')
}

function timeOf (name: string): number {
  const [, date, hours, minutes, seconds] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z$/.exec(name)!
  const day = date!.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')
  return Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`)
}
