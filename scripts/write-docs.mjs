// Writes the tables of the pages, each between `<!-- TABLE NAME -->` and `<!-- end -->`, from the schemas in the built
// code. With --check nothing is written: pages that are out of date are listed, and the exit code is 1.
// Usage: node scripts/write-docs.mjs [--check] [PAGE…]; without pages, all that have a table.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['lib', 'sources', 'transforms', 'sinks', 'recipes', 'examples']

const built = async name => await import(pathToFileURL(join(ROOT, 'dist', `${name}.js`)).href)
const { z } = await import('zod')
const { errorCodes } = await built('lib/errors')
const { kebabCase, snakeCase } = await built('lib/options')
const { allCommands } = await built('recipes/cli/commands')
const commands = await allCommands()
const { mixSchema } = await built('recipes/manifest/mix-schema')
const { componentSchema, dedupSchema, manifestSchema, tokenizerSchema } = await built('recipes/manifest/schema')
const { sources, transforms } = await built('recipes/stages')
const { hfOptions } = await built('sources/hf')
const { flatSinkOptions } = await built('sinks/flat')
const { npySinkOptions } = await built('sinks/npy')
const { rowSinkOptions } = await built('sinks/rows')

/** The options of each stage, by the name of its factory. */
const { json: ndjson, ...otherSources } = sources
const sinks = {
  flatSink: { options: flatSinkOptions }, npySink: { options: npySinkOptions }, rowSink: { options: rowSinkOptions }
}
const ofStages = { ndjson, ...otherSources, hf: { options: hfOptions }, ...transforms, ...sinks }

/** A text, escaped for a cell of a table: outside of code, `<` would start a tag. */
function cell (text) {
  const parts = text.replaceAll('|', '\\|').replaceAll('\n', ' ').split('`')
  return parts.map((part, i) => i % 2 === 1 ? part : part.replaceAll('<', '\\<')).join('`')
}

const lineOf = cells => `| ${cells.join(' | ')} |`
const tableOf = (header, rows) => [header, header.map(() => '---'), ...rows].map(lineOf).join('\n')
const codeOf = text => cell(`\`${text}\``)

/**
 * The cells of an option: its default and its meaning. If the schema has no default, or null, the default at the end of
 * the description is used.
 */
function cellsOf (field) {
  const { default: fallback } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
  const description = field.description ?? ''
  const [, meaning, named] = /^(.*?) \(default: (.*)\)$/.exec(description) ?? [undefined, description, '']
  if (fallback === null && named === '') return ['', cell(meaning)]
  if (fallback !== undefined && fallback !== null) {
    return [codeOf(JSON.stringify(fallback).replaceAll('"', '')), cell(description)]
  }
  return [named === '' || /[ ,]/.test(named) ? cell(named) : codeOf(named), cell(meaning)]
}

/** Options of a stage: `options dedup`. */
function optionsTable (name) {
  const stage = ofStages[name]
  if (stage === undefined) throw new Error(`options ${name}: no such stage, expected one of ${Object.keys(ofStages)}`)
  const rows = Object.entries(stage.options.shape).map(([key, field]) => [codeOf(key), ...cellsOf(field)])
  return rows.length === 0 ? 'It has no options.' : tableOf(['option', 'default', 'meaning'], rows)
}

/** The commands, with their arguments: `commands`. */
function commandsTable () {
  const rows = Object.entries(commands).map(([name, { argument, options }]) =>
    [codeOf(argument === undefined ? name : `${name} ${argument[0]}`), cell(options.description)])
  return tableOf(['command', 'purpose'], rows)
}

/** The flags of all commands: `flags`. One row for each default and meaning that a flag has. */
function flagsTable () {
  const rows = new Map()
  for (const [command, { options }] of Object.entries(commands)) {
    for (const [key, field] of Object.entries(options.shape)) {
      const row = [codeOf(`--${kebabCase(key)}`), ...cellsOf(field)]
      const known = rows.get(row.join()) ?? { row, used: [] }
      known.used.push(codeOf(command))
      rows.set(row.join(), known)
    }
  }
  const byName = [...rows.values()].sort(({ row: [a] }, { row: [b] }) => a.localeCompare(b, 'en'))
  return tableOf(['flag', 'default', 'meaning', 'commands'], byName.map(({ row, used }) => [...row, used.join(', ')]))
}

const ORIGINS = { python: 'the Python scripts', former: 'sluice 0.2; gives a warning' }

/** Other names of flags: `aliases`. One row for each, with the commands that have it. */
function aliasesTable () {
  const rows = new Map()
  for (const [command, { options, aliases = {} }] of Object.entries(commands)) {
    for (const [kind, origin] of Object.entries(ORIGINS)) {
      for (const [alias, option] of Object.entries(aliases[kind] ?? {})) {
        const [, meaning] = cellsOf(options.shape[option])
        const row = [codeOf(`--${kebabCase(alias)}`), codeOf(`--${kebabCase(option)}`), meaning, origin]
        const known = rows.get(row.join()) ?? { row, used: [] }
        known.used.push(codeOf(command))
        rows.set(row.join(), known)
      }
    }
  }
  const header = ['other name', 'flag', 'meaning', 'from', 'commands']
  return tableOf(header, [...rows.values()].map(({ row, used }) => [...row, used.join(', ')]))
}

/** The keys of a part of a manifest: `keys component`. */
function keysTable (name) {
  const schemas = {
    manifest: manifestSchema,
    component: componentSchema,
    tokenizer: tokenizerSchema,
    dedup: dedupSchema,
    mixture: mixSchema
  }
  const { shape } = schemas[name]
  const rows = Object.entries(shape).map(([key, field]) => [codeOf(snakeCase(key)), ...cellsOf(field)])
  return tableOf(['key', 'default', 'meaning'], rows)
}

/** Error codes: `errors`. */
function errorsTable () {
  const rows = Object.entries(errorCodes).map(([code, { exit, means }]) => [codeOf(code), exit, cell(means)])
  return tableOf(['code', 'exit code', 'meaning'], rows)
}

const tables = {
  options: optionsTable,
  commands: commandsTable,
  flags: flagsTable,
  aliases: aliasesTable,
  keys: keysTable,
  errors: errorsTable
}

/** The text of a page, with up-to-date tables. */
function updated (page, text) {
  return text.replace(/^<!-- (\w+)( \w+)? -->\n[^]*?^<!-- end -->$/gm, (_whole, table, name = '') => {
    const write = tables[table]
    if (write === undefined) throw new Error(`${page}: no such table: ${table}, expected one of ${Object.keys(tables)}`)
    return `<!-- ${table}${name} -->\n${write(name.trim())}\n<!-- end -->`
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
for (const page of named.length > 0 ? named : allPages()) {
  const text = readFileSync(page, 'utf8')
  const wanted = updated(page, text)
  if (wanted === text) continue
  console.log(`${relative('.', page)}: ${isCheck ? 'out of date; run npm run docs' : 'written'}`)
  if (isCheck) process.exitCode = 1
  else writeFileSync(page, wanted)
}
