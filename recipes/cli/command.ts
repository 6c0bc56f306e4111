import type { z } from 'zod'
import { type Aliases, withoutAliases } from './aliases.ts'
import { type PartialError, SluiceError } from '../../lib/errors.ts'
import { type OptionsSchema, kebabCase, validateOptions, withNames } from '../../lib/options.ts'
import type { RunOptions } from '../flow/flow.ts'

/** A command of `sluice`. Its flags and the summary in its help come from the schema of its options. */
export interface Command {
  /** As in the help: `<manifest>`, `[files...]`. */
  readonly argument: readonly [name: string, description: string] | undefined
  readonly options: OptionsSchema
  readonly aliases: Aliases
  /** Options that the command requires, although the schema doesn't. */
  readonly required: readonly string[]
  /** Whether the result goes to standard output as JSON even without `--json`, and the text to standard error. */
  readonly givesJson: boolean
  /**
   * Parses the command line. The values of numeric flags are numbers already.
   *
   * @throws SluiceError `ERR_OPTION` with every mistake, each named by its flag
   */
  readonly call: (args: readonly string[], flags: Readonly<Record<string, unknown>>) => Call
}

/** A command with its arguments and its options, ready to run. */
export interface Call {
  readonly run: (run: RunOptions) => Promise<Result>
  /** The partial result of a run that failed. */
  readonly resultOf: (error: PartialError) => Result
  /** Whether data goes to standard output, so that the result goes to standard error. */
  readonly givesData: boolean
  /** The flag with which an option was given, for messages; otherwise its default flag. */
  readonly flagFor: (option: string) => string
  /** Former names of options that were used, and the options that they stand for. */
  readonly former: ReadonlyArray<readonly [former: string, option: string]>
}

/** What a command prints. */
export interface Result {
  /** What `--json` prints. */
  readonly value: unknown
  /** The result as text; undefined if there is nothing to print. */
  readonly text: (() => string) | undefined
}

type Calling = Partial<Pick<Command, 'argument' | 'aliases' | 'required' | 'givesJson'>>
/** How a command is called, and how its result is shown. */
interface Traits<S extends OptionsSchema, Value> extends Calling {
  /** The result as text, for standard output. */
  readonly report?: (result: Value) => string
  /** Whether data goes to standard output with these options. */
  readonly givesData?: (options: z.output<S>) => boolean
  /** Instead of a report, a line for standard error, where data always goes to standard output. */
  readonly note?: (result: Value) => string
}

/**
 * A command: its options, its work, and how its result is shown.
 *
 * @param run called with the options as the schema has parsed them; `--json` prints its result
 */
export function command<S extends OptionsSchema, Value> (
  options: S,
  run: (args: readonly string[], options: z.output<S>, run: RunOptions) => Promise<Value>,
  { argument, aliases = {}, required = [], report, note, givesData, givesJson = false }: Traits<S, Value> = {}
): Command {
  const shown = (value: Value, text = report): Result => ({ value, text: text && (() => text(value)) })
  return {
    argument,
    options,
    aliases,
    required,
    givesJson,
    call (args, flags) {
      const former: Array<[string, string]> = []
      const named = withoutAliases(flags, aliases, (name, option) => { former.push([name, option]) })
      const flagFor = (option: string): string => flagOf(named.nameOf(option))
      const parsed = parseFlags(options, named.options, flagFor)
      return {
        run: async context => shown(await run(args, parsed, context), report ?? note),
        // `partial` has the type of the command's result if `isResult` is set, but it is incomplete.
        resultOf: ({ partial, isResult }) => isResult ? shown(partial as Value) : { value: partial, text: undefined },
        givesData: report === undefined || givesData?.(parsed) === true,
        flagFor,
        former
      }
    }
  }
}

/** The options of flags. @throws SluiceError `ERR_OPTION` with every mistake, each named by its flag */
function parseFlags<S extends OptionsSchema> (
  schema: S, flags: Readonly<Record<string, unknown>>, flagFor: Call['flagFor']
): z.output<S> {
  const checked = validateOptions(schema, flags)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path: [option], message }) =>
    (option === undefined ? '' : `${flagFor(String(option))}: `) + withNames(message, flagFor))
  throw new SluiceError('ERR_OPTION', mistakes.join('\n'))
}

/** `minChars` as a flag: `--min-chars`. */
export function flagOf (option: string): string {
  return `--${kebabCase(option)}`
}
