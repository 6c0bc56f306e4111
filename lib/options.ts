import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { SluiceError } from './errors.ts'

/** The options of a stage or a recipe: a flat object schema, each field with a default or optional, and described. */
export type OptionsSchema = z.ZodObject<Record<string, z.ZodType>>

/** One mistake in an options object: where it is, what is wrong, and what is expected. */
export interface OptionMistake {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly kind: 'unknown_key' | 'missing' | 'wrong_value'
}

/** A count that may be zero. */
export const count = z.int().min(0)

/** A count of at least one. */
export const positive = z.int().min(1).max(2 ** 31 - 1)

/** The name of a file for the dropped documents. */
export const rejectsPath = z.string().regex(/\.(ndjson|jsonl)(\.gz|\.zst)?$/,
  'expected the name of an NDJSON file, which ends in .ndjson or .jsonl, with .gz or .zst after it or without')

/** Digits, with optional underscores between them, fraction and exponent. */
const NUMBER = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i

/** Parses a number, such as `1000000`, `1_000_000`, `1e6` or `.5`; undefined for any other text. */
export function numberIn (text: string): number | undefined {
  const number = NUMBER.test(text) ? Number(text.replaceAll('_', '')) : NaN
  return Number.isFinite(number) ? number : undefined
}

/** Names of columns: a list, or one text with commas in between. */
export const columnNames = z.union([
  z.string().min(1).transform(names => names.split(',').map(name => name.trim())),
  z.array(z.string())
], { error: 'expected the name of a column, or a list of them' })

/** A SHA-256, in lower case. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256, 64 lower-case hexadecimal digits')

type WithoutDefault<T> = T extends z.ZodDefault<infer Inner> ? z.ZodOptional<Inner> : T
type WithoutDefaults<Shape> = { [Key in keyof Shape]: WithoutDefault<Shape[Key]> }

/**
 * The same options without defaults, so that absent ones stay absent. Use it for recipes that take missing options
 * from elsewhere. The descriptions name the defaults.
 */
export function withoutDefaults<Shape extends Readonly<Record<string, z.ZodType>>> (
  shape: Shape
): WithoutDefaults<Shape> {
  return Object.fromEntries(Object.entries(shape).map(([key, field]) => {
    if (!(field instanceof z.ZodDefault)) return [key, field]
    const inner = (field.unwrap() as z.ZodType).optional()
    const fallback = JSON.stringify(field.parse(undefined)).replace(/^"(.*)"$/, '$1')
    return [key, inner.meta({ ...field.meta(), description: `${field.description ?? ''} (default: ${fallback})` })]
  })) as WithoutDefaults<Shape>
}

/** Copies validated options, and sets the absent ones to the defaults of the shape. */
export function withDefaults<Shape extends Readonly<Record<string, z.ZodType>>> (
  shape: Shape, checked: object
): z.output<z.ZodObject<Shape>> {
  const given = new Map<string, unknown>(Object.entries(checked))
  return Object.fromEntries(Object.entries(shape).map(([key, field]) => {
    const value = given.get(key)
    return [key, value === undefined ? field.parse(undefined) : value]
  })) as z.output<z.ZodObject<Shape>>
}

/** Picks the options of a shape from validated options, in its order; undefined for those that aren't set. */
export function pickOptions (options: object, shape: OptionsSchema['shape']): Record<string, unknown> {
  const given = new Map<string, unknown>(Object.entries(options))
  return Object.fromEntries(Object.keys(shape).map(key => [key, given.get(key)]))
}

/** Returns the validated options with their defaults, or every mistake in them. */
export function validateOptions<S extends z.ZodType> (schema: S, options: unknown):
  { readonly options: z.output<S> } | { readonly mistakes: readonly OptionMistake[] } {
  const result = schema.safeParse(options, { reportInput: true })
  if (result.success) return { options: result.data }
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const mistakes = result.error.issues.flatMap(issue => mistakesOf(issue, known))
  // A number far outside violates two bounds. The narrower one is checked last, and its mistake is kept.
  const last = new Map(mistakes.map(({ path }, i) => [path.join('.'), i]))
  return { mistakes: mistakes.filter(({ path }, i) => path.length === 0 || last.get(path.join('.')) === i) }
}

/** Like `validateOptions`, for options from YAML: where a number is expected, a text such as `1_000_000` is parsed. */
export function validateWritten<S extends z.ZodType> (
  schema: S, written: unknown
): ReturnType<typeof validateOptions<S>> {
  const checked = validateOptions(schema, written)
  if ('options' in checked || typeof written !== 'object' || written === null) return checked
  const numbers = checked.mistakes.flatMap(({ path: [key, ...deeper], message }) => {
    const value = deeper.length === 0 ? (written as Record<PropertyKey, unknown>)[key!] : undefined
    const number = typeof value === 'string' && /^expected an? (?:number|integer), /.test(message)
      ? numberIn(value)
      : undefined
    return number === undefined ? [] : [[key, number] as const]
  })
  if (numbers.length === 0) return checked
  return validateOptions(schema, { ...written, ...Object.fromEntries(numbers) as object })
}

