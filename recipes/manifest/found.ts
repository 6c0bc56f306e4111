import type { InputFile } from '../../lib/bytes.ts'
import type { Component, Manifest } from './schema.ts'

/** What a component on the Hub was found to be, at a commit. */
export interface FoundOnHub {
  /** The files as they were asked for; null for what the card and the names of files tell. */
  readonly dataFiles: string | readonly string[] | null
  readonly commit: string
  readonly subset: string | null
  readonly split: string
  /** By which source the files are read: what `dataset` is of local files. */
  readonly format: string
  /** What the card says of how they are read. */
  readonly options: Readonly<Record<string, unknown>>
  /** On the card; none where it states none, or there is no card. */
  readonly license: readonly string[]
  readonly cardSha256: string | null
}

/** A component whose files are found: from here on nobody looks for them by their names. */
export interface FoundComponent extends Omit<Component, 'dataFiles'> {
  /** What is read, whatever a glob matches later: what a run writes itself is none of it. */
  readonly files: readonly InputFile[]
  /** The files as stats name them: as they are written, those on the Hub with their commits. */
  readonly namedFiles: string | readonly string[]
  /** Null for what is no dataset on the Hub. */
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

/** Looks for the files of a name: a path or a glob. */
export type FindByName = (name: string) => Promise<readonly InputFile[]>

/** What a job reads, how, and what the documents pass before they are written: a component, or a part of its work. */
export type DocumentsJob = Pick<FoundComponent,
  | 'name' | 'dataset' | 'subset' | 'split' | 'revision' | 'license' | 'textColumn' | 'sourceOptions' | 'files' | 'hub'
  | 'filters' | 'expect' | 'maxRecords' | 'rejects' | 'eosId'
>
