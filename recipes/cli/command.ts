import type { z } from 'zod'
import { type Aliases, withoutAliases } from './aliases.ts'
import { type PartialError, SluiceError } from '../../lib/errors.ts'
import { type OptionsSchema, kebabCase, validateOptions, withNames } from '../../lib/options.ts'
import type { RunOptions } from '../flow/flow.ts'

/** A command of `sluice`: its flags, and the summary in its help, are made of its options' schema. */
export interface Command {
  /** As in the help: `<manifest>`, `[files...]`. */
  readonly argument: readonly [name: string, description: string] | undefined
  readonly options: OptionsSchema
  readonly aliases: Aliases
  /** Options that must be given, though the schema doesn't require them. */
  readonly required: readonly string[]
  /** Whether standard output has the result as JSON without `--json`, too; the text goes to standard error then. */
  readonly givesJson: boolean
  /**
   * Parses the command line, whose flags have numbers where they take one.
   *
   * @throws SluiceError `ERR_OPTION` with every mistake, each named by its flag
   */
  readonly call: (args: readonly string[], flags: Readonly<Record<string, unknown>>) => Call
}

/** A command with its arguments and its options, ready to run. */
export interface Call {
  readonly run: (run: RunOptions) => Promise<Result>
  /** What a run that failed shows nevertheless. */
  readonly resultOf: (error: PartialError) => Result
  /** Whether standard output is the data's, so that the result goes to standard error. */
  readonly givesData: boolean
  /** The flag that an option was given by, for messages; its own where it isn't given. */
  readonly flagFor: (option: string) => string
  /** Former names of options that were used, and the options that they stand for. */
  readonly former: ReadonlyArray<readonly [former: string, option: string]>
}

/** What a command shows. */
export interface Result {
  /** What `--json` prints. */
  readonly value: unknown
  /** The same for people; undefined where there is nothing to print. */
  readonly text: (() => string) | undefined
}

type Calling = Partial<Pick<Command, 'argument' | 'aliases' | 'required' | 'givesJson'>>
/** How a command is called, and how its result is shown. */
interface Traits<S extends OptionsSchema, Value> extends Calling {
  /** The result for people, on standard output. */
  readonly report?: (result: Value) => string
  /** Whether, with these options, standard output is the data's. */
  readonly givesData?: (options: z.output<S>) => boolean
  /** A line for people on standard error, where standard output is always the data's; in place of a report. */
  readonly note?: (result: Value) => string
}

/**
 * A command: its options, what it does with them, and how its result is shown.
 *
 * @param run is given the options as the schema has parsed them; its result is what `--json` prints
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
        // What a PartialError has, as a result, is what its command would have returned, with less in it.
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
