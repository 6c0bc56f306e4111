import { parseArgs } from 'node:util'

/** The arguments on the command line. */
export interface Arguments {
  /** Empty: all rows. */
  readonly only: readonly string[]
  /** Null: the default of each row or part. */
  readonly runs: number | null
  /** A share by which figures of speed may be missed. */
  readonly tolerance: number
  readonly compare: string | null
  /** The size of the mixed corpus in MB; null: the default. */
  readonly mb: number | null
  readonly quick: boolean
  readonly json: boolean
  readonly help: boolean
}

/** The call is wrong; the message states what would be right. */
export class WrongCall extends Error {}

/**
 * @param names of rows and parts, for `--only`, and the prefixes of row names
 * @throws WrongCall
 */
export function readArguments (args: readonly string[], names: readonly string[]): Arguments {
  const { only = [], runs, tolerance, compare, mb, quick, json, help } = parsed(args)
  if (runs !== undefined && !/^[1-9]\d*$/.test(runs)) {
    throw new WrongCall(`--runs: expected a whole number of at least 1, got ${runs}`)
  }
  if (!/^\d{1,2}$/.test(tolerance)) {
    throw new WrongCall(`--tolerance: expected a percentage below 100, got ${tolerance}`)
  }
  if (mb !== undefined && !/^\d{1,4}$/.test(mb)) {
    throw new WrongCall(`--mb: expected a whole number below 10,000, got ${mb}`)
  }
  if (compare === '' || compare?.startsWith('-') === true) {
    throw new WrongCall(`--compare: expected a commit, got ${JSON.stringify(compare)}`)
  }
  const unknown = only.find(name => !names.some(each => isNamed(each, name)))
  if (unknown !== undefined) {
    throw new WrongCall(`--only: no row or part is named ${unknown}; expected ${names.join(', ')}`)
  }
  return {
    only,
    runs: runs === undefined ? null : Number(runs),
    tolerance: Number(tolerance) / 100,
    compare: compare ?? null,
    mb: mb === undefined ? null : Number(mb),
    quick,
    json,
    help
  }
}

/** Whether `given` is a name, or the prefix of several: `read` for `read-gz`. */
export function isNamed (name: string, given: string): boolean {
  return name === given || name.startsWith(`${given}-`)
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string' },
        tolerance: { type: 'string', default: '0' },
        compare: { type: 'string' },
        mb: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false }
      }
    }).values
  } catch (cause) {
    throw new WrongCall((cause as Error).message, { cause })
  }
}
