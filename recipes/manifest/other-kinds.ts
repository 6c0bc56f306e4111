import { isUtf8 } from 'node:buffer'
import { kindName } from '../../lib/file-kind.ts'
import { parseJson } from '../../lib/json/json.ts'

/** Number of bytes at the start of a file that determine its kind. */
const HEAD_BYTES = 64 * 1024

/**
 * Describes a text file that is not a manifest, and what to do with it: `is empty, expected …`. Undefined if its kind
 * is not recognized.
 */
export function otherKind (text: string): string | undefined {
  const head = text.slice(0, HEAD_BYTES)
  const [first = '', second = ''] = head.split(/\r?\n/, 2).map(line => line.trim())
  if (/^\s*$/.test(text)) return `is empty, ${EXPECTED}`
  if (text.length <= HEAD_BYTES && head.split('\n').every(line => /^\s*(?:#.*|---)?$/.test(line))) {
    return `has nothing but comments, ${EXPECTED}`
  }
  if (/^\s*<(?:!doctype html|html|\?xml)\b/i.test(head)) {
    return `is a page of HTML or XML, ${EXPECTED}; get the file itself`
  }
  if (first.startsWith('version https://git-lfs.github.com/spec/')) {
    return `is a Git LFS pointer, ${EXPECTED}; get the file itself with git lfs pull`
  }
  if (isRecord(parseJson(first)) && isRecord(parseJson(second))) return `is NDJSON, a JSON record per line, ${AS_INPUT}`
  if (isRecord(parseJson(first))) return `is a JSON record, ${AS_INPUT}`
  if (/^\s*\[\s*\{/.test(head) && !/"(?:name|dataset)"\s*:/.test(head)) return `is a JSON array of records, ${AS_INPUT}`
  const [delimiter, name] = first.includes('\t') ? ['\t', 'TSV'] as const : [',', 'CSV'] as const
  const fields = first.split(delimiter).length
  const hasKey = /^[\s-]*[\w"']+:(?:\s|$)/.test(first)
  const isTable = fields > 1 && second.split(delimiter).length >= fields && !hasKey
  return isTable ? `looks like ${name}, ${AS_INPUT}` : undefined
}

/** Describes a file that is not text in UTF-8, and what to do with it. Undefined for text. */
export function otherBytes (content: Buffer, path: string): string | undefined {
  const kind = kindName(content.subarray(0, HEAD_BYTES), path)
  if (kind !== null) return `is ${kind}, ${AS_INPUT}`
  if (isUtf8(content) && !content.includes(0)) return undefined
  return `is not a text in UTF-8, ${EXPECTED}; save it as UTF-8 if it is one`
}

export const EXPECTED = 'expected a manifest, a YAML file with datasets'

const AS_INPUT =
  `${EXPECTED}; a manifest names inputs under data_files, and filter-corpus --data-files reads them without one`

/** A JSON object that isn't a manifest. */
function isRecord (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('datasets' in value)
}
