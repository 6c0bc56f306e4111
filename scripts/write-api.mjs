// Writes API.md, recipes/API.md and the end of lib/README.md: one line for each name that the package exports, with the
// first sentence of its docstring.
import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const INDEX = 'recipes/index.ts'
/** The groups of the index that are in the page of recipes. */
const OF_RECIPES = /^(?:Recipes|Licences|Where shards come from)/
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
const groups = groupsOf(INDEX).map(({ title, names }) => ({
  title,
  lines: names.map(name => {
    const deprecated = ts.getJSDocDeprecatedTag(name)
    return deprecated === undefined
      ? lineOf(byName.get(name.name.text))
      : `- \`${name.name.text}\`: deprecated. ${deprecated.comment}`
  })
}))
const modules = parts.map(([name, path]) =>
  ({ title: `\`${name}\``, lines: checker.getExportsOfModule(moduleAt(path)).map(lineOf) }))
const stages = Object.keys(exports).filter(path => /^\.\/\w+\/\w+$/.test(path)).map(path =>
  `\`${path.replace('.', PACKAGE)}\``)

const textOf = ({ title, lines }) => `## ${title}\n\n${lines.join('\n')}\n`

/** Writes a page: its introduction, a table of contents, and its sections. */
function writePage (path, introduction, sections) {
  const anchorOf = title => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
  const contents = sections.map(({ title }) => `- [${title}](#${anchorOf(title)})`)
  writeFileSync(path, `${introduction}\n\n${contents.join('\n')}\n\n${sections.map(textOf).join('\n')}`)
}

writePage('API.md', `# The names in code

What can be imported of the package, and nothing else: a line for each name. Editors show what options mean; the pages
of [sources](sources/README.md), [transforms](transforms/README.md) and [sinks](sinks/README.md) have tables.
\`npm run api\` writes these pages from the docstrings.

- This page: documents, stages, shards and tokenizers
- [recipes/API.md](recipes/API.md): whole jobs, licences and run records
- [lib/README.md](lib/README.md#parts-used-alone): the parts with their own module, such as \`${PACKAGE}/tokenizer\`

The names of this page and of the recipes are in \`import { … } from '${PACKAGE}'\`. Each stage also has a separate
path, which loads no other stage: ${stages.join(', ')}.
Of such a module those names are public that the index has as well. Names of 0.2 will be removed in 1.0.`,
groups.filter(({ title }) => !OF_RECIPES.test(title)))

writePage('recipes/API.md', `# The names in code: recipes

Names of \`import { … } from '${PACKAGE}'\`, in addition to those of [API.md](../API.md).
[Recipes](README.md#in-code) has an example.`,
groups.filter(({ title }) => OF_RECIPES.test(title)))

const MARK = '<!-- written by npm run api -->\n'
const [before] = readFileSync('lib/README.md', 'utf8').split(MARK)
writeFileSync('lib/README.md', `${before}${MARK}\n${modules.map(textOf).join('\n')}`)
