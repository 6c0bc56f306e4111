import { stringify } from 'yaml'

/** A configuration as YAML, each value on one line: a long path with spaces would be folded otherwise. */
export function yamlText (value: object): string {
  return stringify(value, { lineWidth: 0 })
}
