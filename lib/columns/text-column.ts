/** Text that lies within a record: `data.text`, `messages[].content`, and lists of texts. */

/** A field of the previous value. If it is a list, or `lists` nested lists, all items are used. */
export interface Step {
  readonly name: string
  readonly lists: number
}

/**
 * Parses the path to a text: names separated by dots, with `[]` after the name of a list. Callers must first check for
 * a column whose name is the whole path, because it takes precedence.
 */
export function stepsOf (textColumn: string): readonly Step[] {
  return textColumn.split('.').map(part => {
    const name = part.replace(/(\[\])+$/, '')
    return { name, lists: (part.length - name.length) / 2 }
  })
}

/** Whether a text column is a path into a column. */
export function isWithin (textColumn: string): boolean {
  return textColumn.includes('.') || textColumn.endsWith('[]')
}

/** The result of looking for texts in a column. */
export interface Within {
  /** All texts; null if one of the values isn't text. */
  readonly texts: string[] | null
  /** The other parts of the column; undefined if there are none. */
  readonly rest: unknown
}

/**
 * Collects the texts at the end of a path, in order, with all items of lists. A null or a missing field gives no text.
 *
 * @param textOf converts a value to text; undefined if it isn't text
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
    // A rest element defines properties instead of assigning them, so that a field called __proto__ stays a field.
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

/** An error for a field of the path that nested data doesn't have. */
export function noField (name: string, there: readonly string[]): Error {
  return new Error(there.length === 0
    ? `there is no field ${name} in it: its values have no fields`
    : `there is no field ${name} in it; it has ${there.slice(0, 50).join(', ')}`)
}

export function noList (name: string): Error {
  return new Error(`${name} is not a list; leave out its []`)
}

export function unnamedList (name: string): Error {
  return new Error(`${name} is a list; write ${name}[] for its items`)
}
