/** `minChars` as manifests have it: `min_chars`. */
export function snakeCase (name: string): string {
  return name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())
}

/** `minChars` as flags have it: `min-chars`. */
export function kebabCase (name: string): string {
  return name.replace(/[A-Z]/g, letter => '-' + letter.toLowerCase())
}

/** A copy of an object with other names for its keys. */
export function renameKeys<T> (object: Readonly<Record<string, T>>, rename: (key: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [rename(key), value]))
}
