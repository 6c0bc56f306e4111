import { type Step, noField, noList, unnamedList } from '../columns/text-column.ts'
import type { Field } from './schema.ts'

/** A field reduced to the one nested field that is read. */
export interface Narrowed {
  /** The reduced field. */
  readonly field: Field
  /** The nested field that is read; for lists, their items. */
  readonly end: Field
}

/**
 * Reduces a field to the nested field at the end of a path.
 *
 * @param lists the number of nested lists around the items, which have the fields in `steps`
 * @param name for messages: the name of the column or field, where the format has levels in between
 * @throws Error when there is no such field
 */
export function narrowed (field: Field, lists: number, steps: readonly Step[], name = field.name): Narrowed {
  const { is, isMap, repeated, children } = field
  if (repeated && lists === 0 && steps.length > 0) throw unnamedList(name)
  const left = repeated ? Math.max(0, lists - 1) : lists
  if ((is === 'list' && !isMap) || is === 'item') return around(field, narrowed(children[0]!, left, steps, name))
  if (left > 0) throw noList(name)
  const [step, ...further] = steps
  if (step === undefined) return { field, end: is === 'leaf' ? { ...field, repeated: false } : field }
  const child = is === 'struct' ? children.find(({ name }) => name === step.name) : undefined
  if (child === undefined) throw noField(step.name, is === 'struct' ? children.map(({ name }) => name) : [])
  return around(field, narrowed(child, step.lists, further))
}

function around (field: Field, { field: child, end }: Narrowed): Narrowed {
  return { field: { ...field, children: [child], leaves: child.leaves }, end }
}
