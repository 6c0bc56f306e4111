/** A guess of a total, and between which bounds it lies in 19 cases of 20. */
export interface Estimate {
  readonly guess: number
  readonly low: number
  readonly high: number
}

/** The share of the standard normal distribution that lies within so many standard deviations is 19 of 20. */
const Z = 1.96

/**
 * The share of a whole that has a property, by the share of a random sample that has it (Wilson, JASA 22, 1927): with
 * none or all of the sample, too, the whole may have others.
 *
 * @param sampled how many were drawn; infinite for the whole itself
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

/** The product of two estimates; its bounds are no closer than they need be, as the two may hang together. */
export function multiplyEstimates (a: Estimate, b: Estimate): Estimate {
  return { guess: Math.round(a.guess * b.guess), low: Math.round(a.low * b.low), high: Math.round(a.high * b.high) }
}

/**
 * A document that was drawn: its size, what of interest it brings (tokens, say), and how much of all sizes it stands
 * for.
 */
export interface Drawn {
  readonly size: number
  readonly amount: number
  readonly weight: number
}

/**
 * How much a whole brings, by what a sample does whose members stand for shares of it (see `PrioritySample`): the ratio
 * of amount to size, times the size of the whole.
 *
 * @param wholeSize of all that there is, in the unit of the sizes
 */
export function estimateTotal (sample: readonly Drawn[], wholeSize: number): Estimate {
  const weight = sample.reduce((sum, drawn) => sum + drawn.weight, 0)
  if (weight === 0) return { guess: 0, low: 0, high: 0 }
  const ratioOf = ({ amount, size }: Drawn): number => amount / size
  const ratio = sample.reduce((sum, drawn) => sum + ratioOf(drawn) * drawn.weight, 0) / weight
  // What stands for itself only is no matter of chance (Duffield, Lund and Thorup, JACM 54, 2007, theorem 3).
  const variance = sample.reduce((sum, drawn) =>
    sum + (ratioOf(drawn) - ratio) ** 2 * drawn.weight * (drawn.weight - drawn.size), 0)
  const spread = Z * Math.sqrt(variance) / weight
  return ordered(ratio * wholeSize, (ratio - spread) * wholeSize, (ratio + spread) * wholeSize)
}

/** The share of all sizes that those have who have a property, by a sample whose members stand for shares of it. */
export function estimateSizeShare (sample: ReadonlyArray<Omit<Drawn, 'amount'> & { readonly has: boolean }>): Estimate {
  const sum = (of: (drawn: typeof sample[number]) => number): number =>
    sample.reduce((sum, drawn) => sum + of(drawn), 0)
  const weight = sum(drawn => drawn.weight)
  if (weight === 0) return { guess: 0, low: 0, high: 1 }
  // As many members of one weight would tell as much (Kish, Survey Sampling, 1965, 8.2).
  const effective = sample.every(drawn => drawn.weight === drawn.size)
    ? Infinity
    : weight ** 2 / sum(drawn => drawn.weight ** 2)
  return estimateShare(sum(({ weight, has }) => has ? weight : 0) / weight, effective)
}

/** An estimate times a factor, cut at a maximum. */
export function scaleEstimate ({ guess, low, high }: Estimate, factor: number, most = Infinity): Estimate {
  const scaled = (value: number): number => Math.min(most, Math.round(value * factor))
  return { guess: scaled(guess), low: scaled(low), high: scaled(high) }
}

function ordered (guess: number, low: number, high: number): Estimate {
  return {
    guess: Math.round(guess),
    low: Math.round(Math.max(0, Math.min(low, guess))),
    high: Math.round(Math.max(high, guess))
  }
}
