import { type FindOptions, findComponents, findingOnce } from '../components/find.ts'
import { checkpointsOf } from '../components/paths.ts'
import type { Mixture } from '../manifest/found.ts'
import { readManifest } from '../manifest/read.ts'
import { knownStages } from '../stages.ts'

/** What the help of each command that reads a manifest says of it. */
export const MANIFEST_HELP =
  'mixture manifest, a YAML file. It is a program: each module that it names with use: is run'

/**
 * Reads a manifest, and finds the files of its components; on the Hub those that a run before has read, where there is
 * one.
 *
 * @throws SluiceError `ERR_MANIFEST`; as `findComponent`
 */
export async function readMixture (path: string, options: FindOptions = {}): Promise<Mixture> {
  const find = findingOnce()
  const manifest = await readManifest(path, knownStages, find)
  const training = manifest.tokenizerPath === null ? [] : [trainingCheckpoint(manifest.tokenizerPath)]
  const datasets = await findComponents(
    manifest.datasets,
    { ...options, find },
    component => [...checkpointsOf(component), ...training]
  )
  return { ...manifest, datasets }
}

/** Where the checkpoint of a model's training is. */
export function trainingCheckpoint (model: string): string {
  return model.replace(/\.model$/, '.checkpoint.json')
}
