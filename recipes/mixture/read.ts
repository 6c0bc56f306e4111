import { type FindOptions, findComponents, findingOnce } from '../components/find.ts'
import { checkpointsOf } from '../components/paths.ts'
import type { Mixture } from '../manifest/found.ts'
import { readManifest } from '../manifest/read.ts'
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

/** The checkpoint of a model's training. */
export function trainingCheckpoint (model: string): string {
  return model.replace(/\.model$/, '.checkpoint.json')
}
