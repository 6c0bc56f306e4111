/** The pages of the documentation: their code blocks and their links. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, filesIn } from './helpers.ts'

/** A block of code in a page. */
export interface Block {
  /** The page and the line at which the code starts. */
  readonly place: string
  /** The word after the fence; empty if there is none. */
  readonly language: string
  readonly code: string
}

const FOLDERS = ['examples', 'lib', 'recipes', 'sinks', 'sources', 'transforms']

/** The pages for users, relative to the repository, README.md first; without the changelog. */
export function userPages (): string[] {
  const inFolders = FOLDERS.flatMap(folder => filesIn(join(ROOT, folder)).map(name => join(folder, name)))
  return ['README.md', 'API.md', ...inFolders.filter(name => name.endsWith('.md'))]
}

export function readPage (page: string, folder = ROOT): string {
  return readFileSync(join(folder, page), 'utf8')
}

/** The fenced blocks of a page, in order. */
export function blocksIn (page: string, text = readPage(page)): Block[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(match => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length + 1}`,
    language: match[1]!,
    code: match[2]!
  }))
}

/** A page without its code blocks, its comments and its inline code. */
function proseOf (text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/<!--.*?-->/gs, '')
    .replace(/`[^`\n]*`/g, code => code.replace(/[[\]()<>]/g, ''))
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsIn (text: string): Set<string> {
  const seen = new Map<string, number>()
  return new Set([...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const shown = heading!.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const anchor = shown.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  }))
}

/** The links of a page to missing files or headings of the folder. */
export function brokenLinks (page: string, folder = ROOT): string[] {
  const links = [...proseOf(readPage(page, folder)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
  return links.filter(link => {
    if (/^[a-z]+:/.test(link)) return false
    const [path, anchor] = link.split('#') as [string, string?]
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(folder, target))) return true
    if (anchor === undefined) return false
    return statSync(join(folder, target)).isDirectory() || !anchorsIn(readPage(target, folder)).has(anchor)
  }).map(link => `${page}: ${link}`)
}

/** A command in a shell block: its words, or those of each command of a pipe. */
export type ShellLine = readonly string[][]

/** Commands in pages that these tests don't run: others do, or they take too long. */
const NOT_RUN = [
  /^npm (?:ci|install|pack|run|test)\b/, /^npx sluice quickstart\b/, /^(?:cp|set|python3) /, /^(?:node|bash) examples\//
]

/** The words of a command, without the quotes around them. */
function wordsOf (command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, inSingle, inDouble, bare]) => {
    return inSingle ?? inDouble ?? bare!
  })
}

/** A shell block with each `for NAME in A B; do …; done` as the lines that it runs. */
function unrolled (code: string): string {
  return code.replace(/^for (\w+) in ([^;]+); do (.+?);? done$/gm, (_, name: string, values: string, line: string) =>
    values.split(' ').map(value => line.replaceAll(`$${name}`, value)).join('\n'))
}

/**
 * The lines of a shell block: pipes of `npx sluice`.
 *
 * @throws Error for a command that isn't sluice's, and isn't run elsewhere
 */
export function shellLines ({ place, code }: Block): ShellLine[] {
  const joined = unrolled(code).replace(/\\\n\s*/g, '').replace(/\|\n\s*/g, '| ')
  const lines = joined.split('\n').map(line => line.replace(/(?:^|\s)#.*/, '').trim()).filter(line => line !== '')
  const isRunHere = (command: string): boolean => !NOT_RUN.some(pattern => pattern.test(command))
  return lines.filter(line => line.split(' && ').some(isRunHere)).map(line => line.split(' | ').map(command => {
    const words = wordsOf(command)
    if (words[0] !== 'npx' || words[1] !== 'sluice') throw new Error(`${place}: no test runs ${command}`)
    return words.slice(2)
  }))
}
