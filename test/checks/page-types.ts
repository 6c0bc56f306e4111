/**
 * Checks the types of the programs that pages show, as a user's own, with `strict`: those in JavaScript too, where a
 * parameter needs no type. `npm run typecheck` runs it.
 */
import { join } from 'node:path'
import ts from 'typescript'
import { packageRoot } from '../../lib/package.ts'
import { blocksIn, readPage, userPages } from '../pages.ts'

const ROOT = packageRoot()

/** A program that a user may copy, and where its first line is. */
interface Shown {
  readonly page: string
  readonly line: number
  readonly code: string
}

/** The programs in pages, by the path that each has for the compiler. */
function shownInPages (): Map<string, Shown> {
  const blocks = userPages().flatMap(page => blocksIn(page)).filter(({ language }) => /^[jt]s$/.test(language))
  return new Map(blocks.map(({ place, language, code }) => {
    const [page = '', line] = place.split(':')
    return [join(ROOT, `${place.replace(/\W+/g, '-')}.m${language}`), { page, line: Number(line), code }]
  }))
}

/** What the package exports, by the names that users import: its sources. */
function exportedSources (): Record<string, string[]> {
  const { exports } = JSON.parse(readPage('package.json')) as { exports: Record<string, string> }
  const modules = Object.entries(exports).filter(([, path]) => path.endsWith('.js'))
  return Object.fromEntries(modules.map(([name, path]) => {
    return [join('sluice', name), [join(ROOT, path.replace('dist/', '').replace(/\.js$/, '.ts'))]]
  }))
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2024.d.ts'],
  module: ts.ModuleKind.NodeNext,
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true, // of our sources
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  types: ['node'],
  paths: exportedSources()
}

/** Whether a mistake is that the type of a variable or a parameter is not written: "implicitly has an 'any' type". */
function isMissingType (code: number): boolean {
  return code >= 7005 && code < 7100
}

/** The mistakes in programs, each with its place. */
function mistakesIn (shown: ReadonlyMap<string, Shown>, options: ts.CompilerOptions): string[] {
  const onDisk = ts.createCompilerHost(options)
  const program = ts.createProgram([...shown.keys()], options, {
    ...onDisk,
    fileExists: path => shown.has(path) || onDisk.fileExists(path),
    getSourceFile (path, settings, ...more) {
      const code = shown.get(path)?.code
      return code === undefined
        ? onDisk.getSourceFile(path, settings, ...more)
        : ts.createSourceFile(path, code, settings)
    }
  })
  return [...shown].flatMap(([path, { page, line }]) => {
    const file = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    const mistakes = path.endsWith('.mts') ? found : found.filter(({ code }) => !isMissingType(code))
    return mistakes.map(({ start = 0, messageText }) => {
      const at = line + file!.getLineAndCharacterOfPosition(start).line
      return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n  ')}`
    })
  })
}

/** A program with a mistake, which must be found. */
const WRONG: Shown = { page: 'wrong', line: 1, code: "import { ndjson } from 'sluice'\n\nndjson('a').position.no()\n" }
const EXPECTED = "wrong:3: Property 'no' does not exist on type 'SourcePosition'."

const mistakes = mistakesIn(new Map([...shownInPages(), [join(ROOT, 'wrong.mts'), WRONG]]), OPTIONS)
const others = mistakes.filter(mistake => mistake !== EXPECTED)
for (const mistake of others) console.error(mistake)
if (mistakes.length === others.length) console.error(`this check is broken: it does not report ${EXPECTED}`)
process.exitCode = mistakes.length === 1 && others.length === 0 ? 0 : 1
