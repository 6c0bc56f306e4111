import { join } from 'node:path'
import { refuseForeignRejects } from '../flow/rejects.ts'
import { workingFiles } from '../jobs/job.ts'
import type { Component } from '../manifest/schema.ts'
import { provenanceFiles } from '../provenance/write.ts'
import { checkpointIn, copyIn, writtenFiles } from './paths.ts'

/** What names the files that a component writes. */
type Named = Pick<Component, 'name' | 'rawDir' | 'filteredDir' | 'outputDir' | 'rejects'>

/**
 * All files that a component writes beside its shards: copies of its documents and rejects, where it asks for that, and
 * what is there while it is under way.
 */
export function filesOf (component: Named): string[] {
  const { name, rawDir } = component
  const raw = rawDir === null ? [] : writtenFiles(copyIn(rawDir, name), pullRejects(component))
  const beside = filesBeside(component)
  return [...raw, ...beside, ...workingFiles(checkpointIn(component.outputDir), beside)]
}

/** Files that a component writes, and others may write as well, one after the other. */
export function sharedFilesOf ({ rawDir, name }: Named): string[] {
  return rawDir === null ? [] : provenanceFiles(copyIn(rawDir, name))
}

/** Those that are written together with the shards. */
export function filesBeside ({ name, filteredDir, rejects }: Named): string[] {
  return [...(filteredDir === null ? [] : [copyIn(filteredDir, name)]), ...(rejects === null ? [] : [rejects])]
}

/** Where the copy to `raw_dir` keeps its bad records; null for nowhere. */
export function pullRejects ({ name, rawDir, rejects }: Named): string | null {
  return rawDir === null || rejects === null ? null : join(rawDir, `${name}.rejects.ndjson`)
}

/** @throws SluiceError `ERR_OUTPUT_EXISTS` when a file of a component would replace one of another kind */
export async function refuseForeignIn (component: Named): Promise<void> {
  await refuseForeignRejects(pullRejects(component))
  await refuseForeignRejects(component.rejects)
}
