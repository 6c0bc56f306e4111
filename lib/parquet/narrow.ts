import { type Step, noField, noList, unnamedList } from '../columns/text-column.ts'
import type { Field } from './schema.ts'

/** A field of which only one place is read. */
export interface Narrowed {
  /** The field, with nothing in it but what lies there. */
  readonly field: Field
  /** What lies there; of a list its items. */
  readonly end: Field
}

/**
 * A field without what lies beside a place in it.
 *
 * @param lists items of so many lists in each other are taken, and of these the steps
 * @param name for messages: that of the column or field, where the format has levels in between
 * @throws Error when there is no such place
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
