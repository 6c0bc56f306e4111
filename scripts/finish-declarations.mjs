// Completes the package's declaration files:
//
// - A reference to Node's types. Since TypeScript 6 a program has only the `types` that it lists, and pnpm doesn't put
//   those of a dependency where TypeScript searches by default.
// - The descriptions of options. They are written once, in the schemas; here they become docstrings that editors show.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const REFERENCE = '/// <reference types="node" />\n'

/** The options in the type of a declaration, which is a schema or the fields of one. */
function optionsIn ({ type }) {
  if (type === undefined) return []
  const fields = ts.isTypeReferenceNode(type) && type.typeName.getText() === 'z.ZodObject'
    ? type.typeArguments?.[0]
    : type
  return ts.isTypeLiteralNode(fields) ? fields.members.filter(ts.isPropertySignature) : []
}

/** The description of a schema and its default. */
function commentOf (schema) {
  const { description, def } = schema
  if (description === undefined) return undefined
  const fallback = def.type === 'default' ? ` @default ${JSON.stringify(def.defaultValue)}` : ''
  return `/** ${description.replaceAll('*/', '*\\/')}${fallback} */\n    `
}

/** A declaration file with a comment before each option whose schema has a description. */
async function described (path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const declared = file.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    [...declarationList.declarations])
  const groups = declared.map(one => [one.name.getText(), optionsIn(one)]).filter(([, options]) => options.length > 0)
  if (groups.length === 0) return text
  const module = await import(pathToFileURL(path.replace('.d.ts', '.js')))
  const comments = groups.flatMap(([name, options]) => {
    const fields = module[name]?.shape ?? module[name]
    return options.flatMap(option => {
      const field = fields?.[option.name.text]
      const comment = field?._zod === undefined ? undefined : commentOf(field)
      return comment === undefined ? [] : [[option.getStart(), comment]]
    })
  })
  return comments.reduceRight((done, [at, comment]) => done.slice(0, at) + comment + done.slice(at), text)
}

for (const folder of ['lib', 'sources', 'transforms', 'sinks', 'recipes']) {
  for (const name of readdirSync(join('dist', folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join('dist', folder, name)
    const declarations = readFileSync(path, 'utf8')
    if (declarations.startsWith('#!') || declarations.startsWith(REFERENCE)) continue
    writeFileSync(path, REFERENCE + await described(path, declarations))
  }
}
