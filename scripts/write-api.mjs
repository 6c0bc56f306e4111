// Writes API.md: one line for each name that the package exports, with the first sentence of its docstring.
import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const INDEX = 'recipes/index.ts'
const { name: PACKAGE, exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const parts = Object.entries(exports).filter(([, path]) => /^\.\/dist\/lib\//.test(path))
  .map(([name, path]) => [name.replace('.', PACKAGE), path.replace('./dist/', '').replace(/\.js$/, '.ts')])

const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, '.')
const program = ts.createProgram([INDEX, ...parts.map(([, path]) => path)], options)
const checker = program.getTypeChecker()
const moduleAt = path => checker.getSymbolAtLocation(program.getSourceFile(path))

/** The line of an exported name. */
function lineOf (exported) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ')
  const [sentence] = /^.*?[^.]\.(?= |$)|^.*/.exec(text)
  if (sentence === '') console.error(`${exported.name}: no docstring`)
  const kind = symbol.flags & ts.SymbolFlags.Function ? '()' : symbol.flags & ts.SymbolFlags.Value ? '' : ' (type)'
  return `- \`${exported.name}\`${kind}: ${sentence.replace(/[.:]$/, '').replaceAll('<', '\\<')}`
}

/** The names of the index in groups, each with the comment above it. */
function groupsOf (path) {
  const groups = []
  const file = program.getSourceFile(path)
  for (const statement of file.statements) {
    const [, title] = /^\/\/ (.*)/m.exec(file.text.slice(statement.pos, statement.getStart())) ?? []
    if (title !== undefined) groups.push({ title, names: [] })
    groups.at(-1).names.push(...statement.exportClause.elements)
  }
  return groups
}

const byName = new Map(checker.getExportsOfModule(moduleAt(INDEX)).map(symbol => [symbol.name, symbol]))
const index = groupsOf(INDEX).flatMap(({ title, names }) => ['', `## ${title}`, '', ...names.map(({ name }) => {
  const deprecated = ts.getJSDocDeprecatedTag(names.find(other => other.name === name))
  return deprecated === undefined
    ? lineOf(byName.get(name.text))
    : `- \`${name.text}\`: deprecated. ${deprecated.comment}`
})])
const modules = parts.flatMap(([name, path]) =>
  ['', `## \`${name}\``, '', ...checker.getExportsOfModule(moduleAt(path)).map(lineOf)])
const stages = Object.keys(exports).filter(path => /^\.\/\w+\/\w+$/.test(path)).map(path =>
  `\`${path.replace('.', PACKAGE)}\``)
const paths = `Most names are in \`import { … } from '${PACKAGE}'\`. ` +
  `Each stage also has a separate path, which loads no other stage: ${stages.join(', ')}.`

writeFileSync('API.md', `# The names in code

What can be imported of the package, and nothing else: a line for each name. Editors show what options mean; the pages
of [sources](sources/README.md), [transforms](transforms/README.md) and [sinks](sinks/README.md) have tables.
\`npm run api\` writes this page from the docstrings.

${paths}
Of such a module those names are public that the index has as well. The parts that are of use alone are at the end.
${index.join('\n')}
${modules.join('\n')}
`)
