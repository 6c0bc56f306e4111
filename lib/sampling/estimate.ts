/** An estimate of a number, with its 95 % confidence interval. */
export interface Estimate {
  readonly guess: number
  readonly low: number
  readonly high: number
}

/** 95 % of a normal distribution are within this many standard deviations. */
const Z = 1.96

/**
 * Estimates the share of a whole that has a property from the share of a random sample (Wilson, JASA 22, 1927). The
 * interval has a width even if none or all of the sample have the property.
 *
 * @param sampled size of the sample; infinite for the whole itself
 */
export function estimateShare (share: number, sampled: number): Estimate {
  if (sampled === 0) return { guess: 0, low: 0, high: 1 }
  if (sampled === Infinity) return { guess: share, low: share, high: share }
  const center = (share + Z ** 2 / (2 * sampled)) / (1 + Z ** 2 / sampled)
  const spread = Z / (1 + Z ** 2 / sampled) * Math.sqrt(share * (1 - share) / sampled + Z ** 2 / (4 * sampled ** 2))
  return {
    guess: share,
    low: Math.max(0, Math.min(share, center - spread)),
    high: Math.min(1, Math.max(share, center + spread))
  }
}

/** The product of two estimates. Its bounds hold even if the two depend on each other. */
export function multiplyEstimates (a: Estimate, b: Estimate): Estimate {
  return { guess: Math.round(a.guess * b.guess), low: Math.round(a.low * b.low), high: Math.round(a.high * b.high) }
}

/** A document of a sample, its size, and the amount to estimate (its tokens, say). */
export interface Drawn {
  readonly size: number
  readonly amount: number
  /** How much of the sum of all sizes it represents. */
  readonly weight: number
}

/** The sum of estimates. Its bounds hold even if they depend on each other. */
export function addEstimates (estimates: readonly Estimate[]): Estimate {
  const sum = (of: keyof Estimate): number => estimates.reduce((total, estimate) => total + estimate[of], 0)
  return { guess: sum('guess'), low: sum('low'), high: sum('high') }
}

/**
 * Estimates the amount of a whole from a weighted sample (see `PrioritySample`): the ratio of amount to size, times the
 * size of the whole.
 *
 * @param wholeSize of the whole, in the unit of the sizes
 */
export function estimateTotal (sample: readonly Drawn[], wholeSize: number): Estimate {
  const weight = sample.reduce((sum, drawn) => sum + drawn.weight, 0)
  if (weight === 0) return { guess: 0, low: 0, high: 0 }
  const ratioOf = ({ amount, size }: Drawn): number => amount / size
  const ratio = sample.reduce((sum, drawn) => sum + ratioOf(drawn) * drawn.weight, 0) / weight
  // A document that represents only itself adds no variance (Duffield, Lund and Thorup, JACM 54, 2007, theorem 3).
  const variance = sample.reduce((sum, drawn) =>
    sum + (ratioOf(drawn) - ratio) ** 2 * drawn.weight * (drawn.weight - drawn.size), 0)
  const spread = Z * Math.sqrt(variance) / weight
  return ordered(ratio * wholeSize, (ratio - spread) * wholeSize, (ratio + spread) * wholeSize)
}

/** Estimates which share of a whole, by size, has a property, from a weighted sample. */
export function estimateSizeShare (sample: ReadonlyArray<Omit<Drawn, 'amount'> & { readonly has: boolean }>): Estimate {
  const sum = (of: (drawn: typeof sample[number]) => number): number =>
    sample.reduce((sum, drawn) => sum + of(drawn), 0)
  const weight = sum(drawn => drawn.weight)
  if (weight === 0) return { guess: 0, low: 0, high: 1 }
  // The effective size of a weighted sample (Kish, Survey Sampling, 1965, 8.2).
  const effective = sample.every(drawn => drawn.weight === drawn.size)
    ? Infinity
    : weight ** 2 / sum(drawn => drawn.weight ** 2)
  return estimateShare(sum(({ weight, has }) => has ? weight : 0) / weight, effective)
}

/** An estimate times a factor, at most `max`. */
export function scaleEstimate ({ guess, low, high }: Estimate, factor: number, max = Infinity): Estimate {
  const scaled = (value: number): number => Math.min(max, Math.round(value * factor))
  return { guess: scaled(guess), low: scaled(low), high: scaled(high) }
}

function ordered (guess: number, low: number, high: number): Estimate {
  return {
    guess: Math.round(guess),
    low: Math.round(Math.max(0, Math.min(low, guess))),
    high: Math.round(Math.max(high, guess))
  }
}
