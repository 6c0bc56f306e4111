import { SluiceError } from '../errors.ts'
import { type InputFile, type ReadBytesOptions, type RemoteOptions, findFiles } from './read.ts'
import { hubAddress, isCommit, isHubName } from '../hub/address.ts'
import { download } from '../hub/download.ts'
import { isGlob } from '../hub/glob.ts'
import { type Hub, type HubRun, type RemoteFile, theHub } from '../hub/hub.ts'
import { filesOf } from '../hub/patterns.ts'
import { HubRanges } from '../hub/ranges.ts'

/** What is asked for at first of a file of which only the beginning is wanted. */
const LOOK_BYTES = 4096

/** The bytes of a file on the Hub from an offset on, as they lie there. @throws SluiceError as `Hub.remoteFile`, and as `download` */
export async function openHubFile (name: string, { offset = 0, signal, hub: options = {}, isLook = false }: Pick<ReadBytesOptions, 'offset' | 'signal' | 'hub' | 'isLook'>): Promise<AsyncGenerator<Buffer>> {
  const { tell, ...settings } = options
  const hub = await theHub(settings)
  const file = await hub.remoteFile(name, { signal, tell })
  return isLook ? inTwo(hub, file, { signal, tell }) : download(hub, file, { start: offset, signal, tell })
}

/** A little of a file, and only if more is wanted the rest. */
async function * inTwo (hub: Hub, file: RemoteFile, run: HubRun): AsyncGenerator<Buffer> {
  const end = Math.min(LOOK_BYTES, file.size)
  yield * download(hub, file, { end, ...run })
  yield * download(hub, file, { start: end, ...run })
}

/** A file on the Hub as ranges. @throws SluiceError as `Hub.remoteFile` */
export async function openHubRanges (name: string, { hub: options = {}, signal }: RemoteOptions): Promise<HubRanges> {
  const { tell, ...settings } = options
  const hub = await theHub(settings)
  return new HubRanges(hub, await hub.remoteFile(name, { signal, tell }), { signal, tell })
}

/** `findFiles` of names among which some are on the Hub: a branch or tag there is taken for the commit that it names now. */
export async function findWithHub (names: readonly string[], { hub: options = {}, signal }: RemoteOptions): Promise<InputFile[]> {
  const { tell, ...settings } = options
  const hub = await theHub(settings)
  const found: InputFile[] = []
  for (let at = 0; at < names.length;) {
    const end = names.findIndex((name, i) => i > at && isHubName(name) !== isHubName(names[at]!))
    const group = names.slice(at, end === -1 ? Infinity : end)
    if (isHubName(group[0]!)) {
      const pinned = (await Promise.all(group.map(name => pinnedNames(hub, name, { signal, tell })))).flat()
      for (const { name, size } of await hub.remoteFiles(pinned, { signal, tell })) found.push({ path: name, size })
    } else for (const file of await findFiles(group)) found.push(file) // not spread: as arguments, 100,000 files overflow the stack
    at += group.length
  }
  return found
}

/** The names of files at a commit that a name stands for, which may have a branch and be a glob. */
async function pinnedNames (hub: Hub, name: string, run: HubRun): Promise<string[]> {
  const { dataset, revision, path } = hubAddress(name)
  if (isCommit(revision) && !isGlob(path)) return [name]
  const commit = await hub.commitOf(dataset, revision, run)
  const listed = await hub.files(dataset, commit, run)
  const named = listed.filter(file => file.path === path) // a file whose name has glob characters in it is found by that name first
  const files = named.length === 0 && isGlob(path) ? filesOf(listed, path) : named
  if (files.length === 0) throw new SluiceError('ERR_FILES', `${name}: no file of the dataset matches this`)
  return hub.know(dataset, commit, files).map(file => file.name)
}
