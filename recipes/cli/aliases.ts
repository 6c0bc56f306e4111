import type { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { type OptionsSchema, parseOptions } from '../../lib/options.ts'

/** Other names of options, each with the option that it stands for. */
export interface Aliases {
  /** Names in the Python scripts that the recipes replace. */
  readonly python?: Readonly<Record<string, string>>
  /** Names in earlier versions. They cause a warning, and will be removed in 1.0. */
  readonly former?: Readonly<Record<string, string>>
}

type NamesIn<Table> = Table extends Readonly<Record<string, string>> ? Table : object

/** The options of a recipe, by their names or by aliases. */
export type WithAliases<Options, Table extends Aliases> = Options & AliasesIn<Options, NamesIn<Table['python']>> &
  AliasesIn<Options, NamesIn<Table['former']>>

type AliasesIn<Options, Names> = {
  /** @deprecated Another name of an option; use the name of the option. */
  readonly [Alias in keyof Names]?: Names[Alias] extends keyof Options ? Options[Names[Alias]] : never
}

/** Options by their own names. */
export interface NamedOptions {
  readonly options: Readonly<Record<string, unknown>>
  /** The name with which an option was given, for messages; otherwise its own name. */
  readonly nameOf: (option: string) => string
}

/**
 * Replaces aliases by the names of the options.
 *
 * @param warn called with each former name that is used, and the option that it stands for
 * @throws SluiceError `ERR_OPTION` when one option is given by two names
 */
export function withoutAliases (
  options: object, { python = {}, former = {} }: Aliases, warn: (former: string, option: string) => void
): NamedOptions {
  const named: Record<string, unknown> = {}
  const given = new Map<string, string>() // by option: the name that it was given by
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const option = ownName(name, python) ?? ownName(name, former) ?? name
    const other = given.get(option)
    if (other !== undefined) {
      throw new SluiceError('ERR_OPTION', `\`${other}\` and \`${name}\` are names of one option; leave one of them out`)
    }
    if (ownName(name, former) !== undefined) warn(name, option)
    given.set(option, name)
    named[option] = value
  }
  return { options: named, nameOf: option => given.get(option) ?? option }
}

/**
 * Checks the options of a recipe that is called in code, and fills in defaults. A former name emits a process warning.
 *
 * @throws SluiceError `ERR_OPTION` with every mistake, each by the name that was used
 */
export function parseNamed<S extends OptionsSchema> (
  recipe: string, schema: S, given: object, aliases: Aliases
): z.output<S> {
  const { options, nameOf } = withoutAliases(given, aliases, (former, option) => {
    process.emitWarning(`${recipe}: ${formerNameText(former, option)}`, 'DeprecationWarning')
  })
  return parseOptions(recipe, schema, options, nameOf)
}

/** The warning of a former name. */
export function formerNameText (former: string, option: string): string {
  return `${former} was renamed to ${option}; the old name will be removed in 1.0`
}

function ownName (name: string, names: Readonly<Record<string, string>>): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined
}
