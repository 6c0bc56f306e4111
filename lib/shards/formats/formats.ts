import type { Dtype } from '../npy.ts'
import { ds } from './ds.ts'
import type { FlatFormat, FormatName, RowFormat, ShardFormat } from './format.ts'
import { llmc } from './llmc.ts'
import { mds } from './mds.ts'
import { megatron } from './megatron.ts'
import { olmo } from './olmo.ts'
import { parquet } from './parquet.ts'

const flat = { megatron, olmo, ds, llmc } as const
const rows = { mds, parquet } as const

/** Names of flat formats, whose readers cut sequences themselves. */
export const flatFormats = ['megatron', 'olmo', 'ds', 'llmc'] as const
export type FlatName = typeof flatFormats[number]
/** Names of formats of rows, without `npy`. */
export const rowFormats = ['mds', 'parquet'] as const
export type RowName = typeof rowFormats[number]

export function flatFormat (name: FlatName): FlatFormat {
  return flat[name]
}

export function rowFormat (name: RowName): RowFormat {
  return rows[name]
}

export function isFlat (name: FormatName): name is FlatName {
  return Object.hasOwn(flat, name)
}

/** A format other than `npy`. */
export function otherFormat (name: FlatName | RowName): ShardFormat {
  return isFlat(name) ? flat[name] : rows[name]
}

const NPY_DTYPES: readonly Dtype[] = ['int32', 'uint16', 'uint32']

/** The types in which a format can store the ids of a vocabulary, the default first. */
export function dtypesFor (name: FormatName, vocabSize: number): readonly Dtype[] {
  if (name !== 'npy') return otherFormat(name).dtypesFor(vocabSize)
  return vocabSize <= 2 ** 16 ? NPY_DTYPES : NPY_DTYPES.filter(dtype => dtype !== 'uint16')
}

/** The type of the ids if none is set. */
export function defaultDtype (name: FormatName, vocabSize: number): Dtype {
  return dtypesFor(name, vocabSize)[0] ?? 'int32'
}

/**
 * Why a format can't store the ids of a vocabulary, and what to do; null if it can.
 *
 * @param dtype the type that was requested; null for the default
 */
export function unfit (name: FormatName, vocabSize: number, dtype: Dtype | null): string | null {
  const possible = dtypesFor(name, vocabSize)
  const has = `the tokenizer has ${vocabSize} pieces`
  if (possible.length === 0) {
    const limit = name === 'npy' ? undefined : otherFormat(name).limit
    const why = limit ?? 'no type holds its ids'
    return `format ${name} can't store this vocabulary: ${why}, and ${has}; use another format`
  }
  if (dtype === null || possible.includes(dtype)) return null
  return `format ${name} can't store these ids as ${dtype}: ${has}; use ${possible.join(' or ')}, or leave out dtype`
}
