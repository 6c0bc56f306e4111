import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { FileNames, InputFile } from '../../lib/bytes.ts'
import { SluiceError } from '../../lib/errors.ts'
import { hubAddress, isHubName } from '../../lib/hub/address.ts'
import { type Hub, type HubRun, theHub } from '../../lib/hub/hub.ts'
import type { ResolvedDataset } from '../../lib/hub/resolve.ts'
import { findFiles } from '../../lib/input/find.ts'
import { readCheckpoint } from '../../lib/output/checkpoint.ts'
import { knownFile } from '../jobs/known-files.ts'
import type { FindByName, FoundComponent, FoundOnHub } from '../manifest/found.ts'
import type { Component } from '../manifest/schema.ts'
import { isOnHub, readsHub } from '../stages.ts'

export interface FindOptions {
  readonly maxRetries?: number | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly tell?: ((message: string) => void) | undefined
  /**
   * A client of the Hub that is already in use: with one client, a branch names the same commit for all requests.
   *
   * @default a new client
   */
  readonly client?: Hub | undefined
  /** Finds local files. @default `findFiles` */
  readonly find?: FindByName | undefined
  /** Whether revisions are looked up again, instead of using the commits that earlier runs read. @default false */
  readonly restart?: boolean | undefined
  /**
   * Whether revisions are looked up again, and what earlier runs found is used for the same commit only.
   *
   * @default false
   */
  readonly latest?: boolean | undefined
}

/** The part of a checkpoint that identifies the files on the Hub that its run reads. */
const hubState = z.object({
  asked: z.object({
    subset: z.string().nullable(),
    split: z.string(),
    revision: z.string(),
    data_files: z.union([z.string(), z.array(z.string())]).nullable()
  }),
  commit: z.string(),
  subset: z.string().nullable(),
  split: z.string(),
  format: z.string(),
  options: z.record(z.string(), z.unknown()),
  license: z.array(z.string()),
  card_sha256: z.string().nullable()
})

const settings = z.object({ dataset: z.string().optional(), hub: hubState.optional() })

const checkpointState = z.object({
  settings: settings.extend({ datasets: z.array(settings).optional() }),
  inputs: z.array(knownFile)
})

/** Finds files and remembers the result for each name, so that a glob is expanded once. */
export function findingOnce (): FindByName {
  const found = new Map<string, Promise<readonly InputFile[]>>()
  return async name => {
    const files = found.get(name) ?? findFiles(name)
    found.set(name, files)
    return await files
  }
}

/**
 * Finds the files of a component, local or on the Hub.
 *
 * The checkpoint of an earlier run names the commit of a dataset on the Hub that it read. That commit is used again
 * unless `restart` or `latest` is set, even if the branch has moved on.
 *
 * @param checkpoints of the component's jobs, the job that reads the dataset itself first
 * @throws SluiceError `ERR_FILES`; as `resolveDataset`
 */
export async function findComponent (
  component: Component, options: FindOptions, checkpoints: readonly string[] = []
): Promise<FoundComponent> {
  const { maxRetries, timeout, signal, tell, client, find = findFiles, restart = false, latest = false } = options
  if (!readsHub(component)) return withFiles(component, await filesNamed(component.dataFiles, find))
  try {
    if (!isOnHub(component)) {
      const files = await findFiles(component.dataFiles, { hub: { maxRetries, timeout, tell }, client, signal })
      return withFiles({ ...component, dataFiles: files.map(({ path }) => path) }, files)
    }
    const hub = client ?? await theHub({ maxRetries, timeout })
    const run = { signal, tell }
    for (const path of restart ? [] : checkpoints) {
      const known = await knownFiles(hub, component, path)
      if (known === null) continue
      const commit = 'files' in known ? known.hub.commit : known.commit
      if (latest && commit !== await hub.commitOf(component.dataset, component.revision, run)) continue
      if ('files' in known) return withHub(component, known.files, known.hub)
      return await found(hub, component, commit, run)
    }
    return await found(hub, component, component.revision, run)
  } catch (error) {
    if (signal?.aborted === true) throw new SluiceError('ERR_ABORTED', `${component.name}: stopped`, { cause: error })
    throw error
  }
}

/** Finds the files of all components of a mixture. @param checkpointsOf the checkpoints of a component's jobs */
export async function findComponents (
  components: readonly Component[],
  options: FindOptions,
  checkpointsOf: (component: Component) => readonly string[] = () => []
): Promise<FoundComponent[]> {
  const { maxRetries, timeout } = options
  const all: FoundComponent[] = []
  let { client } = options
  for (const component of components) {
    const isRemote = readsHub(component)
    try {
      if (isRemote) client ??= await theHub({ maxRetries, timeout })
      all.push(await findComponent(component, { ...options, client }, checkpointsOf(component)))
    } catch (error) {
      if (!isRemote || !(error instanceof SluiceError) || error.code === 'ERR_ABORTED') throw error
      throw new SluiceError(error.code, `${component.name}: ${error.message}`, { cause: error })
    }
  }
  return all
}

