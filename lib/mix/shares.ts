import { SluiceError } from '../errors.ts'
import { percent } from '../text/numbers.ts'

/** A source of a mixture: what it has, and what is requested of it. */
export interface Source {
  readonly name: string
  /** The requested share of the mixture's tokens, from 0 to 1; null where shares follow the sizes. */
  readonly share: number | null
  /** Tokens that can be drawn in an epoch. */
  readonly tokens: number
  /** How often each document may be drawn; null for any number of times. */
  readonly maxEpochs: number | null
}

/** The size of a mixture: its tokens, or how often its documents are drawn. */
export type Budget = { readonly tokens: number } | { readonly epochs: number }

/** What is drawn from a source. */
export interface Quota {
  readonly name: string
  /** Tokens to draw, a whole number. */
  readonly tokens: number
  /** How often each document is drawn: 1.5 for all of them once, and half of them again. */
  readonly epochs: number
  /** The share that was requested; null where shares follow the sizes. */
  readonly share: number | null
  /** Whether `maxEpochs` leaves the source less than its share. */
  readonly isCapped: boolean
}

/**
 * Divides a budget of tokens among sources.
 *
 * A source whose share would take more epochs than it may gets as many tokens as its epochs give. What is left of its
 * share is divided among the others, in proportion to theirs. With `epochs` and shares, the mixture is as large as it
 * can be without drawing from any source more often than that.
 *
 * @param sources with shares that sum to 1, or all without
 * @throws SluiceError `ERR_OPTION` when the epochs of all sources together don't give the tokens
 */
export function quotasOf (sources: readonly Source[], budget: Budget): Quota[] {
  if ('epochs' in budget) return quotasOf(sources, { tokens: tokensOfEpochs(sources, budget.epochs) })
  const all = sources.reduce((sum, { tokens }) => sum + tokens, 0)
  const shareOf = ({ share, tokens }: Source): number => share ?? tokens / all
  const capped = new Set<Source>()
  for (;;) {
    const open = sources.filter(source => !capped.has(source) && shareOf(source) > 0)
    const left = budget.tokens - sum([...capped].map(capOf))
    const scale = left / sum(open.map(shareOf))
    const over = open.filter(source => scale * shareOf(source) > capOf(source))
    if (over.length === 0 && (open.length > 0 || left <= 0)) return sources.map(quota(scale))
    for (const source of over) capped.add(source)
    if (over.length === open.length) throw tooLarge(sources, budget.tokens)
  }

  function quota (scale: number) {
    return (source: Source): Quota => {
      const isCapped = capped.has(source)
      const tokens = Math.round(isCapped ? capOf(source) : scale * shareOf(source))
      const { name, share } = source
      return { name, tokens, epochs: source.tokens === 0 ? 0 : tokens / source.tokens, share, isCapped }
    }
  }
}

/** The tokens of the largest mixture that draws from no source more often than `epochs` and the source allow. */
function tokensOfEpochs (sources: readonly Source[], epochs: number): number {
  const atMost = ({ tokens, maxEpochs }: Source): number => tokens * Math.min(epochs, maxEpochs ?? Infinity)
  const shared = sources.filter(({ share }) => share !== null && share > 0)
  if (shared.length === 0) return sum(sources.map(atMost))
  return Math.floor(Math.min(...shared.map(source => atMost(source) / source.share!)))
}

/** The largest number of tokens that a source may give. */
function capOf ({ tokens, maxEpochs }: Source): number {
  return maxEpochs === null && tokens > 0 ? Infinity : tokens * (maxEpochs ?? 0)
}

function tooLarge (sources: readonly Source[], tokens: number): SluiceError {
  const most = Math.floor(sum(sources.filter(({ share }) => share !== 0).map(capOf)))
  const caps = sources.map(({ name, tokens, maxEpochs }) => `${name}: ${tokens} tokens, ${maxEpochs ?? 'any'} epochs`)
  return new SluiceError('ERR_OPTION', `mixture.tokens: ${tokens} are more than the sources give in their epochs, ` +
    `at most ${most} (${caps.join('; ')}); ask for fewer tokens, or raise max_epochs`)
}

/** @throws SluiceError `ERR_OPTION` unless the shares sum to 1 */
export function checkShares (shares: Readonly<Record<string, number>>): void {
  const total = sum(Object.values(shares))
  if (Math.abs(total - 1) < 1e-6) return
  const listed = Object.entries(shares).map(([name, share]) => `${name} ${share}`).join(', ')
  throw new SluiceError('ERR_OPTION', `mixture.sources: the shares sum to ${percent(total, 1)}, expected 1 (${listed})`)
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
