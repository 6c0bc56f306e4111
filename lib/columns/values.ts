import { isUtf8 } from 'node:buffer'

/** Takes the place of a text that isn't valid UTF-8. */
export class InvalidUtf8 {
  readonly bytes: Buffer

  constructor (bytes: Buffer) {
    this.bytes = bytes
  }
}

/**
 * Strings and numbers are JavaScript strings and numbers, and 64-bit integers are BigInt. Decimals, dates and times
 * are text with all digits.
 */
export type Value =
  | null | boolean | number | bigint | string | Buffer | InvalidUtf8 | Value[] | { readonly [field: string]: Value }

export type Kind =
  | 'boolean' | 'integer' | 'float' | 'decimal' | 'string' | 'bytes' | 'uuid' | 'date' | 'time' | 'timestamp' | 'list'
  | 'map' | 'struct'

export type Unit = 'MILLIS' | 'MICROS' | 'NANOS'

export const DIGITS: Readonly<Record<Unit, number>> = { MILLIS: 3, MICROS: 6, NANOS: 9 }

/** Decodes text. A byte order mark is kept; invalid UTF-8 gives an `InvalidUtf8`. */
export function text (bytes: Buffer): string | InvalidUtf8 {
  return isUtf8(bytes) ? bytes.toString('utf8') : new InvalidUtf8(Buffer.from(bytes))
}

/** Larger than in any real file. A damaged scale would require that many zeros. */
export const MAX_SCALE = 1000

/** Formats a decimal with exactly `scale` digits after the point. */
export function decimal (unscaled: bigint, scale: number): string {
  if (!(scale >= 0 && scale <= MAX_SCALE)) throw new Error(`a decimal of ${scale} digits after the point`)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  return (unscaled < 0n ? '-' : '') + whole + (scale > 0 ? `.${digits.slice(-scale)}` : '')
}

export function uuid (bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** IEEE 754 binary16. */
export function float16 (bits: number): number {
  const [sign, exponent, fraction] = [bits >>> 15 === 1 ? -1 : 1, (bits >>> 10) & 0x1f, bits & 0x3ff]
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** The Gregorian calendar repeats after 400 years. */
const CYCLE_DAYS = 146097

/**
 * Formats days since 1970 as `2024-02-29`. Years outside 0 to 9999 have a sign and at least six digits, as in ISO 8601.
 */
export function date (days: number): string {
  const cycle = Math.floor(days / CYCLE_DAYS) // Date has a smaller range than the format
  const within = new Date((days - cycle * CYCLE_DAYS) * 86400000).toISOString()
  const year = Number(within.slice(0, 4)) + cycle * 400
  const years = year >= 0 && year <= 9999
    ? String(year).padStart(4, '0')
    : (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(6, '0')
  return years + within.slice(4, 10)
}

/** Formats a timestamp as `2024-02-29T12:00:00.000Z`. A second has 10^digits units. */
export function timestamp (value: bigint, digits: number, zone: '' | 'Z'): string {
  const perDay = 86400n * 10n ** BigInt(digits)
  const rest = ((value % perDay) + perDay) % perDay
  return `${date(Number((value - rest) / perDay))}T${time(rest, digits)}${zone}`
}

/** Formats a time of day as `12:00:00.000`. */
export function time (value: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits)
  const seconds = Number(value / perSecond)
  const two = (number: number): string => String(number).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  const fraction = String(value % perSecond).padStart(digits, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(minutes % 60)}:${two(seconds % 60)}.${fraction}`
}
