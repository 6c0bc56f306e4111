import { readFile } from 'node:fs/promises'
import { SluiceError, reasonOf } from '../errors.ts'
import { otherKind } from '../file-kind.ts'
import { sha256 } from '../hash.ts'
import { type KnownStages, ManifestChecker } from './check.ts'
import type { Manifest } from './schema.ts'

/** A file of another kind has a mistake on every line. */
const MOST_MISTAKES = 20

/**
 * Reads a mixture manifest, and looks whether the files that it names are there.
 *
 * @param known the stages that it may name, with their options
 * @throws SluiceError `ERR_MANIFEST` with every mistake, a line each: `FILE:LINE:COLUMN: what is wrong, what would be right`
 */
export async function readManifest (path: string, known: KnownStages): Promise<Manifest> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SluiceError('ERR_MANIFEST', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
  const other = otherKind(Buffer.from(text.slice(0, 4096)), path)
  if (other !== null) throw new SluiceError('ERR_MANIFEST', `${path}: ${other}; expected a manifest, a YAML file`)
  if (/[\0\ufffd]/.test(text)) throw new SluiceError('ERR_MANIFEST', `${path}: is not a text in UTF-8, expected a manifest, a YAML file`)
  const [{ LineCounter, parseDocument }, { locate }] = await Promise.all([import('yaml'), import('./locate.ts')])
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  const fail = (mistakes: ReadonlyArray<{ line: number, col: number, message: string }>): never => {
    const sorted = mistakes.toSorted((a, b) => a.line - b.line || a.col - b.col)
    throw new SluiceError('ERR_MANIFEST', sorted.slice(0, MOST_MISTAKES).map(({ line, col, message }) => `${path}:${line}:${col}: ${message}`).join('\n') + (sorted.length > MOST_MISTAKES ? `\n… and ${sorted.length - MOST_MISTAKES} more` : ''))
  }
  if (yaml.errors.length > 0) fail(yaml.errors.map(({ pos, message }) => ({ ...lines.linePos(pos[0]), message })))
  const checker = new ManifestChecker(known)
  let content: unknown
  try {
    content = yaml.toJS()
  } catch (cause) { // an alias of nothing, or one that multiplies
    throw new SluiceError('ERR_MANIFEST', `${path}:1:1: ${reasonOf(cause)}`, { cause })
  }
  const manifest = await checker.manifest(content)
  if (checker.mistakes.length > 0) fail(checker.mistakes.map(({ place, at, message }) => ({ ...locate(yaml, lines, place, at), message })))
  return { ...manifest, path, text, sha256: sha256(text) }
}
