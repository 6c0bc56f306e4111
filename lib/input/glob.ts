/**
 * Globs of local files, with the patterns of shells: `*`, `?`, `[…]`, `{a,b}`, `{1..9}`, and `**` for any number of
 * folders.
 */
import type { Dirent, Stats } from 'node:fs'
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { SluiceError, allInOrder, codeOf } from '../errors.ts'
import { type Step, ANY_CHARACTER, character, compileSteps, readSet } from '../text/wildcards.ts'

/** Limits of a glob: the cost of matching grows with its length and its stars. */
const MAX_CHARACTERS = 4096
const MAX_STARS = 64

/** Globs that the braces of one may expand to. */
const MAX_ALTERNATIVES = 1000

/** Whether a name is a glob: it has an unescaped wildcard, set, or braces with alternatives. */
export function isLocalGlob (name: string): boolean {
  const bare = name.replace(/\\./gs, '')
  const open = bare.indexOf('[')
  return /[*?]/.test(bare) || (open !== -1 && bare.includes(']', open + 1)) || braces(name) !== undefined
}

/** The message for a dangling symbolic link; null for anything else. */
export async function danglingLink (path: string): Promise<string | null> {
  try {
    const target = await readlink(path)
    const isThere = await stat(path).then(() => true, () => false)
    return isThere ? null : `${path}: is a link to ${target}, which doesn't exist; get that file, or remove the link`
  } catch {
    return null
  }
}

/**
 * Finds the files that match a glob, in code-unit order, as paths relative to the working directory. Hidden files match
 * if the glob has the dot. Links are followed; a file that is reached by several paths is returned once, by the path
 * with the fewest links.
 *
 * @throws SluiceError `ERR_FILES` for an invalid glob, and for dangling links that match, listing all of them; what
 *   `readdir` throws for a folder that can't be read
 */
export async function findByGlob (glob: string, signal?: AbortSignal): Promise<string[]> {
  const stars = glob.split('*').length - 1
  if (glob.length > MAX_CHARACTERS || stars > MAX_STARS) {
    throw new SluiceError('ERR_FILES', `${glob.slice(0, 80)}…: the glob has ${glob.length} characters and ` +
      `${stars} stars, expected at most ${MAX_CHARACTERS} and ${MAX_STARS}`)
  }
  if (/[?*+@!]\(/.test(glob.replace(/\\./gs, ''))) {
    const [extended] = /[?*+@!]\([^)]*\)?/.exec(glob)!
    throw new SluiceError('ERR_FILES', `${glob}: ${extended} is not supported in a glob; ` +
      'write {a,b} for alternatives, and \\( for a parenthesis')
  }
  const walk = new Walk(signal)
  return await walk.find(alternatives(glob))
}

/** A part of a glob, between slashes. */
interface Part {
  /** The name that it matches, if it has no wildcard; null if it has one. */
  readonly name: string | null
  readonly fits: (name: string) => boolean
  /** `**` */
  readonly isGlobstar: boolean
  readonly next: Part | null
}

interface Folder {
  readonly path: string
  readonly real: string
  /** Number of links in its path. */
  readonly links: number
  readonly parts: readonly Part[]
}

interface Entry extends Folder {
  /** Null if it doesn't exist. */
  readonly kind: Dirent | Stats | null
  /** The message for a dangling link; null for anything else. */
  readonly dangling: string | null
}

/** Matches all globs in one walk, and enters no folder twice with the same part, as links may form a cycle. */
class Walk {
  readonly #signal: AbortSignal | undefined
  readonly #found = new Map<string, { readonly path: string, readonly links: number }>() // by real paths
  readonly #entered = new Map<string, Set<Part>>() // by real paths
  readonly #waiting: Folder[][] = [] // by the number of links, the fewest first
  readonly #dangling: string[] = []

