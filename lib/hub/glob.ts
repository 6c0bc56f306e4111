/**
 * Globs as fsspec matches them, which is what `datasets` finds files by: `*` stays within a folder and takes hidden names
 * too, `**` is a whole part of a path and stands for any number of folders, `[…]` is a set as in Python's `fnmatch`, and
 * braces and parentheses mean themselves. (picomatch and minimatch read the latter as alternatives, and sets in another way.)
 */
import { SluiceError } from '../errors.ts'

/** What tells paths that fit a glob. */
export type PathTest = (path: string) => boolean

/** Whether a path is a glob. */
export function isGlob (path: string): boolean {
  return /[*?[]/.test(path)
}

/**
 * @returns a function that tells whether a path fits
 * @throws SluiceError `ERR_DATASET` for `**` beside other characters
 */
export function compileGlob (glob: string): PathTest {
  if (!isGlob(glob)) return path => path === glob
  const parts = glob.split('/')
  const expression = parts.map((part, i) => {
    const isLast = i === parts.length - 1
    if (part === '**') return isLast ? '.*' : '(?:.+/)?'
    if (part.includes('**')) throw new SluiceError('ERR_DATASET', `the glob ${JSON.stringify(glob)} can't be read: ** stands for whole folders, such as **/*.parquet`)
    return (part === '*' ? '[^/]+' : expressionOf(part)) + (isLast ? '' : '/')
  }).join('')
  const regExp = new RegExp(`^(?:${expression})$`, 'su')
  // Sets may take a slash: how deep a path lies tells then.
  const depth = parts.includes('**') ? Infinity : parts.length
  // Most paths of most globs lack a word that they would have to have, which costs less to see.
  const word = longestWord(parts)
  return path => path.includes(word) && regExp.test(path) && path.split('/').length <= depth
}

function longestWord (parts: readonly string[]): string {
  const words = parts.flatMap(part => part.includes('[') ? [part.slice(0, part.indexOf('['))] : [part]).flatMap(part => part.split(/[*?]/))
  return words.reduce((longest, word) => word.length > longest.length ? word : longest, '')
}

/** One part of a path, in which `**` isn't. */
function expressionOf (part: string): string {
  return part.replace(/\*|\?|\[(!?)(\]?[^\]]*)\]|[^*?[]+|\[/gsu, (token, not: string | undefined, set: string | undefined) => {
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    if (set === undefined || set === '') return escape(token)
    return setExpression(set, not === '!')
  })
}

/** `a-z_` of `[a-z_]`. A range whose end comes before its start holds nothing. */
function setExpression (set: string, isNegated: boolean): string {
  const characters = Array.from(set)
  let members = ''
  for (let i = 0; i < characters.length; i++) {
    const first = characters[i]!
    const last = characters[i + 1] === '-' ? characters[i + 2] : undefined
    if (last === undefined) {
      members += escape(first)
      continue
    }
    if (first.codePointAt(0)! <= last.codePointAt(0)!) members += `${escape(first)}-${escape(last)}`
    i += 2
  }
  return isNegated ? `[^${members}]` : `[${members}]`
}

function escape (text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll('-', '\\x2d')
}
