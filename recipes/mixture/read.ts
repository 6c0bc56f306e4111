import { type FindOptions, findComponents, findingOnce } from '../components/find.ts'
import { checkpointsOf } from '../components/paths.ts'
import type { Mixture } from '../manifest/found.ts'
import { readManifest } from '../manifest/read.ts'
import type { Manifest } from '../manifest/schema.ts'
import { knownStages } from '../stages.ts'

/** Help text for the manifest option of every command that reads one. */
export const MANIFEST_HELP =
  'mixture manifest, a YAML file. It is a program: each module that it names with use: is run'

/**
 * Reads a manifest and finds the files of its components. Where an earlier run read a dataset on the Hub, the same
 * commit is used.
 *
 * @throws SluiceError `ERR_MANIFEST`; as `findComponent`
 */
export async function readMixture (path: string, options: FindOptions = {}): Promise<Mixture> {
  const find = options.find ?? findingOnce()
  const manifest = await readManifest(path, knownStages, find)
  return await findMixture(manifest, { ...options, find }, [manifest])
}

/**
 * Finds the files of a manifest's components.
 *
 * @param earlier the manifest with the folders that earlier runs wrote to: their checkpoints name files on the Hub
 * @throws SluiceError as `findComponent`
 */
export async function findMixture (
  manifest: Manifest, options: FindOptions, earlier: readonly Manifest[]
): Promise<Mixture> {
  const checkpoints = new Map(manifest.datasets.map(({ name }) => [name, [] as string[]]))
  for (const { datasets } of earlier) {
    for (const component of datasets) checkpoints.get(component.name)!.push(...checkpointsOf(component))
  }
  const models = earlier.flatMap(({ tokenizerPath }) => tokenizerPath ?? [])
  const training = models.map(trainingCheckpoint)
  const datasets = await findComponents(
    manifest.datasets, options, ({ name }) => [...checkpoints.get(name)!, ...training]
  )
  return { ...manifest, datasets }
}

/** The checkpoint of a model's training. */
export function trainingCheckpoint (model: string): string {
  return model.replace(/\.model$/, '.checkpoint.json')
}
