import { isHubName } from '../lib/hub/address.ts'
import type { Component } from './manifest/schema.ts'
import { renameKeys, snakeCase } from '../lib/names.ts'
import { sources } from './stages.ts'

/** Whether a component's dataset is one on the Hub, its files found or not. */
export function isOnHub ({ dataset }: Pick<Component, 'dataset'>): boolean {
  return !Object.hasOwn(sources, dataset)
}

/** Whether files of a component are on the Hub: those of its dataset, or some that are named as there. */
export function readsHub ({ dataset, dataFiles }: Pick<Component, 'dataset' | 'dataFiles'>): boolean {
  return isOnHub({ dataset }) || [dataFiles].flat().some(isHubName)
}

/** By which source a component is read: the key of `sources`. */
export function formatOf ({ dataset, hub }: Pick<Component, 'dataset' | 'hub'>): string {
  return hub?.format ?? dataset
}

/** The options that a component has for its source. Of one on the Hub, what its format has no use for is left out: it is known only once the files are found. */
export function sourceOptionsOf ({ sourceOptions, hub, ...component }: Component): Readonly<Record<string, unknown>> {
  if (hub === undefined) return sourceOptions
  const { shape } = sources[formatOf({ hub, ...component })]!.options
  const own = Object.entries(sourceOptions).filter(([key, value]) => value !== undefined && Object.hasOwn(shape, key))
  return { ...hub.options, ...Object.fromEntries(own) }
}

/** What a component on the Hub was asked for, and what it was found to be, as settings of a job have it: by this the next run knows its files. */
export function hubSettings ({ subset, split, revision, hub }: Component): { readonly hub?: unknown } {
  if (hub === undefined) return {}
  const { dataFiles, subset: foundSubset, split: foundSplit, ...found } = hub
  return { hub: { asked: { subset, split, revision, data_files: dataFiles }, subset: foundSubset, split: foundSplit, ...renameKeys(found, snakeCase) } }
}
