/**
 * Globs as fsspec matches them, which `datasets` uses. `*` matches within a folder, hidden names too. `**` must be a
 * whole part of a path and matches any number of folders. `[…]` is a set as in Python's `fnmatch`. Braces and
 * parentheses match themselves. (picomatch and minimatch read these as alternatives, and interpret sets differently.)
 */
import { SluiceError } from '../errors.ts'
import { ANY_CHARACTER, type Budget, NO_SLASH, type Step, character, compileSteps, readSet } from '../text/wildcards.ts'

/** Whether a path matches a glob. */
export type PathTest = (path: string) => boolean

/** Limits that no real card reaches. The cost of matching grows with both. */
const MAX_CHARACTERS = 1024
const MAX_STARS = 32

/** Whether a path is a glob. */
export function isGlob (path: string): boolean {
  return /[*?[]/.test(path)
}

/**
 * The work limit for matching the globs of one dataset: about one second. Matching a path against a glob costs 10 to
 * 200.
 */
export function matchingBudget (): Budget {
  return { left: 2e8 }
}

/**
 * Compiles a glob to a function that tests paths.
 *
 * @param budget shared by all globs that are matched for one purpose; the function throws when it is spent
 * @throws SluiceError `ERR_DATASET` for `**` within a part of a path, and for a glob with too many characters or stars
 */
export function compileGlob (glob: string, budget: Budget = { left: Infinity }): PathTest {
  if (!isGlob(glob)) return path => path === glob
  const stars = glob.split('*').length - 1
  if (glob.length > MAX_CHARACTERS || stars > MAX_STARS) {
    throw new SluiceError('ERR_DATASET', `the glob ${shown(glob)} has ${glob.length} characters and ${stars} ` +
      `stars, expected at most ${MAX_CHARACTERS} and ${MAX_STARS}; use shorter globs`)
  }
  const parts = glob.split('/')
  const fits = compileSteps(parts.flatMap((part, i) => stepsOf(part, i === parts.length - 1, glob)))
  // A set may match a slash, so the number of parts is compared too.
  const depth = parts.includes('**') ? Infinity : parts.length
  // Most paths are ruled out by the longest literal part of the glob, which is cheap to look for.
  const word = longestWord(parts)
  return path => {
    if (budget.left < 0) {
      throw new SluiceError('ERR_DATASET', `matching the globs, such as ${shown(glob)}, ` +
        'with the files of the dataset takes too long; use fewer globs')
    }
    budget.left -= 10 + path.length / 16
    return path.includes(word) && fits(path, budget) && path.split('/').length <= depth
  }
}

function shown (glob: string): string {
  return JSON.stringify(glob.length > 80 ? `${glob.slice(0, 80)}…` : glob)
}

function longestWord (parts: readonly string[]): string {
  const words = parts.flatMap(part => part.includes('[') ? [part.slice(0, part.indexOf('['))] : [part])
    .flatMap(part => part.split(/[*?]/))
  return words.reduce((longest, word) => word.length > longest.length ? word : longest, '')
}

const SLASH = character('/')

function stepsOf (part: string, isLast: boolean, glob: string): Step[] {
  if (part === '**') {
    if (isLast) return [{ kind: 'many', of: ANY_CHARACTER }]
    return [
      { kind: 'optional', steps: 3 },
      { kind: 'one', of: ANY_CHARACTER },
      { kind: 'many', of: ANY_CHARACTER },
      SLASH
    ]
  }
  if (part.includes('**')) {
    throw new SluiceError('ERR_DATASET', `the glob ${shown(glob)} is not valid: ** must be a whole part of a path, ` +
      'such as **/*.parquet')
  }
  const steps: Step[] = part === '*' ? [{ kind: 'one', of: NO_SLASH }] : []
  for (let i = 0; i < part.length;) {
    const set = part[i] === '[' ? readSet(part, i) : undefined
    const text = String.fromCodePoint(part.codePointAt(i)!)
    i = set?.end ?? i + text.length
    if (set !== undefined) steps.push({ kind: 'one', of: set.set })
    else if (text === '*') steps.push({ kind: 'many', of: NO_SLASH })
    else steps.push(text === '?' ? { kind: 'one', of: NO_SLASH } : character(text))
  }
  return isLast ? steps : [...steps, SLASH]
}