/**
 * A component with the files that an earlier run found, or with its local files. No request is sent to the Hub: a
 * dataset there has no files here unless an earlier run found them.
 */
export async function foundBefore (
  component: Component, checkpoints: readonly string[], find: FindByName
): Promise<FoundComponent> {
  const local = [component.dataFiles].flat().filter(name => !isHubName(name))
  if (!isOnHub(component)) return withFiles(component, await filesNamed(local, find))
  const hub = await theHub()
  for (const path of checkpoints) {
    const known = await knownFiles(hub, component, path)
    if (known !== null && 'files' in known) return withHub(component, known.files, known.hub)
  }
  return withFiles(component, [])
}

/**
 * A component as the run of a checkpoint read it: at that commit and with that card, if it is the same part of the same
 * dataset. So the job of a run whose files have the same hashes is found to be the same, although the branch has moved.
 */
export async function atCommitOf (component: FoundComponent, checkpoint: string): Promise<FoundComponent> {
  const { data } = checkpointState.safeParse(await readCheckpoint(checkpoint).catch(() => null))
  if (data?.settings.hub === undefined || component.hub === null) return component
  const { commit, license, card_sha256: cardSha256 } = data.settings.hub
  return { ...component, hub: { ...component.hub, commit, license, cardSha256 } }
}

async function filesNamed (names: FileNames, find: FindByName): Promise<InputFile[]> {
  const files: InputFile[] = []
  for (const name of [names].flat()) for (const file of await find(name)) files.push(file)
  return files
}

function withFiles ({ dataFiles, ...component }: Component, files: readonly InputFile[]): FoundComponent {
  return { ...component, files, namedFiles: dataFiles, hub: null }
}

/** Resolves a component's dataset on the Hub at a revision. */
async function found (hub: Hub, component: Component, revision: string, run: HubRun): Promise<FoundComponent> {
  const { dataset, subset, split } = component
  const { resolveDataset } = await import('../../lib/hub/resolve.ts')
  const asked = { dataset, subset, split, revision, dataFiles: requestedFiles(component) }
  const resolved = await resolveDataset(hub, asked, run)
  for (const warning of resolved.warnings) run.tell?.(`${component.name}: ${warning}`)
  const files = resolved.files.map(({ name, size }) => ({ path: name, size }))
  return withHub(component, files, foundOf(component, resolved))
}

function foundOf (component: Component, resolved: ResolvedDataset): FoundOnHub {
  const { commit, subset, split, format, options, license, card } = resolved
  const dataFiles = requestedFiles(component)
  return { dataFiles, commit, subset, split, format, options, license, cardSha256: card?.sha256 ?? null }
}

/** The files of a dataset on the Hub as the component names them; null if the card decides. */
function requestedFiles ({ dataFiles }: Component): FileNames | null {
  return dataFiles.length === 0 ? null : dataFiles
}

function withHub (
  { dataFiles, ...component }: Component, files: readonly InputFile[], hub: FoundOnHub
): FoundComponent {
  return { ...component, files, namedFiles: dataFiles, hub }
}

type Known = { readonly commit: string } | { readonly files: readonly InputFile[], readonly hub: FoundOnHub }

/**
 * What the run of a checkpoint reads of a component's dataset; null if it requested something else. A checkpoint that
 * can't be read is skipped here: the job that resumes from it reports the error.
 */
async function knownFiles (hub: Hub, component: Component, path: string): Promise<Known | null> {
  const { data } = checkpointState.safeParse(await readCheckpoint(path).catch(() => null))
  if (data === undefined) return null
  const { dataset, subset, split, revision } = component
  const asked = { subset, split, revision, data_files: requestedFiles(component) }
  const isSame = (other: z.output<typeof settings>): boolean =>
    other.dataset === dataset && isDeepStrictEqual(other.hub?.asked, asked)
  if (!isSame(data.settings)) {
    const commit = data.settings.datasets?.find(isSame)?.hub?.commit
    return commit === undefined ? null : { commit }
  }
  const state = data.settings.hub!
  const files = data.inputs.filter(({ at }) => isHubName(at))
  for (const { at, bytes, modified, oid = '' } of files) {
    const { revision: commit, path } = hubAddress(at)
    const isSha256 = modified.length === 64
    const hashes = isSha256 ? { oid, sha256: modified } : { oid: modified, sha256: null }
    hub.know(dataset, commit, [{ path, size: bytes, ...hashes }])
  }
  const { asked: _asked, card_sha256: cardSha256, ...same } = state
  return {
    files: files.map(({ at, bytes }) => ({ path: at, size: bytes })),
    hub: { ...same, dataFiles: asked.data_files, cardSha256 }
  }
}
