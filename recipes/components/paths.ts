import { basename, dirname, join } from 'node:path'
import { workingFiles } from '../jobs/job.ts'
import type { Component } from '../manifest/schema.ts'

/** The checkpoints of a component's jobs. That of the copy to `raw_dir` is first: its job reads the dataset itself. */
export function checkpointsOf ({ name, rawDir, outputDir }: Component): string[] {
  return [...(rawDir === null ? [] : [checkpointOf(copyIn(rawDir, name))]), checkpointIn(outputDir)]
}

/** The checkpoint of a folder of shards. */
export function checkpointIn (folder: string): string {
  return join(folder, 'checkpoint.json')
}

/** The copy of a component's documents in its `raw_dir` or `filtered_dir`. */
export function copyIn (folder: string, name: string): string {
  return join(folder, `${name}.ndjson.gz`)
}

/** The checkpoint of a file that `writeDocuments` writes. */
export function checkpointOf (output: string): string {
  return `${output}.checkpoint.json`
}

/** All files that `writeDocuments` writes, including temporary files. */
export function writtenFiles (output: string, rejects: string | null): string[] {
  const outputs = [output, ...(rejects === null ? [] : [rejects])]
  return [...outputs, ...workingFiles(checkpointOf(output), outputs)]
}

/**
 * The file of the keys of a finished component, which later components are compared with. It is next to the folder of
 * its shards, where only shards may be.
 */
export function keptKeysOf ({ outputDir }: Pick<Component, 'outputDir'>): string {
  return join(dirname(outputDir), `${basename(outputDir)}.dedup-keys`)
}

/** The path, but for the end of the name, of the files in which a run has the keys of documents that it compares. */
export function keysIn (folder: string): string {
  return join(folder, 'dedup.keys')
}
