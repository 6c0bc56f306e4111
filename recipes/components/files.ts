import { join } from 'node:path'
import { KEYS } from '../../lib/dedup/key-log.ts'
import { refuseForeign } from '../../lib/output/own-file.ts'
import { refuseForeignRejects } from '../flow/rejects.ts'
import { workingFiles } from '../jobs/job.ts'
import type { Component } from '../manifest/schema.ts'
import { provenanceFiles } from '../provenance/write.ts'
import { checkpointIn, copyIn, keptKeysOf, writtenFiles } from './paths.ts'

/** The fields that decide which files a component writes. */
type Named = Pick<Component, 'name' | 'rawDir' | 'filteredDir' | 'outputDir' | 'rejects' | 'dedup'>

/** All files that a component writes besides its shards: copies of its documents, rejects, and temporary files. */
export function filesOf (component: Named): string[] {
  const { name, rawDir } = component
  const raw = rawDir === null ? [] : writtenFiles(copyIn(rawDir, name), pullRejects(component))
  const withShards = filesWithShards(component)
  return [...raw, ...withShards, ...workingFiles(checkpointIn(component.outputDir), withShards)]
}

/** Files that a component writes and that other components may write too, one after the other. */
export function sharedFilesOf ({ rawDir, name }: Named): string[] {
  return rawDir === null ? [] : provenanceFiles(copyIn(rawDir, name))
}

/** Files that are written together with the shards. */
export function filesWithShards ({ name, outputDir, filteredDir, rejects, dedup }: Named): string[] {
  return [
    ...(filteredDir === null ? [] : [copyIn(filteredDir, name)]),
    ...(rejects === null ? [] : [rejects]),
    ...(dedup?.scope === 'mixture' ? [keptKeysOf({ outputDir })] : [])
  ]
}

/** The file for the bad records of the copy to `raw_dir`; null if they are not kept. */
export function pullRejects ({ name, rawDir, rejects }: Named): string | null {
  return rawDir === null || rejects === null ? null : join(rawDir, `${name}.rejects.ndjson`)
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a file of a component would replace one of another kind */
export async function refuseForeignIn (component: Named): Promise<void> {
  await refuseForeignRejects(pullRejects(component))
  await refuseForeignRejects(component.rejects)
  if (component.dedup?.scope === 'mixture') await refuseForeign(keptKeysOf(component), KEYS)
}
