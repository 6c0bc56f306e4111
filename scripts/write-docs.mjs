// Writes the tables of the pages, each between `<!-- TABLE NAME -->` and `<!-- end -->`, from what the built code declares.
// With --check nothing is written: pages whose tables are out of date are listed, and the exit code is 1.
// Usage: node scripts/write-docs.mjs [--check] [PAGE…]; without pages, all that have a table.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['lib', 'sources', 'transforms', 'sinks', 'recipes', 'examples', 'docs']

const built = async name => await import(pathToFileURL(join(ROOT, 'dist', `${name}.js`)).href)
const { z } = await import('zod')
const { errorCodes } = await built('lib/errors')
const { kebabCase, snakeCase } = await built('lib/options')
const { commands } = await built('recipes/cli/commands')
const { componentSchema, manifestSchema, tokenizerSchema } = await built('recipes/manifest/schema')
const { sources, transforms } = await built('recipes/stages')
const { hfOptions } = await built('sources/hf')
const { npySinkOptions } = await built('sinks/npy')

/** The options of each stage, by the name of its factory. */
const { json: ndjson, ...otherSources } = sources
const stages = { ndjson, ...otherSources, hf: { options: hfOptions }, ...transforms, npySink: { options: npySinkOptions } }

/** A text in a cell of a table: outside of code, `<` would begin a tag. */
const cell = text => text.replaceAll('|', '\\|').replaceAll('\n', ' ').split('`').map((part, i) => i % 2 === 1 ? part : part.replaceAll('<', '\\<')).join('`')
const tableOf = (header, rows) => [header, header.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

/**
 * The cells of an option: its default and its meaning. A default that the description names at its end, where the schema
 * has none, goes into its own cell as well.
 */
function cellsOf (field) {
  const { default: fallback } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
  const description = field.description ?? ''
  if (fallback !== undefined) return [`\`${cell(JSON.stringify(fallback).replaceAll('"', ''))}\``, cell(description)]
  const [, meaning, named] = /^(.*?) \(default: (.*)\)$/.exec(description) ?? [undefined, description, '']
  return [named === '' || /[ ,]/.test(named) ? cell(named) : `\`${cell(named)}\``, cell(meaning)]
}

/** Options of a stage: `options dedup`. */
function optionsTable (name) {
  const stage = stages[name]
  if (stage === undefined) throw new Error(`options ${name}: there is no such stage (${Object.keys(stages).join(', ')})`)
  const rows = Object.entries(stage.options.shape)
  if (rows.length === 0) return 'It has no options.'
  return tableOf(['option', 'default', 'meaning'], rows.map(([key, field]) => [`\`${key}\``, ...cellsOf(field)]))
}

/** `check <manifest>` */
const usageOf = (name, { argument }) => [name, ...argument === undefined ? [] : [argument[0]]].join(' ')

/** The commands: `commands`. */
function commandsTable () {
  return tableOf(['command', 'purpose'], Object.entries(commands).map(([name, command]) => [`\`${usageOf(name, command)}\``, cell(command.options.description)]))
}

/** The flags of all commands: `flags`. One row for each default and meaning that a flag has. */
function flagsTable () {
  const rows = new Map()
  for (const [command, { options }] of Object.entries(commands)) {
    for (const [key, field] of Object.entries(options.shape)) {
      const row = [`\`--${kebabCase(key)}\``, ...cellsOf(field)]
      const known = rows.get(row.join()) ?? { row, used: [] }
      known.used.push(command)
      rows.set(row.join(), known)
    }
  }
  const byName = [...rows.values()].sort(({ row: [a] }, { row: [b] }) => a.localeCompare(b, 'en'))
  return tableOf(['flag', 'default', 'meaning', 'commands'], byName.map(({ row, used }) => [...row, used.map(name => `\`${name}\``).join(', ')]))
}

const ORIGINS = { python: 'the Python scripts', former: 'sluice 0.2; gives a warning' }

/** Other names of flags: `aliases`. One row for each, with the commands that have it. */
function aliasesTable () {
  const rows = new Map()
  for (const [command, { options, aliases }] of Object.entries(commands)) {
    for (const kind of Object.keys(ORIGINS)) {
      for (const [alias, option] of Object.entries(aliases[kind] ?? {})) {
        const [, meaning] = cellsOf(options.shape[option])
        const row = [`\`--${kebabCase(alias)}\``, `\`--${kebabCase(option)}\``, meaning, ORIGINS[kind]]
        const known = rows.get(row.join()) ?? { row, used: [] }
        known.used.push(`\`${command}\``)
        rows.set(row.join(), known)
      }
    }
  }
  const header = ['other name', 'flag', 'meaning', 'from', 'commands']
  return tableOf(header, [...rows.values()].map(({ row, used }) => [...row, used.join(', ')]))
}

/** The keys of a part of a manifest, with their defaults: `keys component`. */
function keysTable (name) {
  const schema = { manifest: manifestSchema, component: componentSchema, tokenizer: tokenizerSchema }[name]
  return Object.entries(schema.shape).map(([key, field]) => {
    const [fallback] = cellsOf(field)
    return `\`${snakeCase(key)}\`${fallback === '' ? '' : ` (${fallback})`}`
  }).join(', ') + '.'
}

/** Error codes: `errors`. */
function errorsTable () {
  return tableOf(['code', 'exit code', 'meaning'], Object.entries(errorCodes).map(([code, { exit, means }]) => [`\`${code}\``, exit, cell(means)]))
}

const tables = { options: optionsTable, commands: commandsTable, flags: flagsTable, aliases: aliasesTable, keys: keysTable, errors: errorsTable }

/** A page with its tables made anew. */
function rewritten (page, text) {
  return text.replace(/^<!-- (\w+)(?: (\w+))? -->\n[^]*?^<!-- end -->$/gm, (whole, table, name) => {
    if (tables[table] === undefined) throw new Error(`${page}: there is no table ${table} (${Object.keys(tables).join(', ')})`)
    return `<!-- ${[table, ...name === undefined ? [] : [name]].join(' ')} -->\n${tables[table](name)}\n<!-- end -->`
  })
}

/** All pages of the repository that may have tables. */
function allPages () {
  const inFolders = FOLDERS.flatMap(folder => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md')).map(name => join(ROOT, folder, name)))
  return [join(ROOT, 'README.md'), ...inFolders]
}

const args = process.argv.slice(2)
const isCheck = args[0] === '--check'
const named = isCheck ? args.slice(1) : args
const stale = (named.length > 0 ? named : allPages()).filter(page => {
  const text = readFileSync(page, 'utf8')
  const fresh = rewritten(page, text)
  if (fresh === text) return false
  if (!isCheck) writeFileSync(page, fresh)
  return true
})
for (const page of stale) console.log(`${isCheck ? 'out of date, npm run docs writes it' : 'written'}: ${relative('.', page)}`)
if (isCheck && stale.length > 0) process.exitCode = 1
