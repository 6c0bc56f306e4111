import { textKind } from '../../lib/output/own-file.ts'
import type { DataSource } from './config-data.ts'
import { type ConfigData, type Trainer, WRITTEN, head, placeOf, rounded } from './config-trainer.ts'
import { yamlText } from './config-yaml.ts'

const NAME = 'nested-learning'
/** Also that of its list of segments. */
const KIND = textKind(`a configuration for ${NAME} by sluice`, new RegExp(`^# ${WRITTEN} for ${NAME},`))

/** https://github.com/kmccleary3301/nested_learning: the key `data` of its YAML files. */
export const nestedLearning: Trainer = {
  format: 'npy',
  kind: KIND,
  notes,
  write (data, { batchSize, numWorkers, seed }) {
    const sources = data.sources.map(({ name, folder, weight }) => {
      return { name, shards_dir: folder, weight: rounded(weight) }
    })
    const mixture = { samples_per_epoch: data.samples, seed, sources }
    const content = { data: { source: 'mixture', batch_size: batchSize, num_workers: numWorkers, mixture } }
    return head(data, NAME, notes(data)) + yamlText(content)
  }
}

function notes ({ sources }: ConfigData): string[] {
  const draws = 'The loader draws rows with replacement: a file of a source at random, then a row of it.'
  const capped = sources.filter(({ maxEpochs }) => maxEpochs !== null).map(({ name }) => name)
  if (capped.length === 0) return [draws]
  return [draws, `So max_epochs (of ${capped.join(', ')}) limits the weights here, but not how often a row is drawn.`]
}

/** The segments of continual learning: each component, by the dates in their names if all have one. */
export function segmentsText (manifest: string, components: readonly DataSource[]): string {
  const segments = inOrder(components.map(source => {
    return { name: source.name, shards_dir: placeOf(source, 'npy').folder }
  }))
  const head = `# ${WRITTEN} for ${NAME}, of ${manifest}, for scripts/eval/continual.py --segments-yaml.\n`
  return head + yamlText({ segments })
}

/** 2024, 2024-06, 2024_06_30 or 202406. */
const DATE = /(?<!\d)(?:19|20)\d\d(?:[-_]?\d\d){0,2}(?!\d)/

function inOrder<T extends { readonly name: string }> (segments: readonly T[]): readonly T[] {
  const dates = new Map(segments.map(segment => [segment, DATE.exec(segment.name)?.[0].replace(/\D/g, '')]))
  const dateOf = (segment: T): string => dates.get(segment) ?? ''
  if (segments.some(segment => dateOf(segment) === '')) return segments
  return segments.toSorted((one, other) => dateOf(one) < dateOf(other) ? -1 : dateOf(one) > dateOf(other) ? 1 : 0)
}
