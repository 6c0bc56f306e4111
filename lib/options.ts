import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { SluiceError } from './errors.ts'

/** What a stage or a recipe can be told: a flat object schema, each field with a default or optional, and described. */
export type OptionsSchema = z.ZodObject<Record<string, z.ZodType>>

/** One mistake in an options object: where, and what is wrong and would be right. */
export interface OptionMistake {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly kind: 'unknown_key' | 'missing' | 'wrong_value'
}

/** A count that may be zero. */
export const count = z.int().min(0)

/** A count of at least one. */
export const positive = z.int().min(1).max(2 ** 31 - 1)

/** The name of a file that takes what is dropped. */
export const rejectsPath = z.string().regex(/\.(ndjson|jsonl)(\.gz|\.zst)?$/, 'expected the name of an NDJSON file, which ends in .ndjson or .jsonl, with .gz or .zst behind it or without')

/** Names of columns: a list of them, or one text with commas between. */
export const columnNames = z.union([z.string().min(1).transform(names => names.split(',').map(name => name.trim())), z.array(z.string())], { error: 'expected the name of a column, or a list of them' })

/** A SHA-256, as we write it. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256, 64 lower-case hexadecimal digits')

type WithoutDefault<T> = T extends z.ZodDefault<infer Inner> ? z.ZodOptional<Inner> : T

/** The same options, each left out where it isn't given: for a recipe that takes what isn't said from elsewhere. Their descriptions tell the defaults. */
export function withoutDefaults<Shape extends Readonly<Record<string, z.ZodType>>> (shape: Shape): { [Key in keyof Shape]: WithoutDefault<Shape[Key]> } {
  return Object.fromEntries(Object.entries(shape).map(([key, field]) => {
    if (!(field instanceof z.ZodDefault)) return [key, field]
    const inner = (field.unwrap() as z.ZodType).optional()
    const fallback = JSON.stringify(field.parse(undefined)).replace(/^"(.*)"$/, '$1')
    return [key, inner.meta({ ...field.meta(), description: `${field.description ?? ''} (default: ${fallback})` })]
  })) as { [Key in keyof Shape]: WithoutDefault<Shape[Key]> }
}

/** Either the checked options with their defaults filled in, or every mistake in them. */
export function checkOptions<S extends z.ZodType> (schema: S, options: unknown):
  { readonly options: z.output<S> } | { readonly mistakes: readonly OptionMistake[] } {
  const result = schema.safeParse(options, { reportInput: true })
  if (result.success) return { options: result.data }
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  return { mistakes: result.error.issues.flatMap(issue => mistakesOf(issue, known)) }
}

/**
 * The checked options of `stage`, defaults filled in. The caller's object is not written to.
 *
 * @throws SluiceError `ERR_OPTION` with every mistake
 */
export function parseOptions<S extends z.ZodType> (stage: string, schema: S, options: unknown): z.output<S> {
  const checked = checkOptions(schema, options)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path, message }) => [stage, ...path].map(String).join('.') + ': ' + message)
  throw new SluiceError('ERR_OPTION', mistakes.join('\n'))
}

/** A saved state, checked by its shape. @throws SluiceError `ERR_STATE` for anything else */
export function parseState<S extends z.ZodType> (stage: string, schema: S, state: unknown): z.output<S> {
  const checked = checkOptions(schema, state)
  if ('options' in checked) return checked.options
  throw new SluiceError('ERR_STATE', `${stage}: not a state of this stage: ${checked.mistakes.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ')}`)
}

/** ` (did you mean X?)` where one of `known` is near `word`, else the list of all that are known. */
export function suggestion (word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const near = closest(word, [...known])
  const limit = Math.max(2, Math.floor(word.length / 3))
  return distance(word, near) <= limit ? ` (did you mean ${near}?)` : ` (known: ${known.join(', ')})`
}

function mistakesOf (issue: z.core.$ZodIssue, known: readonly string[]): OptionMistake[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ path: [...issue.path, key], message: `unknown key ${key}${suggestion(key, known)}`, kind: 'unknown_key' as const }))
  }
  return [{ path: issue.path, message: messageOf(issue), kind: issue.input === undefined ? 'missing' : 'wrong_value' }]
}

/** What is wrong and what would be right, in one sentence: `expected an integer, got "a"`. */
function messageOf (issue: z.core.$ZodIssue): string {
  const got = issue.input === undefined ? 'it is missing' : `got ${inspect(issue.input)}`
  switch (issue.code) {
    case 'invalid_type': return `expected ${article(issue.expected)}, ${got}`
    case 'invalid_value': return `expected ${issue.values.map(inspect).join(' or ')}, ${got}`
    case 'too_small': return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin)}, ${got}`
    case 'too_big': return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin)}, ${got}`
    default: return issue.input === undefined ? issue.message : `${issue.message}, ${got}`
  }
}

function unit (origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
}

function article (type: string): string {
  const name = ({ int: 'integer', record: 'mapping', object: 'mapping', array: 'list' } as Record<string, string>)[type] ?? type
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`
}

function inspect (value: unknown): string {
  const text = typeof value === 'bigint' || typeof value === 'function' ? String(value) : JSON.stringify(value)
  return text.length > 60 ? text.slice(0, 57) + '…' : text
}
