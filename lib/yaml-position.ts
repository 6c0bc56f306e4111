import {
  type Document, type LineCounter, type Pair, type YAMLMap, isAlias, isCollection, isMap, isNode, isScalar
} from 'yaml'

/** A position in a file, from 1. */
interface LineColumn {
  readonly line: number
  readonly col: number
}

/** Returns the position of the value at a path in a YAML file, or of the key that the path ends in. */
export type Locate = (path: readonly PropertyKey[], at: 'key' | 'value') => LineColumn

/** Creates a function that locates many paths: it indexes each mapping once. */
export function locator (yaml: Document, lines: LineCounter): Locate {
  const pairs = new Map<YAMLMap, Map<unknown, Pair>>()
  const pairIn = (map: YAMLMap, key: PropertyKey): Pair | undefined => {
    let index = pairs.get(map)
    if (index === undefined) {
      index = new Map()
      for (const pair of map.items) {
        if (isScalar(pair.key) && !index.has(pair.key.value)) index.set(pair.key.value, pair)
      }
      pairs.set(map, index)
    }
    return index.get(key)
  }
  const resolved = (node: unknown): unknown => isAlias(node) ? node.resolve(yaml) : node
  const nodeAt = (path: readonly PropertyKey[]): unknown => path.reduce<unknown>((node, key) => {
    const container = resolved(node)
    if (isMap(container)) return pairIn(container, key)?.value
    return isCollection(container) ? container.get(key, true) : undefined
  }, yaml.contents)
  const offsetOf = (path: readonly PropertyKey[], at: 'key' | 'value'): number | undefined => {
    const last = path.at(-1)
    if (last === undefined) return startOf(yaml.contents)
    const container = resolved(nodeAt(path.slice(0, -1)))
    if (isMap(container)) {
      const pair = pairIn(container, last)
      const node = at === 'key' || pair?.value == null ? pair?.key : pair.value
      // A missing key is reported at the start of its mapping.
      return startOf(node) ?? startOf(container) ?? offsetOf(path.slice(0, -1), 'value')
    }
    return startOf(nodeAt(path)) ?? offsetOf(path.slice(0, -1), 'value')
  }
  return (path, at) => {
    const offset = offsetOf(path, at)
    return offset === undefined ? { line: 1, col: 1 } : lines.linePos(offset)
  }
}

function startOf (node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
