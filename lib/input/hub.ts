import type { InputFile } from '../bytes.ts'
import { SluiceError, allInOrder } from '../errors.ts'
import { hubAddress, isCommit } from '../hub/address.ts'
import { download } from '../hub/download.ts'
import { isGlob } from '../hub/glob.ts'
import { type Hub, type HubRun, type RemoteFile, theHub } from '../hub/hub.ts'
import { filesMatching } from '../hub/patterns.ts'
import { HubRanges } from '../hub/ranges.ts'
import type { HubOptions } from '../hub/settings.ts'

/** Options for reading files on the Hub. */
export interface RemoteOptions {
  readonly hub?: HubOptions & Pick<HubRun, 'tell'> | undefined
  /**
   * A client shared by several calls, for which a branch names the same commit.
   *
   * @default a new one for each call
   */
  readonly client?: Hub | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RemoteFileOptions extends RemoteOptions {
  /** Where to start, in bytes of the file. @default 0 */
  readonly offset?: number
  /** Whether only the beginning of the file is wanted: then a small range is requested first. @default false */
  readonly isLook?: boolean | undefined
}

/** Bytes requested first of a file of which only the beginning is wanted. */
const LOOK_BYTES = 4096

/**
 * Reads the bytes of a file on the Hub from an offset, without decompressing.
 *
 * @throws SluiceError as `Hub.remoteFile`, and as `download`
 */
export async function openHubFile (
  name: string,
  { offset = 0, signal, hub: options = {}, isLook = false }: RemoteFileOptions
): Promise<AsyncGenerator<Buffer>> {
  const { tell, ...settings } = options
  const hub = await theHub(settings)
  const file = await hub.remoteFile(name, { signal, tell })
  return isLook ? inTwo(hub, file, { signal, tell }) : download(hub, file, { start: offset, signal, tell })
}

/** Reads the start of a file in one request, and the rest in another, if it is wanted. */
async function * inTwo (hub: Hub, file: RemoteFile, run: HubRun): AsyncGenerator<Buffer> {
  const end = Math.min(LOOK_BYTES, file.size)
  yield * download(hub, file, { end, ...run })
  yield * download(hub, file, { start: end, ...run })
}

/** Opens a file on the Hub as byte ranges. @throws SluiceError as `Hub.remoteFile` */
export async function openHubRanges (name: string, { hub: options = {}, signal }: RemoteOptions): Promise<HubRanges> {
  const { tell, ...settings } = options
  const hub = await theHub(settings)
  return new HubRanges(hub, await hub.remoteFile(name, { signal, tell }), { signal, tell })
}

/** The client of the caller, or a new one. @throws SluiceError as `theHub` */
export async function clientOf ({ hub: { tell, ...settings } = {}, client }: RemoteOptions): Promise<Hub> {
  return client ?? await theHub(settings)
}

/** `findFiles` for names on the Hub: a branch or tag is replaced by the commit that it names now. */
export async function findOnHub (
  names: readonly string[],
  { hub: options = {}, client, signal }: RemoteOptions
): Promise<InputFile[]> {
  const { tell } = options
  const hub = await clientOf({ hub: options, client })
  const pinned = (await allInOrder(names.map(name => pinnedNames(hub, name, { signal, tell })))).flat()
  return (await hub.remoteFiles(pinned, { signal, tell })).map(({ name, size }) => ({ path: name, size }))
}

/** Resolves a name, which may have a branch and be a glob, to names of files at a commit. */
async function pinnedNames (hub: Hub, name: string, run: HubRun): Promise<string[]> {
  const { dataset, revision, path } = hubAddress(name)
  if (isCommit(revision) && !isGlob(path)) return [name]
  const commit = await hub.commitOf(dataset, revision, run)
  const listed = await hub.files(dataset, commit, run)
  // A name with glob characters may be that of a file.
  const named = listed.filter(file => file.path === path)
  const files = named.length === 0 && isGlob(path) ? filesMatching(listed, path) : named
  if (files.length === 0) throw new SluiceError('ERR_FILES', `${name}: no file of the dataset matches this glob`)
  return hub.know(dataset, commit, files).map(file => file.name)
}
