/** Which subset and which split of a dataset are meant. */
import { SluiceError } from '../errors.ts'
import type { Card, CardConfig } from './card.ts'
import { USUAL_SPLITS, isSplitName } from './patterns.ts'

/** Names in a message are no more than these; cards have some hundred. */
const MOST_NAMES = 40

/** Names for a message. */
export function listed (names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
  return names.slice(0, MOST_NAMES).join(', ') + more
}

/**
 * The subset that is meant: the one named; where none is, the only one, else the one called `default` or marked as
 * such.
 *
 * @param names of the subsets that there are
 * @param marked those of them that are marked as the default
 * @throws SluiceError `ERR_DATASET` that lists those there are, where the one named isn't there, or none is named and
 *   it is not clear which is meant
 */
export function chooseSubset (
  names: readonly string[],
  marked: readonly string[],
  wanted: string | null,
  dataset: string
): string {
  if (wanted !== null) {
    if (names.includes(wanted)) return wanted
    throw new SluiceError('ERR_DATASET', `${dataset} has no subset ${JSON.stringify(wanted)}; ` +
      `there are: ${listed(names)}`)
  }
  if (names.length === 1) return names[0]!
  const isMarked = new Set(marked)
  const defaults = names.filter(name => name === 'default' || isMarked.has(name))
  if (defaults.length === 1) return defaults[0]!
  throw new SluiceError('ERR_DATASET', defaults.length > 1
    ? `${dataset} has several subsets that are marked as the default; name one of them: ${listed(defaults)}`
    : `${dataset} has several subsets and no default; name one of them: ${listed(names)}`)
}

/**
 * The subset of a card that is meant, as `chooseSubset` tells; where it can't, the one that `dataset_info` is of, if it
 * is of one alone.
 */
export function chooseConfig (card: Card, wanted: string | null, dataset: string): CardConfig {
  const names = card.configs.map(({ name }) => name)
  const name = wanted === null ? defaultConfig(card)?.name ?? null : wanted
  const chosen = chooseSubset(names, markedOf(card), name, dataset)
  return card.configs.find(config => config.name === chosen)!
}

/** The subset of a card that is meant where none is named; null where it isn't clear. */
export function defaultConfig (card: Card): CardConfig | null {
  const defaults = card.configs.length === 1
    ? card.configs
    : card.configs.filter(({ name, isDefault }) => isDefault || name === 'default')
  const described = defaults.length === 0 ? card.configs.filter(({ name }) => name === describedSubset(card)) : defaults
  return described.length === 1 ? described[0]! : null
}

/** The subsets that a card marks as the default. */
export function markedOf (card: Card): string[] {
  return card.configs.filter(({ isDefault }) => isDefault).map(({ name }) => name)
}

/** The subset that `dataset_info` is of; null where it is of several, or there is none. */
export function describedSubset (card: Card): string | null {
  const names = new Set(card.datasetInfo.map(({ config_name: name }) => typeof name === 'string' ? name : 'default'))
  const [name] = names
  return names.size === 1 ? name! : null
}

/**
 * The split that is meant: the one named, else the first of `train`, `validation` and `test` that there is, with a
 * warning.
 *
 * @param of what they are splits of, for messages
 * @throws SluiceError `ERR_DATASET` that lists those there are where there is none of them; for `train[:10%]`,
 *   `train+test` and `all`, which name no split
 */
export function chooseSplit (splits: readonly string[], wanted: string, of: string, warnings: string[]): string {
  if (splits.includes(wanted)) return wanted
  const there = `${of} has the splits: ${listed(splits)}`
  if (!isSplitName(wanted)) {
    throw new SluiceError('ERR_DATASET', `${JSON.stringify(wanted)} names no split: only whole splits are read, ` +
      `one at a time; to read the beginning of one, use --limit; ${there}`)
  }
  if (wanted === 'all') {
    throw new SluiceError('ERR_DATASET', `"all" names no split: splits are read one at a time; ${there}`)
  }
  const instead = USUAL_SPLITS.find(split => splits.includes(split))
  if (instead === undefined) {
    throw new SluiceError('ERR_DATASET', `there is no split ${JSON.stringify(wanted)}; ${there}`)
  }
  warnings.push(`there is no split ${JSON.stringify(wanted)}: ${JSON.stringify(instead)} is read instead; ${there}`)
  return instead
}
