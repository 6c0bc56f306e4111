import type { SchemaElement } from 'hyparquet'

/** A column as it is stored: one primitive value, with levels where it is optional or repeated. */
export interface Leaf {
  /** The index among the column chunks of each row group. */
  readonly index: number
  readonly path: readonly string[]
  readonly element: SchemaElement
  readonly maxDef: number
  readonly maxRep: number
}

/**
 * A field of the schema. A `list` has one child, which repeats and has its value. An `item` is a repeated group around
 * a single element. Both come from lists and maps. A `pair` is an entry of a map. A `struct` has named fields.
 */
export interface Field {
  readonly name: string
  readonly is: 'leaf' | 'list' | 'item' | 'pair' | 'struct'
  /** The entries of a map form a list. A map without values is just a list. */
  readonly isMap: boolean
  readonly repeated: boolean
  /** The definition level from which on the field isn't null. */
  readonly maxDef: number
  readonly maxRep: number
  readonly children: readonly Field[]
  /** All columns below the field, or the field itself. */
  readonly leaves: readonly Leaf[]
}

/** A group whose fields are being read. */
interface Group {
  readonly element: SchemaElement
  readonly path: readonly string[]
  readonly maxDef: number
  readonly maxRep: number
  /** 0 for the root. */
  readonly depth: number
}

/**
 * Builds the top-level fields of a file.
 *
 * @throws Error when the elements don't form a tree
 */
export function fieldsOf (elements: readonly SchemaElement[]): readonly Field[] {
  let next = 0 // index in elements, which are in depth-first order
  let leaves = 0

  function childrenOf (group: Group): Field[] {
    const count = group.element.num_children ?? 0
    if (count < 1 && group.depth > 0) throw new Error(`the group ${group.path.join('.')} has no fields`)
    const children: Field[] = []
    for (let i = 0; i < count; i++) children.push(fieldIn(group))
    return children
  }

  function fieldIn (parent: Group): Field {
    const depth = parent.depth + 1
    const element = elements[next++]
    if (element === undefined) throw new Error('the schema ends within a group')
    if (depth > MAX_DEPTH) throw new Error(`the schema has more than ${MAX_DEPTH} levels`)
    const { name, repetition_type: repetition } = element
    const path = [...parent.path, name]
    const repeated = repetition === 'REPEATED'
    const maxDef = parent.maxDef + (repetition === 'REQUIRED' ? 0 : 1)
    const maxRep = parent.maxRep + (repeated ? 1 : 0)
    const base = { name, repeated, maxDef, maxRep }
    if (element.type !== undefined && element.num_children === undefined) {
      checkTypes(element)
      const leaf = { index: leaves++, path, element, maxDef, maxRep }
      return { ...base, is: 'leaf', isMap: false, children: [], leaves: [leaf] }
    }
    const children = childrenOf({ element, path, maxDef, maxRep, depth })
    const below = children.flatMap(child => child.leaves)
    const list = (isList(element) || isMap(element)) && children.length === 1 && children[0]!.repeated
    return {
      ...base,
      is: list ? 'list' : isOf(element, children, parent.element),
      isMap: list && isMap(element) && children[0]!.is === 'pair',
      children,
      leaves: below
    }
  }

  const root = elements[next++]
  if (root === undefined) throw new Error('there is no schema')
  const fields = childrenOf({ element: root, path: [], maxDef: 0, maxRep: 0, depth: 0 })
  if (next !== elements.length) throw new Error(`the schema has ${elements.length} elements, its groups ${next}`)
  return fields
}

/** Writers that know both kinds of types set both. If they contradict each other, one is damaged. */
function checkTypes ({ name, converted_type: converted, logical_type: logical }: SchemaElement): void {
  const expected = LOGICAL_TYPES[converted ?? '']
  const found = logical?.type as string | undefined // undefined for types of later versions
  if (expected !== undefined && found !== undefined && found !== expected) {
    throw new Error(`column ${name} has the converted type ${converted!} and the logical type ${found}`)
  }
}

const LOGICAL_TYPES: Readonly<Record<string, string>> = {
  UTF8: 'STRING',
  ENUM: 'ENUM',
  JSON: 'JSON',
  DECIMAL: 'DECIMAL',
  DATE: 'DATE'
}

/** A deeper schema is regarded as damaged. Levels are stored in bytes. */
const MAX_DEPTH = 100

/**
 * The role of a group within a group. In a list, a repeated group is the element itself if the writer left out the
 * middle level (parquet-format, LogicalTypes.md, backward-compatibility rules of lists). Otherwise it is a wrapper
 * around the element.
 */
function isOf (element: SchemaElement, children: readonly Field[], parent: SchemaElement): 'item' | 'pair' | 'struct' {
  if (element.repetition_type !== 'REPEATED') return 'struct'
  if (isMap(parent) && children.length === 2) return 'pair'
  const isAlone = children.length === 1 && !children[0]!.repeated
  // A map without values is a list of keys.
  if (isMap(parent) && isAlone) return 'item'
  const isElement = !isAlone || element.name === 'array' || element.name === `${parent.name}_tuple`
  return isList(parent) && !isElement ? 'item' : 'struct'
}

function isList ({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'LIST' || converted === 'LIST'
}

function isMap ({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'MAP' || converted === 'MAP' || converted === 'MAP_KEY_VALUE'
}
