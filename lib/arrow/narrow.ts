import { type DataType, Type } from '@uwdata/flechette'
import { type Step, noField, noList, unnamedList } from '../columns/text-column.ts'
import type { Vector } from './values.ts'

/** A type reduced to the one field that is read. */
export interface Narrowed {
  readonly type: DataType
  /** The type of the values that are read; for lists, of their items. */
  readonly end: DataType
  /** Reduces a vector in the same way. */
  readonly of: (vector: Vector) => Vector
}

const LISTS: ReadonlySet<number> = new Set([
  Type.List, Type.LargeList, Type.ListView, Type.LargeListView, Type.FixedSizeList
])

/**
 * Reduces a type to the field at the end of a path.
 *
 * @param lists the number of nested lists around the items, which have the fields in `steps`
 * @throws Error when there is no such field
 */
export function narrowed (name: string, type: DataType, lists: number, steps: readonly Step[]): Narrowed {
  const children = 'children' in type ? type.children : []
  if (LISTS.has(type.typeId)) {
    if (lists === 0 && steps.length > 0) throw unnamedList(name)
    return around(type, 0, narrowed(name, children[0]!.type, Math.max(0, lists - 1), steps))
  }
  if (lists > 0) throw noList(name)
  const [step, ...further] = steps
  if (step === undefined) return { type, end: type, of: vector => vector }
  const index = type.typeId === Type.Struct ? children.findIndex(({ name }) => name === step.name) : -1
  if (index === -1) throw noField(step.name, type.typeId === Type.Struct ? children.map(({ name }) => name) : [])
  return around(type, index, narrowed(step.name, children[index]!.type, step.lists, further))
}

type NestedType = DataType & { readonly children: ReadonlyArray<{ readonly name: string, readonly type: DataType }> }

function around (outer: DataType, index: number, { type: inner, end, of }: Narrowed): Narrowed {
  const { children } = outer as NestedType
  const type = { ...outer, children: [{ ...children[index]!, type: inner }] } as DataType
  return { type, end, of: vector => ({ ...vector, type, children: [of(vector.children![index]!)] }) }
}
