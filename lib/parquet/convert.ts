import { isUtf8 } from 'node:buffer'
import type { SchemaElement } from 'hyparquet'
import { InvalidUtf8 } from '../columns/values.ts'
import type { Raw } from './values.ts'

/** Strings and numbers as JavaScript has them; 64-bit integers as BigInt; decimals, dates and times as text, every digit kept. */
export type Value = null | boolean | number | bigint | string | Buffer | InvalidUtf8 | Value[] | { readonly [field: string]: Value }

export type Kind = 'boolean' | 'integer' | 'float' | 'decimal' | 'string' | 'bytes' | 'uuid' | 'date' | 'time' | 'timestamp' | 'list' | 'map' | 'struct'

/** What a column's values are, and how one is made of what is stored. */
export interface Conversion {
  readonly kind: Kind
  readonly convert: (raw: Raw) => Value
}

type Unit = 'MILLIS' | 'MICROS' | 'NANOS'
const DIGITS: Readonly<Record<Unit, number>> = { MILLIS: 3, MICROS: 6, NANOS: 9 }

/** @see parquet-format, LogicalTypes.md; the older converted types count where there is no logical one */
export function conversionOf (element: SchemaElement): Conversion {
  const { type, converted_type: converted, logical_type: logical } = element
  const annotation = logical?.type ?? converted
  switch (type) {
    case 'BOOLEAN': return { kind: 'boolean', convert: raw => raw }
    case 'FLOAT':
    case 'DOUBLE': return { kind: 'float', convert: raw => raw }
    case 'INT96': return { kind: 'timestamp', convert: raw => timestamp(int96Nanoseconds(raw as Buffer), 9, '') }
  }
  if (annotation === 'DECIMAL') {
    const scale = (logical?.type === 'DECIMAL' ? logical.scale : element.scale) ?? 0
    return { kind: 'decimal', convert: raw => decimal(Buffer.isBuffer(raw) ? signed(raw) : BigInt(raw), scale) }
  }
  if (type === 'INT32' || type === 'INT64') return conversionOfInteger(element)
  switch (annotation) {
    case 'STRING': case 'UTF8': case 'ENUM': case 'JSON': return { kind: 'string', convert: raw => text(raw as Buffer) }
    case 'UUID': return { kind: 'uuid', convert: raw => uuid(raw as Buffer) }
    case 'FLOAT16': return { kind: 'float', convert: raw => float16((raw as Buffer).readUInt16LE(0)) }
    // A view would keep the whole page in memory for as long as the value lives.
    default: return { kind: 'bytes', convert: raw => Buffer.from(raw as Buffer) }
  }
}

function conversionOfInteger ({ type, converted_type: converted, logical_type: logical }: SchemaElement): Conversion {
  if (logical?.type === 'DATE' || converted === 'DATE') return { kind: 'date', convert: raw => date(Number(raw)) }
  if (logical?.type === 'TIMESTAMP') {
    const digits = DIGITS[logical.unit]
    const zone = logical.isAdjustedToUTC ? 'Z' : ''
    return { kind: 'timestamp', convert: raw => timestamp(raw as bigint, digits, zone) }
  }
  if (logical?.type === 'TIME') {
    const digits = DIGITS[logical.unit]
    return { kind: 'time', convert: raw => time(BigInt(raw as bigint | number), digits) }
  }
  switch (converted) { // the older ones are always adjusted to UTC
    case 'TIMESTAMP_MILLIS': return { kind: 'timestamp', convert: raw => timestamp(raw as bigint, 3, 'Z') }
    case 'TIMESTAMP_MICROS': return { kind: 'timestamp', convert: raw => timestamp(raw as bigint, 6, 'Z') }
    case 'TIME_MILLIS': return { kind: 'time', convert: raw => time(BigInt(raw as number), 3) }
    case 'TIME_MICROS': return { kind: 'time', convert: raw => time(raw as bigint, 6) }
  }
  const unsigned = logical?.type === 'INTEGER' ? !logical.isSigned : converted?.startsWith('UINT_') === true
  if (!unsigned) return { kind: 'integer', convert: raw => raw }
  return { kind: 'integer', convert: type === 'INT64' ? raw => BigInt.asUintN(64, raw as bigint) : raw => (raw as number) >>> 0 }
}

/** Bytes as text: a byte order mark stays, and what is no UTF-8 is told. */
export function text (bytes: Buffer): string | InvalidUtf8 {
  return isUtf8(bytes) ? bytes.toString('utf8') : new InvalidUtf8(Buffer.from(bytes))
}

/** An integer in two's complement, the highest byte first. */
function signed (bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
}

/** More than any writer has; a damaged scale would ask for as many zeros. */
const MAX_SCALE = 1000

/** With exactly `scale` digits behind the point. */
export function decimal (unscaled: bigint, scale: number): string {
  if (!(scale >= 0 && scale <= MAX_SCALE)) throw new Error(`a decimal of ${scale} digits behind the point`)
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

/** Of the Gregorian calendar, after which it repeats: 400 years. */
const CYCLE_DAYS = 146_097

/** `2024-02-29` for days since 1970; a year beyond 0 to 9999 with its sign and six digits or more, as ISO 8601 has it. */
export function date (days: number): string {
  const cycle = Math.floor(days / CYCLE_DAYS) // Date reaches less far than the format
  const within = new Date((days - cycle * CYCLE_DAYS) * 86_400_000).toISOString()
  const year = Number(within.slice(0, 4)) + cycle * 400
  const years = year >= 0 && year <= 9999 ? String(year).padStart(4, '0') : (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(6, '0')
  return years + within.slice(4, 10)
}

/** `2024-02-29T12:00:00.000Z`, for units of which a second has 10^digits. */
export function timestamp (value: bigint, digits: number, zone: '' | 'Z'): string {
  const perDay = 86_400n * 10n ** BigInt(digits)
  const rest = ((value % perDay) + perDay) % perDay
  return `${date(Number((value - rest) / perDay))}T${time(rest, digits)}${zone}`
}

/** `12:00:00.000` */
export function time (value: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits)
  const seconds = Number(value / perSecond)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(value % perSecond).padStart(digits, '0')}`
}

/** Nanoseconds of the day and the Julian day: how Impala and older Spark store a moment. 2,440,588 is 1970-01-01. */
function int96Nanoseconds (bytes: Buffer): bigint {
  return bytes.readBigUInt64LE(0) + BigInt(bytes.readInt32LE(8) - 2_440_588) * 86_400_000_000_000n
}
