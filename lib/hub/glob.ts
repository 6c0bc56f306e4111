/**
 * Globs as fsspec matches them, which is what `datasets` finds files by: `*` stays within a folder and takes hidden
 * names too, `**` is a whole part of a path and stands for any number of folders, `[…]` is a set as in Python's
 * `fnmatch`, and braces and parentheses mean themselves. (picomatch and minimatch read the latter as alternatives, and
 * sets in another way.)
 */
import { SluiceError } from '../errors.ts'
import { ANY_CHARACTER, type Budget, NO_SLASH, type Step, character, compileSteps, readSet } from '../text/wildcards.ts'

/** What tells paths that fit a glob. */
export type PathTest = (path: string) => boolean

/** No card has longer globs, or globs with more stars; what both cost to match grows with them. */
const MOST_CHARACTERS = 1024
const MOST_STARS = 32

/** Whether a path is a glob. */
export function isGlob (path: string): boolean {
  return /[*?[]/.test(path)
}

/** What the globs of one dataset may cost, about a second: a glob and the path of a file cost 10 to 200. */
export function matchingBudget (): Budget {
  return { left: 2e8 }
}

/**
 * @param budget of all globs together that are matched for one purpose
 * @returns a function that tells whether a path fits
 * @throws SluiceError `ERR_DATASET` for `**` beside other characters, and for a glob with too many characters or stars;
 *   the function, too, when the budget is spent
 */
export function compileGlob (glob: string, budget: Budget = { left: Infinity }): PathTest {
  if (!isGlob(glob)) return path => path === glob
  const stars = glob.split('*').length - 1
  if (glob.length > MOST_CHARACTERS || stars > MOST_STARS) {
    throw new SluiceError('ERR_DATASET', `the glob ${shown(glob)} has ${glob.length} characters and ${stars} ` +
      `stars, expected at most ${MOST_CHARACTERS} and ${MOST_STARS}; name the files by shorter ones`)
  }
  const parts = glob.split('/')
  const fits = compileSteps(parts.flatMap((part, i) => stepsOf(part, i === parts.length - 1, glob)))
  // Sets may take a slash: how deep a path lies tells then.
  const depth = parts.includes('**') ? Infinity : parts.length
  // Most paths of most globs lack a word that they would have to have, which costs less to see.
  const word = longestWord(parts)
  return path => {
    if (budget.left < 0) {
      throw new SluiceError('ERR_DATASET', `the globs, of which ${shown(glob)} is one, ` +
        'are too many for the files of the dataset, which takes too long; name the files by fewer globs')
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
    throw new SluiceError('ERR_DATASET', `the glob ${shown(glob)} can't be read: ** stands for whole folders, ` +
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
