import { type Document, type LineCounter, isAlias, isMap, isNode, isScalar } from 'yaml'

/** Where in a YAML file the value at a path stands, or the key where the path ends in a key; from 1. */
export function locate (yaml: Document, lines: LineCounter, path: readonly PropertyKey[], at: 'key' | 'value'): { line: number, col: number } {
  const offset = offsetOf(yaml, path, at)
  return offset === undefined ? { line: 1, col: 1 } : lines.linePos(offset)
}

function offsetOf (yaml: Document, path: readonly PropertyKey[], at: 'key' | 'value'): number | undefined {
  const last = path.at(-1)
  if (last === undefined) return startOf(yaml.contents)
  const parent = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true)
  const container = isAlias(parent) ? parent.resolve(yaml) : parent
  if (isMap(container)) {
    const pair = container.items.find(({ key }) => isScalar(key) && key.value === last)
    const node = at === 'key' || pair?.value == null ? pair?.key : pair.value
    // A key that isn't there is missed where its mapping begins.
    return startOf(node) ?? startOf(container) ?? offsetOf(yaml, path.slice(0, -1), 'value')
  }
  return startOf(yaml.getIn(path, true)) ?? offsetOf(yaml, path.slice(0, -1), 'value')
}

function startOf (node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