  constructor (signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  async find (globs: readonly string[]): Promise<string[]> {
    for (const absolute of [true, false]) {
      const parts = globs.filter(glob => isAbsolute(glob) === absolute).flatMap(glob => startsOf(partsOf(glob)))
      const path = absolute ? '/' : process.cwd()
      if (parts.length > 0) this.#wait({ path, real: await realpath(path), links: 0, parts })
    }
    for (let links = 0; links < this.#waiting.length; links++) {
      for (const folder of this.#waiting[links] ?? []) await this.#enter(folder) // including those added meanwhile
    }
    if (this.#dangling.length > 0) throw new SluiceError('ERR_FILES', this.#dangling.sort().join('\n'))
    // The default order is by code units.
    return [...this.#found.values()].map(({ path }) => relative(process.cwd(), path)).sort()
  }

  #wait (folder: Folder): void {
    (this.#waiting[folder.links] ??= []).push(folder)
  }

  async #enter (folder: Folder): Promise<void> {
    this.#signal?.throwIfAborted()
    const entered = this.#entered.get(folder.real) ?? new Set()
    this.#entered.set(folder.real, entered)
    const parts = folder.parts.filter(part => !entered.has(part))
    for (const part of parts) entered.add(part)
    const named = parts.filter(({ name }) => name !== null)
    for (const name of new Set(named.map(({ name }) => name!))) {
      this.#take(await entryOf(folder, name, null, named.filter(part => part.name === name)))
    }
    const wild = parts.filter(({ name }) => name === null)
    if (wild.length === 0) return
    const listed = await readdir(folder.path, { withFileTypes: true })
    const fitting = listed
      .map(entry => ({ entry, parts: wild.filter(({ fits }) => fits(entry.name)) }))
      .filter(({ parts }) => parts.length > 0)
      .sort((a, b) => a.entry.name < b.entry.name ? -1 : 1)
    const entries = await allInOrder(fitting.map(({ entry, parts }) => entryOf(folder, entry.name, entry, parts)))
    for (const entry of entries) this.#take(entry)
  }

  /** Handles an entry that matches parts: keeps a file that matches the whole glob, queues a folder. */
  #take ({ kind, path, real, links, parts, dangling }: Entry): void {
    if (dangling !== null) this.#dangling.push(dangling)
    if (kind?.isDirectory() === true) {
      const inside = parts.flatMap(partsInside)
      if (inside.length > 0) this.#wait({ path, real, links, parts: inside })
    } else if (kind?.isFile() === true && parts.some(isLast)) {
      const before = this.#found.get(real)
      const isBetter = before === undefined || links < before.links || (links === before.links && path < before.path)
      if (isBetter) this.#found.set(real, { path, links })
    }
  }
}

/** Looks up a name in a folder, links followed. @param entry from `readdir`, if that was called */
async function entryOf (folder: Folder, name: string, entry: Dirent | null, parts: readonly Part[]): Promise<Entry> {
  const path = join(folder.path, name)
  const found = { path, real: join(folder.real, name), links: folder.links, parts, dangling: null }
  const kind = entry ?? await lstat(path).catch(absent)
  if (kind?.isSymbolicLink() !== true) return { ...found, kind }
  const target = await stat(path).catch(absent)
  if (target === null) return { ...found, kind: null, dangling: parts.some(isLast) ? await danglingLink(path) : null }
  return { ...found, kind: target, real: await realpath(path), links: folder.links + 1 }
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP']

function absent (error: unknown): null {
  if (ABSENT.includes(codeOf(error) ?? '')) return null
  throw error
}

function isLast ({ next }: Part): boolean {
  return next === null
}

/** The parts that may match first: a part, and after `**` the one that follows it. */
function startsOf (part: Part): Part[] {
  return part.isGlobstar && part.next !== null ? [part, ...startsOf(part.next)] : [part]
}

/** The parts to match in a folder that matched a part. */
function partsInside (part: Part): Part[] {
  if (part.isGlobstar) return startsOf(part)
  return part.next === null ? [] : startsOf(part.next)
}

function partsOf (glob: string): Part {
  const names = glob.split('/').filter((name, i, all) => {
    const isRepeatedGlobstar = name === '**' && all[i - 1] === '**'
    return name !== '' && name !== '.' && !isRepeatedGlobstar
  })
  return names.reduceRight<Part | null>((next, name) => {
    if (name === '**') return { name: null, fits: isShown, isGlobstar: true, next }
    const steps = stepsOf(name)
    if (steps === null) return { name: name.replace(/\\(.)/gsu, '$1'), fits: isShown, isGlobstar: false, next }
    const fits = compileSteps(steps)
    const takesHidden = /^\\?\./.test(name)
    return { name: null, fits: text => (takesHidden || isShown(text)) && fits(text), isGlobstar: false, next }
  }, null) ?? { name: '', fits: isShown, isGlobstar: false, next: null }
}

function isShown (name: string): boolean {
  return !name.startsWith('.')
}

/** Null if the part has no wildcard. */
function stepsOf (part: string): Step[] | null {
  const steps: Step[] = []
  let isWild = false
  for (let i = 0; i < part.length;) {
    const set = part[i] === '[' ? readSet(part, i, '!^') : undefined
    const isEscaped = part[i] === '\\' && i + 1 < part.length
    const text = String.fromCodePoint(part.codePointAt(isEscaped ? i + 1 : i)!)
    i = set?.end ?? i + text.length + (isEscaped ? 1 : 0)
    if (set !== undefined) steps.push({ kind: 'one', of: set.set })
    else if (isEscaped || (text !== '*' && text !== '?')) {
      steps.push(character(text))
      continue
    } else steps.push({ kind: text === '*' ? 'many' : 'one', of: ANY_CHARACTER })
    isWild = true
  }
  return isWild ? steps : null
}

/**
 * Expands braces as a shell does: `{a,b}`, also nested, `{1..9}` and `{01..12}`.
 *
 * @throws SluiceError `ERR_FILES` for too many alternatives
 */
function alternatives (glob: string): string[] {
  let globs = [glob]
  for (let i = 0; i < globs.length;) {
    const found = braces(globs[i]!)
    if (found === undefined) i++
    else globs = [...globs.slice(0, i), ...found, ...globs.slice(i + 1)]
    if (globs.length > MAX_ALTERNATIVES) {
      throw new SluiceError('ERR_FILES', `${glob}: its braces expand to more than ${MAX_ALTERNATIVES} globs; ` +
        'use * instead of some of the braces')
    }
  }
  return globs
}

/** Expands the first braces of a glob that have alternatives; undefined if there are none. */
function braces (glob: string): string[] | undefined {
  const open: Array<{ readonly at: number, readonly commas: number[] }> = []
  let first: { readonly from: number, readonly to: number, readonly choices: string[] } | undefined
  for (let i = 0; i < glob.length; i++) {
    if (glob[i] === '\\') i++
    else if (glob[i] === '{') open.push({ at: i, commas: [] })
    else if (glob[i] === ',') open.at(-1)?.commas.push(i)
    else if (glob[i] === '}') {
      const { at, commas } = open.pop() ?? {}
      if (at === undefined) continue
      const ends = [at, ...commas!, i]
      const choices = commas!.length > 0
        ? ends.slice(1).map((end, k) => glob.slice(ends[k]! + 1, end))
        : range(glob.slice(at + 1, i))
      if (choices !== undefined) first = { from: at, to: i + 1, choices } // outer braces close later
      if (open.length === 0 && first !== undefined) break
    }
  }
  return first?.choices.map(choice => glob.slice(0, first.from) + choice + glob.slice(first.to))
}

/** The numbers of `1..9`; of `01..12` with two digits each. */
function range (text: string): string[] | undefined {
  const [, first, last] = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text) ?? []
  if (first === undefined) return undefined
  const [from, to] = [Number(first), Number(last)]
  const width = /^0\d/.test(first) || /^0\d/.test(last!) ? Math.max(first.length, last!.length) : 0
  const count = Math.min(Math.abs(to - from), MAX_ALTERNATIVES) + 1
  return Array.from({ length: count }, (_, i) => String(from <= to ? from + i : from - i).padStart(width, '0'))
}
