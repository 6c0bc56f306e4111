/** Chooses a subset and a split of a dataset. */
import { SluiceError } from '../errors.ts'
import type { Card, CardConfig } from './card.ts'
import { USUAL_SPLITS, isSplitName } from './patterns.ts'

/** A message lists at most this many names; some cards have hundreds. */
const MAX_NAMES = 40

/** Lists names for a message. */
export function listed (names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.slice(0, MAX_NAMES).join(', ') + more
}

/**
 * Chooses a subset: the requested one; without a request, the only one, or the one that is named `default` or marked as
 * the default.
 *
 * @param names of all subsets
 * @param marked names of the subsets that are marked as the default
 * @throws SluiceError `ERR_DATASET`, listing the subsets, if the requested one doesn't exist, or none is requested and
 *   there is no single default
 */
export function chooseSubset (
  names: readonly string[], marked: readonly string[], wanted: string | null, dataset: string
): string {
  if (wanted !== null) {
    if (names.includes(wanted)) return wanted
    throw new SluiceError('ERR_DATASET', `${dataset} has no subset ${JSON.stringify(wanted)}; ` +
      `its subsets are: ${listed(names)}`)
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
 * Chooses a subset of a card as `chooseSubset` does. Without a request and a default, the subset that `dataset_info`
 * describes is taken, if it describes only one.
 */
export function chooseConfig (card: Card, wanted: string | null, dataset: string): CardConfig {
  const names = card.configs.map(({ name }) => name)
  const name = wanted === null ? defaultConfig(card)?.name ?? null : wanted
  const chosen = chooseSubset(names, markedOf(card), name, dataset)
  return card.configs.find(config => config.name === chosen)!
}

/** The subset of a card that is taken if none is requested; null if there is no single default. */
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

/** The subset that `dataset_info` describes; null if it describes several or none. */
export function describedSubset (card: Card): string | null {
  const names = new Set(card.datasetInfo.map(({ config_name: name }) => typeof name === 'string' ? name : 'default'))
  const [name] = names
  return names.size === 1 ? name! : null
}

/**
 * Chooses a split: the requested one, else the first of `train`, `validation` and `test` that exists, with a warning.
 *
 * @param of the dataset and subset, for messages
 * @throws SluiceError `ERR_DATASET`, listing the splits, if none of these exists, and for `train[:10%]`, `train+test`
 *   and `all`, which are not names of a split
 */
export function chooseSplit (splits: readonly string[], wanted: string, of: string, warnings: string[]): string {
  if (splits.includes(wanted)) return wanted
  const there = `the splits of ${of} are: ${listed(splits)}`
  if (!isSplitName(wanted)) {
    throw new SluiceError('ERR_DATASET', `${JSON.stringify(wanted)} is not the name of a split: ` +
      `only whole splits are read, one at a time; to read the beginning of one, use --limit; ${there}`)
  }
  if (wanted === 'all') {
    throw new SluiceError('ERR_DATASET', `"all" is not the name of a split: splits are read one at a time; ${there}`)
  }
  const instead = USUAL_SPLITS.find(split => splits.includes(split))
  if (instead === undefined) {
    throw new SluiceError('ERR_DATASET', `there is no split ${JSON.stringify(wanted)}; ${there}`)
  }
  warnings.push(`there is no split ${JSON.stringify(wanted)}: ${JSON.stringify(instead)} is read instead; ${there}`)
  return instead
}
