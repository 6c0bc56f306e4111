/** Whether an order is what a uniform permutation would be: statistics with their distribution. */

export interface Statistic {
  readonly what: string
  readonly value: number
  /** A uniform permutation is between these in all but 1 of 10,000 cases. */
  readonly least: number
  readonly most: number
}

/** A value exceeds these, on one side, in 1 of 20,000 cases: of a normal distribution, and of Kolmogorov's. */
const NORMAL_QUANTILE = 3.89
const KOLMOGOROV_QUANTILE = 2.31
/** A Poisson distribution with the mean 2 exceeds this in 1 of 30,000 cases. */
const POISSON_QUANTILE = 9

const WINDOWS = 100

/**
 * The statistics of an order.
 *
 * @param order the original index of the record at each place
 * @param sourceOf the number of the source of an original index
 */
export function statisticsOf (order: Uint32Array, sourceOf: (index: number) => number): Statistic[] {
  const distances = neighbourDistances(order)
  let together = 0
  while (distances[together] === 1) together++
  return [
    {
      what: 'neighbours: Kolmogorov-Smirnov statistic of their distances',
      value: kolmogorov(distances),
      least: 0,
      most: KOLMOGOROV_QUANTILE
    },
    { what: 'neighbours that are neighbours still', value: together, least: 0, most: POISSON_QUANTILE },
    {
      what: 'sources in windows of 1 %: chi-square, as standard deviations',
      value: unevenness(order, sourceOf),
      least: -NORMAL_QUANTILE,
      most: NORMAL_QUANTILE
    },
    {
      what: 'original indexes in windows of 1 %: chi-square, as standard deviations',
      value: unevenness(order, index => Math.floor(index * WINDOWS / order.length)),
      least: -NORMAL_QUANTILE,
      most: NORMAL_QUANTILE
    }
  ]
}

export function isUniform ({ value, least, most }: Statistic): boolean {
  return value >= least && value <= most
}

/** The distances of records that were neighbours, sorted. */
function neighbourDistances (order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length)
  order.forEach((index, place) => { places[index] = place })
  return new Uint32Array(order.length - 1).map((_, i) => Math.abs(places[i + 1]! - places[i]!)).sort()
}

/**
 * The Kolmogorov-Smirnov statistic of distances, times the square root of their number. Of n places, two different ones
 * are at most d apart with the probability 1 - (n - d)(n - d - 1) / n(n - 1).
 */
function kolmogorov (distances: Uint32Array): number {
  const n = distances.length + 1
  const share = (distance: number): number => 1 - (n - distance) * (n - distance - 1) / n / (n - 1)
  let most = 0
  for (let i = 0; i < distances.length;) {
    const distance = distances[i]!
    const before = i / distances.length
    while (i < distances.length && distances[i] === distance) i++
    most = Math.max(most, Math.abs(i / distances.length - share(distance)), Math.abs(before - share(distance - 1)))
  }
  return most * Math.sqrt(distances.length)
}

/**
 * The chi-square statistic of the counts of sources in windows of 1 %, which a uniform permutation distributes as a
 * table with given sums, as standard deviations of the normal distribution (Wilson and Hilferty, 1931).
 */
function unevenness (order: Uint32Array, sourceOf: (index: number) => number): number {
  const totals: number[] = []
  const windows = Array.from({ length: WINDOWS }, (): number[] => [])
  order.forEach((index, place) => {
    const source = sourceOf(index)
    const counts = windows[Math.floor(place * WINDOWS / order.length)]!
    counts[source] = (counts[source] ?? 0) + 1
    totals[source] = (totals[source] ?? 0) + 1
  })
  let chiSquare = 0
  for (const counts of windows) {
    const size = counts.reduce((sum, count) => sum + count, 0)
    totals.forEach((total, source) => {
      const expected = size * total / order.length
      chiSquare += ((counts[source] ?? 0) - expected) ** 2 / expected
    })
  }
  chiSquare *= (order.length - 1) / order.length
  const freedom = (WINDOWS - 1) * (totals.length - 1)
  const variance = 2 / 9 / freedom
  return ((chiSquare / freedom) ** (1 / 3) - (1 - variance)) / Math.sqrt(variance)
}
