/** A mixture whose runs make versions, for tests. */
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MixtureRun } from '../../../recipes/mixture/mixture.ts'
import type { RunReport } from '../../../recipes/mixture/run-mixture.ts'
import { run } from '../../../recipes/run.ts'
import { docs, filesIn, fixture, folderInMemory, ndjsonOf, put } from '../../helpers.ts'

type Options = NonNullable<Parameters<typeof run>[1]>

export interface Versioned {
  readonly folder: string
  /** The folder of the versions. */
  readonly versions: string
  readonly manifest: string
  /** Messages of all runs. */
  readonly told: readonly string[]
  readonly run: (options?: Options, context?: MixtureRun) => Promise<RunReport>
  /** The name of the current version. */
  readonly current: () => string
  /** Writes the manifest; paths of inputs begin with DIR. */
  readonly write: (yaml: string) => void
}

export const WEB = '{ name: web, dataset: json, data_files: DIR/web/*.ndjson, seq_len: 32, sequences_per_shard: 4, ' +
  'output_dir: shards/web, raw_dir: raw, license: MIT, filters: [normalize, dedup] }'
export const BOOKS = '{ name: books, dataset: json, data_files: DIR/books.ndjson, seq_len: 32, ' +
  'sequences_per_shard: 4, output_dir: shards/books, filtered_dir: filtered, rejects: rejects/books.ndjson }'

export function yamlOf (datasets: readonly string[], more = ''): string {
  return `name: mix\nstats: stats.json\n${more}datasets:\n${datasets.map(dataset => `  - ${dataset}\n`).join('')}`
}

/** Two components of local files; `head` is text for the manifest. */
export function versioned (t: Test, yaml = yamlOf([WEB, BOOKS])): Versioned {
  const folder = folderInMemory(t)
  const versions = join(folder, 'versions')
  put(folder, 'web/a.ndjson', ndjsonOf(docs(40).map((document, i) => ({ ...document, text: `some text ${i}` }))))
  put(folder, 'books.ndjson', ndjsonOf(docs(30)))
  const manifest = join(folder, 'mix.yaml')
  const write = (text: string): void => { put(folder, 'mix.yaml', text.replaceAll('DIR', folder)) }
  write(yaml)
  const told: string[] = []
  return {
    folder,
    versions,
    manifest,
    told,
    write,
    current: () => readlinkSync(join(versions, 'current')),
    run: async (options, context) => await run(manifest, {
      ifChanged: true,
      versions,
      tokenizerPath: fixture('tiny.model'),
      runsDir: join(folder, 'runs'),
      inventory: join(folder, 'inventory.md'),
      workers: 1,
      ...options
    }, { tell: message => { told.push(message) }, ...context })
  }
}

/** The steps of a report, a line each. */
export function outcomes ({ steps }: RunReport): string[] {
  return steps.map(({ component, step, outcome }) => `${component ?? 'all'} ${step}: ${outcome}`)
}

/** The files below a folder with their inodes, contents and times of change. */
export function stateOf (folder: string): Map<string, string> {
  return new Map(filesIn(folder).map(name => {
    const { ino, mtimeMs } = statSync(join(folder, name))
    return [name, `${ino} ${mtimeMs} ${readFileSync(join(folder, name)).toString('latin1')}`]
  }))
}

/** The inodes of a version's files below a folder. */
export function inodes (folder: string): Map<string, number> {
  return new Map(filesIn(folder).filter(name => !name.endsWith('checkpoint.json')).map(name => {
    return [name, statSync(join(folder, name)).ino]
  }))
}
