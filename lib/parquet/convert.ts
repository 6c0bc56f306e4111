import type { SchemaElement } from 'hyparquet'
import {
  type Kind, type Value, DIGITS, date, decimal, float16, text, time, timestamp, uuid
} from '../columns/values.ts'
import type { Raw } from './values.ts'

/** The kind of a column's values, and how a stored value is converted. */
export interface Conversion {
  readonly kind: Kind
  readonly convert: (raw: Raw) => Value
}

/** The older converted types only apply where there is no logical type. @see parquet-format, LogicalTypes.md */
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
  switch (converted) { // the older types are always in UTC
    case 'TIMESTAMP_MILLIS': return { kind: 'timestamp', convert: raw => timestamp(raw as bigint, 3, 'Z') }
    case 'TIMESTAMP_MICROS': return { kind: 'timestamp', convert: raw => timestamp(raw as bigint, 6, 'Z') }
    case 'TIME_MILLIS': return { kind: 'time', convert: raw => time(BigInt(raw as number), 3) }
    case 'TIME_MICROS': return { kind: 'time', convert: raw => time(raw as bigint, 6) }
  }
  const unsigned = logical?.type === 'INTEGER' ? !logical.isSigned : converted?.startsWith('UINT_') === true
  if (!unsigned) return { kind: 'integer', convert: raw => raw }
  return {
    kind: 'integer',
    convert: type === 'INT64' ? raw => BigInt.asUintN(64, raw as bigint) : raw => (raw as number) >>> 0
  }
}

/** Reads an integer in two's complement, highest byte first. */
function signed (bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
}

/**
 * Nanoseconds of the day, and the Julian day: how Impala and older Spark store a timestamp. 2,440,588 is 1970-01-01.
 */
function int96Nanoseconds (bytes: Buffer): bigint {
  return bytes.readBigUInt64LE(0) + BigInt(bytes.readInt32LE(8) - 2_440_588) * 86_400_000_000_000n
}
