import { join } from 'node:path'
import { workingFiles } from '../jobs/job.ts'
import type { Component } from '../manifest/schema.ts'

/** A component as it is copied to `raw_dir`: whole, with the bad records of its own. */
/** Where the checkpoints of a component's jobs are; that of its copy first, which reads what it is copied from. */
export function checkpointsOf ({ name, rawDir, outputDir }: Component): string[] {
  return [...(rawDir === null ? [] : [checkpointOf(copyIn(rawDir, name))]), checkpointIn(outputDir)]
}

/** Where the checkpoint of a folder of shards is. */
export function checkpointIn (folder: string): string {
  return join(folder, 'checkpoint.json')
}

/** Where the documents of a component are copied to, in its `raw_dir` or `filtered_dir`. */
export function copyIn (folder: string, name: string): string {
  return join(folder, `${name}.ndjson.gz`)
}

/** Where the checkpoint of a file that `writeDocuments` writes is. */
export function checkpointOf (output: string): string {
  return `${output}.checkpoint.json`
}

/** All files that `writeDocuments` writes, those beside them while it is under way included. */
export function writtenFiles (output: string, rejects: string | null): string[] {
  const outputs = [output, ...(rejects === null ? [] : [rejects])]
  return [...outputs, ...workingFiles(checkpointOf(output), outputs)]
}
