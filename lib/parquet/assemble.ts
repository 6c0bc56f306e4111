import type { Value } from '../columns/values.ts'
import type { ColumnReader } from './column.ts'
import type { Field, Leaf } from './schema.ts'

type ReaderOf = (leaf: Leaf) => ColumnReader

/**
 * Builds a field's value from its columns, one row at a time. Nested fields are built from their levels (Melnik et al.,
 * Dremel, 2010, section 4.3). Lists become arrays, maps become arrays of `[key, value]`, and structs become objects
 * without a prototype.
 *
 * @returns a function that reads the next row; it throws when the columns don't agree on the row's shape
 */
export function assembler (field: Field, readerOf: ReaderOf): () => Value {
  const readers = field.leaves.map(readerOf)
  const value = valueOf(field, readerOf)
  return () => {
    for (const reader of readers) if (reader.rep !== 0) throw new Error('its columns don\'t agree on where a row ends')
    return value()
  }
}

function valueOf (field: Field, readerOf: ReaderOf): () => Value {
  const { maxDef, maxRep, repeated } = field
  const readers = field.leaves.map(readerOf)
  const first = readers[0]!
  const present = presentOf(field, readers, readerOf)
  if (!repeated) {
    return () => {
      if (first.def >= maxDef) return present()
      for (const reader of readers) reader.pass(maxDef)
      return null
    }
  }
  return () => {
    const items: Value[] = []
    if (first.def < maxDef) {
      for (const reader of readers) reader.pass(maxDef)
      return items
    }
    do items.push(present()); while (first.rep === maxRep)
    return items
  }
}

/** The value of a field that isn't null; for a repeated field, the value of one of its items. */
function presentOf (field: Field, readers: readonly ColumnReader[], readerOf: ReaderOf): () => Value {
  const first = readers[0]!
  if (field.is === 'leaf') return () => first.take()
  const children = field.children.map(child => [child.name, valueOf(child, readerOf)] as const)
  if (field.is === 'list' || field.is === 'item') return children[0]![1]
  const isPair = field.is === 'pair'
  return () => {
    for (const reader of readers) {
      if (reader.def < field.maxDef || reader.rep !== first.rep) {
        throw new Error('the levels of its columns don\'t agree')
      }
    }
    if (isPair) return children.map(([, value]) => value())
    const struct = Object.create(null) as Record<string, Value>
    for (const [name, value] of children) struct[name] = value()
    return struct
  }
}