/** Renames the options in `backticks` in a message, to flags or to manifest keys. */
export function withNames (message: string, rename: (option: string) => string): string {
  return message.replace(/`([a-z]\w*)`/gi, (_, option: string) => rename(option))
}

/**
 * Validates the options of `stage`, and returns a copy with their defaults.
 *
 * @param nameOf the name of an option in messages
 * @throws SluiceError `ERR_OPTION` with every mistake
 */
export function parseOptions<S extends z.ZodType> (
  stage: string, schema: S, options: unknown, nameOf = (option: string): string => option
): z.output<S> {
  const checked = validateOptions(schema, options)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path, message }) => {
    const place = path.map((key, depth) => depth === 0 ? nameOf(String(key)) : String(key))
    return `${[stage, ...place].join('.')}: ${withNames(message, option => `\`${nameOf(option)}\``)}`
  })
  throw new SluiceError('ERR_OPTION', mistakes.join('\n'))
}

/** Validates a saved state. @throws SluiceError `ERR_STATE` if it has another shape */
export function parseState<S extends z.ZodType> (stage: string, schema: S, state: unknown): z.output<S> {
  const checked = validateOptions(schema, state)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path, message }) => [...path.map(String), message].join(': '))
  throw new SluiceError('ERR_STATE', `${stage}: not a state of this stage: ${mistakes.join('; ')}`)
}

/** Returns ` (did you mean X?)` if one of `known` is similar to `word`, or else the list of all that are known. */
export function suggestion (word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const near = closest(word, [...known])
  const limit = Math.max(2, Math.floor(word.length / 3))
  return distance(word, near) <= limit ? ` (did you mean ${near}?)` : ` (known: ${known.join(', ')})`
}

function mistakesOf (issue: z.core.$ZodIssue, known: readonly string[]): OptionMistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      path: [...issue.path, key],
      message: `unknown key ${key}${suggestion(key, known)}`,
      kind: 'unknown_key' as const
    }))
  }
  return [{ path: issue.path, message: messageOf(issue), kind: issue.input === undefined ? 'missing' : 'wrong_value' }]
}

/** What is wrong and what is expected, in one sentence: `expected an integer, got "a"`. */
function messageOf (issue: z.core.$ZodIssue): string {
  const { input } = issue
  const got = input === undefined ? 'it is missing' : `got ${shown(input)}`
  switch (issue.code) {
    case 'invalid_type': return `expected ${expectedType(issue.expected)}, ${got}${numberAdvice(issue.expected, input)}`
    case 'invalid_value': return `expected ${issue.values.map(shown).join(' or ')}, ${got}`
    case 'too_small': return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ` +
      `${amount(issue.minimum, issue.origin)}, ${got}`
    case 'too_big': return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ` +
      `${amount(issue.maximum, issue.origin)}, ${got}`
    case 'custom': case 'invalid_union': case 'invalid_format':
      // A rule about several options has all of them as its input; its message names them.
      return input === undefined || isMapping(input) ? issue.message : `${issue.message}, ${got}`
    default: return `expected another value, ${got}`
  }
}

function amount (bound: number | bigint, origin: string): string {
  const unit = origin === 'string' ? ' character' : origin === 'array' ? ' entry' : ''
  return unit === '' || bound === 1 ? `${bound}${unit}` : `${bound}${unit.replace(/y$/, 'ie')}s`
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'integer',
  record: 'mapping',
  object: 'mapping',
  array: 'list'
}

function expectedType (type: string): string {
  const name = TYPE_NAMES[type] ?? type
  if (name === 'boolean') return 'true or false'
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`
}

/** Explains how to write a number instead of `10k` or `1,000`. */
function numberAdvice (expected: string, input: unknown): string {
  if ((expected !== 'number' && expected !== 'int') || typeof input !== 'string' || !/^[+-]?\.?\d/.test(input) ||
    numberIn(input) !== undefined) {
    return ''
  }
  return '; a number is written as 10000, 10_000 or 1e4'
}

function isMapping (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Formats a value for a message: texts in quotes, and lists of simple values; for other values, only their type. */
function shown (value: unknown): string {
  if (value === null) return 'nothing'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty list'
    if (value.some(item => typeof item === 'object' || typeof item === 'function')) return 'a list'
    return cut(`[${value.map(shown).join(', ')}]`)
  }
  if (isMapping(value)) return 'a mapping'
  return cut(typeof value === 'string' ? JSON.stringify(value) : `${value as number}`)
}

function cut (text: string): string {
  return text.length > 60 ? text.slice(0, 57) + '…' : text
}

export const path = z.string().min(1)

/** Paths and globs, as in the options of sources. */
export const fileNames = z.union([path, z.array(path).min(1)], { error: 'expected a path, a glob, or a list of them' })
  .meta({ several: true }) // a flag takes several values, separated by spaces
/** The name of an option in manifests: `minChars` becomes `min_chars`. */
export function snakeCase (name: string): string {
  return name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())
}

/** The name of an option as a flag: `minChars` becomes `min-chars`. */
export function kebabCase (name: string): string {
  return name.replace(/[A-Z]/g, letter => '-' + letter.toLowerCase())
}

/** Copies an object and renames its keys. */
export function renameKeys<T> (
  object: Readonly<Record<string, T>>,
  rename: (key: string) => string
): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [rename(key), value]))
}
