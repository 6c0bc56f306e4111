import { readFile } from 'node:fs/promises'
import { SluiceError, codeOf, reasonOf } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { findFiles } from '../../lib/input/find.ts'
import { notLocalFile } from '../../lib/not-local.ts'
import { type KnownStages, ManifestChecker } from './check.ts'
import type { FindByName } from './found.ts'
import { EXPECTED, otherBytes, otherKind } from './other-kinds.ts'
import type { Manifest } from './schema.ts'

/** Maximum number of mistakes to report: a file of another kind may have one on every line. */
const MAX_MISTAKES = 20

/** Enough for about 2,000 components. A larger file is data, or an attack on the parser. */
const MAX_BYTES = 1024 * 1024

/** Lists or keys nested in one line: the parser's time is quadratic in their depth. */
const DEEP = /(?:[?-][ \t]+){100}/

/**
 * Reads a mixture manifest and checks that the files that it names exist.
 *
 * @param known the stages that it may name, with their options
 * @param find finds the files that it names
 * @throws SluiceError `ERR_MANIFEST` with every mistake, one per line:
 *   `FILE:LINE:COLUMN: what is wrong, what would be right`
 */
export async function readManifest (path: string, known: KnownStages, find: FindByName = findFiles): Promise<Manifest> {
  const raw = await readFile(path).catch((cause: unknown) => {
    const reason = codeOf(cause) === 'EISDIR' ? 'is a folder' : `cannot be read: ${reasonOf(cause)}`
    throw new SluiceError('ERR_MANIFEST', notLocalFile(path, cause) ?? `${path}: ${reason}, ${EXPECTED}`, { cause })
  })
  const bytes = otherBytes(raw, path)
  if (bytes !== undefined) throw new SluiceError('ERR_MANIFEST', `${path}: ${bytes}`)
  const text = raw.toString()
  if (raw.length > MAX_BYTES) {
    const tooLarge = `has ${raw.length} bytes, expected a manifest of at most ${MAX_BYTES}; write several`
    throw new SluiceError('ERR_MANIFEST', `${path}: ${otherKind(text) ?? tooLarge}`)
  }
  const nested = DEEP.exec(text)
  if (nested !== null) {
    const before = text.slice(0, nested.index)
    const place = `${before.split('\n').length}:${nested.index - before.lastIndexOf('\n')}`
    const mistake = 'lists and keys are nested 100 deep here'
    throw new SluiceError('ERR_MANIFEST', `${path}:${place}: ${mistake}, ${EXPECTED}`)
  }
  const modules = [import('yaml'), import('../../lib/yaml-position.ts'), import('./yaml-mistakes.ts')] as const
  const [yamlModule, { locator }, { aliasMistake, twiceIn, yamlMistakes }] = await Promise.all(modules)
  const { LineCounter, parseDocument } = yamlModule
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false })
  yaml.errors.push(...twiceIn(yaml))
  const fail = (mistakes: ReadonlyArray<{ line: number, col: number, message: string }>): never => {
    const sorted = mistakes.toSorted((a, b) => a.line - b.line || a.col - b.col)
    const shown = sorted.slice(0, MAX_MISTAKES).map(({ line, col, message }) => `${path}:${line}:${col}: ${message}`)
    const more = sorted.length > MAX_MISTAKES ? [`… and ${sorted.length - MAX_MISTAKES} more`] : []
    throw new SluiceError('ERR_MANIFEST', [...shown, ...more].join('\n'))
  }
  const failAsOtherKind = (): void => {
    const kind = otherKind(text)
    if (kind !== undefined) throw new SluiceError('ERR_MANIFEST', `${path}: ${kind}`)
  }
  if (yaml.errors.length > 0) {
    failAsOtherKind()
    fail(yamlMistakes(yaml.errors, text).map(({ offset, message }) => ({ ...lines.linePos(offset), message })))
  }
  const checker = new ManifestChecker(known, find)
  let content: unknown
  try {
    content = yaml.toJS()
  } catch (cause) { // an alias without an anchor, or aliases that expand too far
    const mistake = aliasMistake(yaml)
    if (mistake !== undefined) fail([{ ...lines.linePos(mistake.offset), message: mistake.message }])
    throw new SluiceError('ERR_MANIFEST', `${path}:1:1: its aliases cannot be followed: ${reasonOf(cause)}`, { cause })
  }
  if (!hasDatasets(content)) failAsOtherKind()
  const locate = locator(yaml, lines)
  const mistake = topMistake(content)
  if (mistake !== undefined) fail([{ ...locate([], 'value'), message: mistake }])
  const manifest = await checker.manifest(content)
  if (checker.mistakes.length > 0) {
    fail(checker.mistakes.map(({ place, at, message }) => ({ ...locate(place, at), message })))
  }
  return { ...manifest, path, text, sha256: sha256(text) }
}

/** The mistake in a manifest's content as a whole; undefined if there is none. */
function topMistake (content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null) {
    return 'is a text without keys, expected datasets: and a list of components below it'
  }
  if (!Array.isArray(content) && 'dataset' in content && !('datasets' in content)) {
    return 'is one component, expected a list of them below datasets:, each with "- " before its first key'
  }
  return undefined
}

/** Whether the content may be a manifest, even if one with mistakes. */
function hasDatasets (content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return false
  const names = ['name', 'dataset', 'datasets']
  const items: unknown[] = Array.isArray(content) ? content : [content]
  return items.some(item => typeof item === 'object' && item !== null && names.some(name => name in item))
}
