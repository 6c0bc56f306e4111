/** A guess of a total, and between which bounds it lies in 19 cases of 20. */
export interface Estimate {
  readonly guess: number
  readonly low: number
  readonly high: number
}

/** A document that was drawn: how much of the whole it takes up (bytes, or 1), and what of interest it brings (tokens, or 1). */
export interface Drawn {
  readonly size: number
  readonly amount: number
}

/**
 * How much the whole brings, by what a sample of it does, in proportion to the size.
 *
 * The ratio estimator with its variance by linearization and the correction for a sample that is a good part of the whole
 * (Cochran, Sampling Techniques, 3rd ed., 6.4); a sample that is the whole gives its sum without any spread.
 *
 * @param sample what was drawn
 * @param wholeSize of all that there is, in the unit of the sizes
 */
export function estimateTotal (sample: readonly Drawn[], wholeSize: number): Estimate {
  const n = sample.length
  const size = sample.reduce((sum, drawn) => sum + drawn.size, 0)
  if (n === 0 || size === 0) return { guess: 0, low: 0, high: 0 }
  const amount = sample.reduce((sum, drawn) => sum + drawn.amount, 0)
  const ratio = amount / size
  const guess = Math.max(ratio * wholeSize, amount)
  const residuals = sample.reduce((sum, drawn) => sum + (drawn.amount - ratio * drawn.size) ** 2, 0)
  const variance = n < 2 ? (ratio * size) ** 2 : residuals / (n - 1)
  const unseen = Math.max(0, 1 - size / wholeSize)
  const spread = 1.96 * wholeSize / (size / n) * Math.sqrt(unseen * variance / n)
  return { guess: Math.round(guess), low: Math.round(Math.max(amount, guess - spread)), high: Math.round(guess + spread) }
}

/** An estimate times a factor, cut at a maximum. */
export function scaleEstimate ({ guess, low, high }: Estimate, factor: number, most = Infinity): Estimate {
  const scaled = (value: number): number => Math.min(most, Math.round(value * factor))
  return { guess: scaled(guess), low: scaled(low), high: scaled(high) }
}
