import { z } from 'zod'
import { SluiceError } from '../../lib/errors.ts'
import { type OptionsSchema, kebabCase } from '../../lib/options.ts'
import { standardOutput } from '../../lib/output/open.ts'

export const completionOptions = z.strictObject({})
  .describe('prints a script with which a shell completes commands, flags and their values')

/** The part of a command that completion needs. */
export interface Completed { readonly options: OptionsSchema }

/** A flag with its possible values. */
interface Flag {
  readonly name: string
  readonly description: string
  readonly takesValue: boolean
  /** The possible values; empty if any value is possible, such as a path. */
  readonly values: readonly string[]
}

interface CompletedCommand {
  readonly name: string
  readonly description: string
  readonly flags: readonly Flag[]
  /** The possible arguments; empty if any argument is possible, such as a path. */
  readonly words: readonly string[]
}

/** The function for each shell that writes its script. */
const SCRIPTS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish }

/**
 * The script for a shell.
 *
 * @throws SluiceError `ERR_OPTION` for an unknown shell
 */
export function completionScript (shell: string, commands: Readonly<Record<string, Completed>>): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  const shells = Object.keys(SCRIPTS)
  if (script === undefined) {
    throw new SluiceError('ERR_OPTION', `completion: expected ${shells.join(' or ')}, got ${shell}`)
  }
  const completed = Object.entries(commands).map(([name, { options }]) => ({
    name,
    description: options.description ?? '',
    flags: [...Object.entries(options.shape).flatMap(([key, field]) => flagsOf(key, field)), ...COMMON_FLAGS],
    words: name === 'completion' ? shells : []
  }))
  const help = { name: 'help', description: HELP_PURPOSE, flags: [], words: Object.keys(commands) }
  return script([...completed, help])
}

/** Prints the script to standard output. @throws SluiceError `ERR_OPTION` */
export async function printCompletion (
  shell: string, commands: Readonly<Record<string, Completed>>
): Promise<{ readonly shell: string }> {
  await standardOutput().write(Buffer.from(completionScript(shell, commands)))
  return { shell }
}

const HELP_PURPOSE = 'print the help of a command'

/** The flags that every command has. */
const COMMON_FLAGS: readonly Flag[] = [
  { name: '--json', description: 'print the result as one JSON object', takesValue: false, values: [] },
  { name: '--quiet', description: 'print nothing but errors and data', takesValue: false, values: [] },
  { name: '--help', description: 'print this help', takesValue: false, values: [] }
]

function flagsOf (key: string, field: z.ZodType): Flag[] {
  const { type, enum: values = [], default: fallback } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
  const { description = '' } = field
  const takesValue = type !== 'boolean'
  const flag = { name: `--${kebabCase(key)}`, description, takesValue, values: values.map(String) }
  const isOpen = !takesValue && fallback === undefined
  const negated = { ...flag, name: `--no-${kebabCase(key)}`, description: `turn off ${flag.name}` }
  return isOpen ? [flag, negated] : [flag]
}

/** Where the script offers nothing, bash completes paths. */
function bash (commands: readonly CompletedCommand[]): string {
  const offer = (words: readonly string[]): string => `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current"))`
  const withValues = commands.flatMap(({ name, flags }) => flags.filter(({ values }) => values.length > 0)
    .map(flag => `    ${name},${flag.name}) ${offer(flag.values)}; return ;;`))
  const withoutValue = commands.flatMap(({ flags }) => flags.filter(({ takesValue }) => !takesValue))
  const switches = new Set(withoutValue.map(({ name }) => name))
  const paths = new Set(commands.flatMap(({ name, flags }) => flags
    .filter(({ takesValue, values }) => takesValue && values.length === 0)
    .map(flag => `${switches.has(flag.name) ? name : '*'},${flag.name}`)))
  const ofCommand = ({ name, flags, words }: CompletedCommand): string => {
    return `    ${name}) flags='${flags.map(flag => flag.name).join(' ')}' words='${words.join(' ')}' ;;`
  }
  return `# Completion of sluice in bash. Use it with: source <(sluice completion bash)
_sluice () {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' word flags='' words=''
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word != -* ]]; then command=$word; break; fi
  done
  if [[ -z $command ]]; then
    ${offer([...commands.map(({ name }) => name), '--help', '--version'])}
    return
  fi
  case $command,$previous in
${withValues.join('\n')}
    ${[...paths].join('|')}) return ;;
  esac
  case $command in
${commands.map(ofCommand).join('\n')}
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o bashdefault -o default -F _sluice sluice
`
}

function zsh (commands: readonly CompletedCommand[]): string {
  const escaped = (letter: string): string => letter === '\'' ? '\'\\\'\'' : `\\${letter}`
  const text = (description: string): string => description.replace(/[[\]:'\\]/g, escaped)
  const argument = ({ name, description, takesValue, values }: Flag): string => {
    const value = !takesValue ? '' : values.length > 0 ? `:value:(${values.join(' ')})` : ':value:_files'
    return `        '${name}[${text(description)}]${value}'`
  }
  const ofCommand = ({ name, flags, words }: CompletedCommand): string => {
    const rest = words.length > 0 ? `'1:value:(${words.join(' ')})'` : '\'*:file:_files\''
    return `    ${name})\n      _arguments \\\n${[...flags.map(argument), `        ${rest}`].join(' \\\n')}\n      ;;`
  }
  return `#compdef sluice
# Completion of sluice in zsh. Use it with: source <(sluice completion zsh)
_sluice () {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    '${name}:${text(description)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(ofCommand).join('\n')}
  esac
}
compdef _sluice sluice
`
}

function fish (commands: readonly CompletedCommand[]): string {
  const text = (description: string): string => `'${description.replace(/[\\']/g, '\\$&')}'`
  return [
    '# Completion of sluice in fish. Use it with: sluice completion fish | source',
    'complete -c sluice -n __fish_use_subcommand -f -l version -d \'print the version\'',
    ...commands.flatMap(({ name, description, flags, words }) => {
      const within = `complete -c sluice -n '__fish_seen_subcommand_from ${name}'`
      return [
        `complete -c sluice -n __fish_use_subcommand -f -a ${name} -d ${text(description)}`,
        ...words.length > 0 ? [`${within} -f -a '${words.join(' ')}'`] : [],
        ...flags.map(flag => {
          const value = !flag.takesValue ? '' : flag.values.length > 0 ? ` -x -a '${flag.values.join(' ')}'` : ' -r -F'
          return `${within} -l ${flag.name.slice(2)}${value} -d ${text(flag.description)}`
        })
      ]
    })
  ].join('\n') + '\n'
}
