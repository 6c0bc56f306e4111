/** Formats a share: `71.43 %`. `digits` are those after the point; by default there are up to three digits in all. */
export function percent (share: number, digits?: number): string {
  return `${digits === undefined ? Number((100 * share).toPrecision(3)) : (100 * share).toFixed(digits)} %`
}

/**
 * Formats a number with commas between the thousands, and at most three digits after the point, as `toLocaleString`
 * does, which takes 20 ms to load the data of languages.
 */
export function number (value = 0): string {
  const [whole, fraction] = String(Number.isInteger(value) ? value : Math.round(1000 * value) / 1000).split('.')
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Three digits: `1,234` stays, 12,345,678 is `12.3 M`. */
export function amount (value: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  const power = value < 10000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return power === 0 ? number(value) : `${Number((value / 1000 ** power).toPrecision(3))}${units[power]!}`
}

/** Since a time of `performance.now`, to milliseconds. */
export function secondsSince (started: number): number {
  return Math.round(performance.now() - started) / 1000
}
