/** Text that lies within a record: `data.text`, `messages[].content`, and lists of texts. */

/** A field within the one before it; of so many lists in each other every item is taken. */
export interface Step {
  readonly name: string
  readonly lists: number
}

/**
 * The steps of the path to a text: names separated by dots, with `[]` after the name of a list. A column whose own name
 * is the path takes precedence; the caller has looked for it.
 */
export function stepsOf (textColumn: string): readonly Step[] {
  return textColumn.split('.').map(part => {
    const name = part.replace(/(\[\])+$/, '')
    return { name, lists: (part.length - name.length) / 2 }
  })
}

/** Whether a text column names more than a column. */
export function isWithin (textColumn: string): boolean {
  return textColumn.includes('.') || textColumn.endsWith('[]')
}

/** What was found where a text was looked for. */
export interface Within {
  /** All texts; null: there is something that is none. */
  readonly texts: string[] | null
  /** What the column has beside them; undefined where that is nothing. */
  readonly rest: unknown
}

/**
 * The texts at the end of a way, in order: of lists all, and where there is none (null, or no such field) none.
 *
 * @param textOf a value as text; undefined for what isn't one
 */
export function textsWithin (
  value: unknown,
  steps: readonly Step[],
  lists: number,
  textOf: (value: unknown) => string | undefined
): Within {
  const texts: string[] = []
  let faults = 0
  const take = (value: unknown, step: number, lists: number): unknown => {
    if (value === null || value === undefined) return undefined
    if (lists > 0) {
      if (!Array.isArray(value)) return fail(value)
      const items = value.map(item => take(item, step, lists - 1))
      return items.every(item => item === undefined) ? undefined : items.map(item => item === undefined ? null : item)
    }
    const next = steps[step]
    if (next === undefined) return takeText(value)
    if (typeof value !== 'object' || Array.isArray(value) || textOf(value) !== undefined) return fail(value)
    if (!Object.hasOwn(value, next.name)) return value
    // Rest properties are defined, not assigned: a field called __proto__ stays a field.
    const { [next.name]: inner, ...others } = value as Record<string, unknown>
    const rest = take(inner, step + 1, next.lists)
    if (rest !== undefined) return { ...value, [next.name]: rest }
    return Object.keys(others).length === 0 ? undefined : others
  }
  const takeText = (value: unknown): unknown => {
    const items = Array.isArray(value) ? value as unknown[] : [value]
    for (const item of items) {
      if (item === null) continue
      const text = textOf(item)
      if (text === undefined) return fail(value)
      texts.push(text)
    }
    return undefined
  }
  const fail = (value: unknown): unknown => {
    faults++
    return value
  }
  const rest = take(value, 0, lists)
  return { texts: faults === 0 ? texts : null, rest }
}

/** What a column of nested data lacks of the way to a text. */
export function noField (name: string, there: readonly string[]): Error {
  return new Error(there.length === 0
    ? `there is no field ${name} in it, as its values have no fields`
    : `there is no field ${name} in it, there is ${there.slice(0, 50).join(', ')}`)
}

export function noList (name: string): Error {
  return new Error(`${name} is no list; leave out its []`)
}

export function unnamedList (name: string): Error {
  return new Error(`${name} is a list; write ${name}[] for its items`)
}
