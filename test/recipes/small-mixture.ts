import { join } from 'node:path'
import type { Test } from '../tap.ts'
import { fixture, folderInMemory, howMany, ndjsonOf, put } from '../helpers.ts'

export const MODEL = fixture('tiny.model')
export const DOCUMENTS = howMany(300, 400)

export interface SmallMixture {
  readonly folder: string
  readonly manifest: string
  /** Writes the manifest again, with more keys for its component. */
  readonly write: (component?: object) => string
  readonly options: { readonly tokenizerPath: string, readonly runsDir: string }
}

/** A mixture of one component in a folder; `component` has more of its keys, `top` more of the manifest's. */
export function smallMixture (t: Test, component: object = {}, top: object = {}): SmallMixture {
  const folder = folderInMemory(t)
  const records = Array.from({ length: DOCUMENTS }, (_, i) => ({
    id: `d${i}`, text: `text number ${i}, and some more words`
  }))
  const data = put(folder, 'in.ndjson', ndjsonOf(records))
  const write = (component: object = {}): string => put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    ...top,
    datasets: [{
      name: 'a',
      dataset: 'json',
      data_files: data,
      seq_len: 16,
      sequences_per_shard: 20,
      output_dir: join(folder, 'out'),
      ...component
    }]
  }))
  return { folder, manifest: write(component), write, options: { tokenizerPath: MODEL, runsDir: join(folder, 'runs') } }
}
