import { isAbsolute, join, normalize } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import type { Component, Manifest } from '../manifest/schema.ts'

/** Files in the folder of a version besides the outputs of the manifest. */
export const OWN_FILES = { version: 'version.json', record: 'run.json', changes: 'changes.json' } as const

type Paths = Pick<Manifest, 'path' | 'stats' | 'tokenizer' | 'tokenizerPath' | 'tokenizerOutputDir' | 'mixture'> & {
  readonly datasets: ReadonlyArray<Pick<Component, 'name' | 'outputDir' | 'rawDir' | 'filteredDir' | 'rejects'>>
}

/** A manifest with all of its outputs in a folder, each under the path that it has in the manifest. */
export function inFolder<M extends Paths> (manifest: M, folder: string): M {
  const inside = <P extends string | null>(path: P): P => (path === null ? path : join(folder, path)) as P
  const isTrained = manifest.tokenizer.path === null
  return {
    ...manifest,
    stats: inside(manifest.stats),
    tokenizerOutputDir: inside(manifest.tokenizerOutputDir),
    tokenizerPath: isTrained ? inside(manifest.tokenizerPath) : manifest.tokenizerPath,
    mixture: manifest.mixture && { ...manifest.mixture, outputDir: inside(manifest.mixture.outputDir) },
    datasets: manifest.datasets.map(component => ({
      ...component,
      outputDir: inside(component.outputDir),
      rawDir: inside(component.rawDir),
      filteredDir: inside(component.filteredDir),
      rejects: inside(component.rejects)
    }))
  }
}

/** @throws SluiceError `ERR_MANIFEST` for outputs that would not be in the folder of a version, or its own files */
export function checkInside ({ path, stats, tokenizerOutputDir, mixture, datasets }: Paths): void {
  const own = Object.values<string>(OWN_FILES)
  const mistakes = [
    { key: 'stats', output: stats },
    { key: 'tokenizer_output_dir', output: tokenizerOutputDir },
    { key: 'output_dir of mixture', output: mixture?.outputDir ?? null },
    ...datasets.flatMap(({ name, outputDir, rawDir, filteredDir, rejects }) => [
      { key: `output_dir of ${name}`, output: outputDir },
      { key: `raw_dir of ${name}`, output: rawDir },
      { key: `filtered_dir of ${name}`, output: filteredDir },
      { key: `rejects of ${name}`, output: rejects }
    ])
  ].flatMap(({ key, output }) => {
    if (output === null) return []
    const place = normalize(output)
    if (own.includes(place)) return [`${key} is ${output}, which is a file of each version; name another`]
    if (!isAbsolute(output) && !/^\.\.(?:[/\\]|$)/.test(place)) return []
    return [`${key} is ${output}; with --if-changed, expected a path relative to the folder of a version`]
  })
  if (mistakes.length > 0) {
    throw new SluiceError('ERR_MANIFEST', mistakes.map(mistake => `${path}:1:1: ${mistake}`).join('\n'))
  }
}
