import { Option, type Command as Program } from 'commander'
import { z } from 'zod'
import { kebabCase, numberIn } from '../../lib/options.ts'
import { type Command, flagOf } from './command.ts'

/** Groups of flags, in the order of the help. All other flags come before them, in a group without a heading. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  Input: [
    'manifest', 'dataset', 'dataFiles', 'textColumn', 'field', 'delimiter', 'quote', 'escape', 'columns', 'subset',
    'split', 'revision', 'name', 'license', 'sampleLimit', 'tokenizerPath'
  ],
  Filters: [
    'keep', 'threshold', 'detector', 'model', 'label', 'min', 'max', 'record', 'minChars', 'maxChars', 'window',
    'expectKept'
  ],
  Output: [
    'output', 'outputDir', 'limit', 'rejects', 'seqLen', 'sequencesPerShard', 'dtype', 'eosId', 'stats', 'inventory',
    'inventoryJson', 'runsDir', 'overwrite'
  ],
  'Bad records': ['maxLineBytes', 'maxBad'],
  'Hugging Face Hub': ['maxRetries', 'timeout'],
  Resuming: ['checkpointEvery', 'restart', 'takeover'],
  Threads: ['workers', 'concurrency'],
  General: ['json', 'quiet', 'help']
}

const ORDER = [undefined, ...Object.keys(GROUPS)]

function groupOf (key: string): string | undefined {
  return Object.keys(GROUPS).find(group => GROUPS[group]!.includes(key))
}

/** Adds a command's argument to its program. */
export function addArgument (program: Program, { argument }: Command): void {
  if (argument === undefined) return
  const [name, description] = argument
  program.argument(name, name.startsWith('<') ? `${description} (required)` : description)
}

/** Adds a command's flags to its program. */
export function addFlags (program: Program, command: Command): void {
  const { options: { shape } } = command
  const flags = Object.entries(shape).map(([key, field]) => ({ group: groupOf(key), key, field }))
  const sorted = flags.sort((a, b) => ORDER.indexOf(a.group) - ORDER.indexOf(b.group))
  for (const { key, field } of sorted) for (const option of optionsFor(key, field, command)) program.addOption(option)
  program.addOption(grouped('json', new Option('--json', 'print the result as one JSON object')))
  program.addOption(grouped('quiet', new Option('--quiet', 'print nothing but errors and data')))
  program.addHelpOption(grouped('help', new Option('-h, --help', 'print this help')))
}

function grouped (key: string, option: Option): Option {
  const group = groupOf(key)
  return group === undefined ? option : option.helpGroup(`${group}:`)
}

/**
 * The flag of an option, and the flags of its other names, which the help hides. The type of the value, the description
 * and the default come from the schema, which also parses the value.
 */
function optionsFor (key: string, field: z.ZodType, { aliases, required }: Command): Option[] {
  const schema = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
  const isRequired = required.includes(key) || !field.safeParse(undefined).success
  const python = namesOf(key, aliases.python)
  const description = [
    field.description ?? '',
    ...schema.default === undefined || schema.default === false ? [] : [`(default: ${shown(schema.default)})`],
    ...isRequired ? ['(required)'] : [],
    ...python.map(name => `(alias: ${flagOf(name)})`)
  ].join(' ')
  const others = [...python, ...namesOf(key, aliases.former)]
  const value = valueOf(schema)
  const option = (name: string): Option => {
    const made = new Option([flagOf(name), ...value === null ? [] : [value]].join(' '), description)
    return value === '<number>' ? made.argParser(text => numberIn(text) ?? text) : made
  }
  const isOpen = schema.type === 'boolean' && schema.default === undefined
  // If neither the flag nor its negation is given, another setting decides.
  const negated = isOpen ? [new Option(`--no-${kebabCase(key)}`, `turn off ${flagOf(key)}`)] : []
  return [...[option(key), ...negated].map(made => grouped(key, made)), ...others.map(name => option(name).hideHelp())]
}

/** A default value; a text is shown without quotes. */
function shown (value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The placeholder in the help for the value of a flag; null for a flag without a value. */
function valueOf (schema: z.core.JSONSchema.JSONSchema): string | null {
  if (schema.type === 'boolean') return null
  if (schema.type === 'integer' || schema.type === 'number') return '<number>'
  if (schema.several === true) return '<names...>'
  return schema.enum === undefined ? '<value>' : `<${schema.enum.join('|')}>`
}

function namesOf (option: string, names: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(names).filter(name => names[name] === option)
}
