import type { InputFile } from '../../lib/bytes.ts'
import type { Component, Manifest } from './schema.ts'

/** A component's dataset on the Hub, as it was found at a commit. */
export interface FoundOnHub {
  /** The files as they were requested; null if the card or the names of files decide. */
  readonly dataFiles: string | readonly string[] | null
  readonly commit: string
  readonly subset: string | null
  readonly split: string
  /** The source that reads the files, as `dataset` names it for local files. */
  readonly format: string
  /** The options that the card sets for reading them. */
  readonly options: Readonly<Record<string, unknown>>
  /** The licences on the card; none if it states none, or there is no card. */
  readonly license: readonly string[]
  readonly cardSha256: string | null
}

/** A component whose files are found. Later steps use these and don't search again. */
export interface FoundComponent extends Omit<Component, 'dataFiles'> {
  /** The files to read. A file that a glob would match only later, such as the run's own output, is not among them. */
  readonly files: readonly InputFile[]
  /** The names as stats record them: as in the manifest; names of files on the Hub include the commit. */
  readonly namedFiles: string | readonly string[]
  /** Null if the component is not a dataset on the Hub. */
  readonly hub: FoundOnHub | null
}

/** A manifest whose components' files are found. */
export interface Mixture extends Omit<Manifest, 'datasets'> {
  readonly datasets: readonly FoundComponent[]
}

/** The files of all components, in their order. */
export function inputsOf (components: readonly FoundComponent[]): InputFile[] {
  return components.flatMap(({ files }) => files)
}

/** Finds the files that a path or a glob names. */
export type FindByName = (name: string) => Promise<readonly InputFile[]>

/** The input, settings and filters of a job: a component, or a part of its work such as the raw copy. */
export type DocumentsJob = Pick<FoundComponent,
  | 'name' | 'dataset' | 'subset' | 'split' | 'revision' | 'license' | 'textColumn' | 'sourceOptions' | 'files' | 'hub'
  | 'filters' | 'expect' | 'maxRecords' | 'rejects' | 'eosId' | 'eos' | 'bos'
>
