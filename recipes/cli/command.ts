import type { z } from 'zod'
import { type PartialError, SluiceError } from '../../lib/errors.ts'
import { type OptionsSchema, checkWritten, kebabCase, withNames } from '../../lib/options.ts'
import type { RunOptions } from '../flow/flow.ts'

/** A command of `sluice`: its flags, and the summary in its help, come out of its options' schema. */
export interface Command {
  /** As in the help: `<manifest>`, `[files...]`. */
  readonly argument: readonly [name: string, description: string] | undefined
  readonly options: OptionsSchema
  /** Whether standard output has the result as JSON without `--json`, too; the text goes to standard error then. */
  readonly givesJson: boolean
  /**
   * Reads the command line.
   *
   * @param flags as they were given: a number is still a text
   * @throws SluiceError `ERR_OPTION` with every mistake, each named by its flag
   */
  readonly call: (args: readonly string[], flags: Readonly<Record<string, unknown>>) => Call
}

/** A command with its arguments and its options, ready to run. */
export interface Call {
  readonly run: (run: RunOptions) => Promise<Result>
  /** What a run that failed has to show nevertheless. */
  readonly resultOf: (error: PartialError) => Result
  /** Whether standard output is the data's, so that the result goes to standard error. */
  readonly givesData: boolean
}

/** What a command has to show. */
export interface Result {
  /** What `--json` prints. */
  readonly value: unknown
  /** The same for people; undefined where there is nothing to say. */
  readonly text: (() => string) | undefined
}

/** How a command is called, and how its result is shown. */
interface Traits<S extends OptionsSchema, Value> {
  readonly argument?: Command['argument']
  readonly givesJson?: boolean
  /** The result for people, on standard output. */
  readonly report?: (result: Value) => string
  /** Whether, with these options, standard output is the data's. */
  readonly givesData?: (options: z.output<S>) => boolean
  /** A line for people on standard error, where standard output is always the data's; in place of a report. */
  readonly note?: (result: Value) => string
}

/**
 * A command: its options, what it does with them, and how that is shown.
 *
 * @param run its result is what `--json` prints
 */
export function command<S extends OptionsSchema, Value> (
  options: S,
  run: (args: readonly string[], options: z.output<S>, run: RunOptions) => Promise<Value>,
  { argument, report, note, givesData, givesJson = false }: Traits<S, Value> = {}
): Command {
  const shown = (value: Value, text = report): Result => ({ value, text: text && (() => text(value)) })
  return {
    argument,
    options,
    givesJson,
    call (args, flags) {
      const read = readFlags(options, flags)
      return {
        run: async context => shown(await run(args, read, context), report ?? note),
        // What a PartialError has, as a result, is what its command would have returned, with less in it.
        resultOf: ({ partial, isResult }) => isResult ? shown(partial as Value) : { value: partial, text: undefined },
        givesData: report === undefined || givesData?.(read) === true
      }
    }
  }
}

/** The options that flags say. @throws SluiceError `ERR_OPTION` with every mistake, each named by its flag */
function readFlags<S extends OptionsSchema> (schema: S, flags: Readonly<Record<string, unknown>>): z.output<S> {
  const checked = checkWritten(schema, flags)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path: [option], message }) => {
    return option === undefined ? withNames(message, flagOf) : `${flagOf(String(option))}: ${message}`
  })
  throw new SluiceError('ERR_OPTION', mistakes.join('\n'))
}

/** `minChars` as a flag: `--min-chars`. */
export function flagOf (option: string): string {
  return `--${kebabCase(option)}`
}
