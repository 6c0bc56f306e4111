import { Command as Program, CommanderError } from 'commander'
import { formerNameText } from './aliases.ts'
import { PartialError, SluiceError, codeOf, errorCodes, maskCredentials, reasonOf } from '../../lib/errors.ts'
import { kebabCase, snakeCase, withNames } from '../../lib/options.ts'
import { standardOutput } from '../../lib/output/open.ts'
import { packageVersion } from '../../lib/package.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import { shown } from '../../lib/text/shown.ts'
import { Stop } from '../flow/stop.ts'
import { type Call, type Command, type Result, flagOf } from './command.ts'
import { allCommands, findCommand, isRecipe } from './commands.ts'
import { addArgument, addFlags } from './flags.ts'
import { addGuide, helpLayout } from './help.ts'
import { watchLostWork } from './lost-work.ts'
import { Progress } from './progress.ts'

/** The signals that end a run. The caller handles them until a command begins; then the command does. */
export interface Signals {
  /** The exit code after each. */
  readonly exits: Readonly<Partial<Record<NodeJS.Signals, number>>>
  /** Stops the caller's handling of signals. */
  readonly release: () => void
}

const NO_SIGNALS: Signals = { exits: {}, release: () => {} }

/** After a signal, a run that hasn't ended in this time is killed: it may wait for a pipe, which can't be stopped. */
const MAX_STOP_MS = 5000

const NO_WORKING_DIRECTORY = 'sluice: the working directory no longer exists; change to another one (cd), and run it ' +
  'again [ENOENT]'

/** Text for a terminal, without control characters and without passwords in URLs. */
function forPeople (text: string): string {
  return shown(maskCredentials(text))
}

/**
 * The command line. Data and results go to standard output, everything else to standard error.
 *
 * @param argv without the program and the script
 * @param signals by default signals are left to the process
 * @returns the exit code: 0 done, 1 the data or a check failed, 2 the call or the manifest is wrong; or a signal's
 */
export async function cli (argv: readonly string[], signals = NO_SIGNALS): Promise<number> {
  let exitCode = 0
  let help = '' // or the version; commander would throw an uncaught error if the pipe is closed
  const words = argv[0] === 'help' ? await asHelpFlag(argv.slice(1)) : argv
  const { commands, called } = await commandsFor(words)
  const usageError = (text: string): string => text.replace(/^error: (.*)\n$/s, (_, error: string) => {
    return `sluice: ${withAdvice(error, { commands, called })} [ERR_USAGE]\n`
  })
  const program = new Program('sluice')
    .description('Turns raw text corpora into training shards for language models.')
    .version(packageVersion())
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp(helpLayout)
    .configureOutput({
      outputError: (text, write) => { write(forPeople(usageError(text))) },
      writeOut: text => { help += text }
    })
    .helpCommand('help [command]', 'print the help of a command')
  addGuide(program, 'sluice')
  for (const [name, command] of Object.entries(commands)) {
    const sub = program.command(name).description(command.options.description ?? '')
    addArgument(sub, command)
    if (called === undefined) continue // the general help shows no flags, and creating all of them takes long
    addFlags(sub, command)
    addGuide(sub, name)
    sub.action(async () => {
      const { json = false, quiet = false, ...flags } = sub.opts<Partial<Shown>>()
      const prepare = (): Call => command.call(sub.args, flags)
      exitCode = await runCommand(command, prepare, { json, quiet, line: commandLine(argv), signals })
    })
  }
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) return errorCodes.ERR_USAGE.exit // commander has printed the message
    await printHelp(help)
    return 0
  }
  return exitCode
}

/** `help NAME` as `NAME --help`; with an unknown name, commander reports the mistake. */
async function asHelpFlag (names: readonly string[]): Promise<readonly string[]> {
  const [name] = names
  return name === undefined || await findCommand(name) !== undefined ? [...names, '--help'] : names
}

/** Commands by their names. */
type Commands = Readonly<Record<string, Command>>

interface Needed {
  readonly commands: Commands
  /** The name of the command that is called; undefined for the general help, the version and an unknown name. */
  readonly called: string | undefined
}

/** The commands that a command line needs: the one that is called, or all for the general help and suggestions. */
async function commandsFor (words: readonly string[]): Promise<Needed> {
  const called = words.find(word => !word.startsWith('-'))
  const command = called === undefined ? undefined : await findCommand(called)
  if (command !== undefined) return { commands: { [called!]: command }, called }
  const isVersion = ['--version', '-V'].includes(words[0]!)
  return { commands: isVersion ? {} : await allCommands(), called: undefined }
}

interface Shown {
  readonly json: boolean
  readonly quiet: boolean
}

/**
 * A mistake in the call, and what to do next. commander suggests names in which few letters differ; this suggests names
 * that start with the given one.
 */
function withAdvice (error: string, { commands, called }: Needed): string {
  if (error.includes('(Did you mean')) return error
  const [, kind, word] = /^unknown (option|command) '([\w-]+)'/.exec(error) ?? []
  const flags = called === undefined ? [] : Object.keys(commands[called]!.options.shape).map(flagOf)
  const known = kind === 'command' ? Object.keys(commands) : kind === 'option' ? flags : []
  const alike = known.filter(name => name.startsWith(`${word!}-`))
  if (alike.length > 0) return `${error}\n(Did you mean ${alike.join(' or ')}?)`
  return `${error}; see sluice ${called === undefined ? '' : `${called} `}--help`
}

interface Called extends Shown {
  readonly signals: Signals
  /** The command line. */
  readonly line: string
}

/** @param prepare parses the command line; called once signals are handled */
async function runCommand (command: Command, prepare: () => Call, called: Called): Promise<number> {
  const { json, quiet, line, signals: { exits, release } } = called
  const { givesJson } = command
  const stop = new Stop()
  const watching = watchLostWork(() => { stop.end() })
  let stopped: NodeJS.Signals | undefined
  let killTimer: NodeJS.Timeout | undefined
  const signals = Object.keys(exits) as NodeJS.Signals[]
  const onSignal = (signal: NodeJS.Signals): void => {
    stopped = signal
    stop.request()
    killTimer = setTimeout(() => { process.kill(process.pid, signal) }, MAX_STOP_MS).unref()
    // A second signal ends the process at once, as without a listener.
    for (const name of signals) process.off(name, onSignal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  release() // now that there are others: without a listener, Node would lose a signal that has just arrived
  const showResult = async ({ givesData }: Call, { value, text }: Result): Promise<void> => {
    // If the data goes to standard output, everything else goes to standard error.
    const output = givesData ? process.stderr : process.stdout
    if (json || givesJson) await print(output, JSON.stringify(value, null, 2))
    if (!json && !quiet && text !== undefined) await print(givesJson ? process.stderr : output, text())
  }
  let call: Call | undefined
  try {
    process.cwd() // throws if the folder was deleted
    call = prepare()
    const progress = new Progress(process.stderr)
    const tell = (message: string): void => { progress.tell(forPeople(`sluice: ${message}`)) }
    for (const [former, option] of quiet ? [] : call.former) {
      tell(`warning: ${formerNameText(flagOf(former), flagOf(option))}`)
    }
    const watchers = quiet ? {} : { watch: progress.watch, watchWork: progress.watch, tell }
    const result = await call.run({ signal: stop.signal, stop, command: line, ...watchers })
    const lost = watching.error()
    if (lost !== null) throw lost
    await showResult(call, result)
    return 0
  } catch (thrown) {
    const error: unknown = watching.error() ?? thrown
    if (codeOf(error) === 'EPIPE') return 0 // the reader of the output has closed it, as `head` does
    if (error instanceof PartialError && call !== undefined) await showResult(call, call.resultOf(error))
    await print(process.stderr, describe(error, command, call?.flagFor))
    if (stopped !== undefined) return exits[stopped]!
    return error instanceof SluiceError ? error.exitCode : 1
  } finally {
    clearTimeout(killTimer)
    watching.end()
    for (const signal of signals) process.off(signal, onSignal)
  }
}

/** The command line, quoted for a shell. */
function commandLine (argv: readonly string[]): string {
  return ['sluice', ...argv].map(shellWord).join(' ')
}

/**
 * Replaces the names of options in a message of a recipe or stage by the flags that were used. Messages name options
 * as in code. An option without a flag is a manifest key.
 */
function withFlags (
  message: string, { options: { shape }, aliases: { python, former } }: Command, flagFor: Call['flagFor']
): string {
  const names = { ...shape, ...python, ...former }
  const isFlag = (option: string): boolean => Object.hasOwn(names, option)
  return withNames(message
    .replace(/^train\.(\w+)(?=: )/gm, (name, option: string) => {
      return isFlag(option) ? name : `tokenizer.${snakeCase(option)}`
    })
    .replace(/without `(\w+)`/g, (_, option: string) => {
      return isFlag(option) ? `with --no-${kebabCase(option)}` : `with \`${snakeCase(option)}: false\``
    })
    .replace(/^(?:[a-z][\w-]*\.)?([a-z]\w*)(?=: )/gim, (name, option: string) => {
      return isFlag(option) && !isRecipe(name) ? flagFor(option) : name
    }), option => isFlag(option) ? flagFor(option) : `\`${snakeCase(option)}\``)
}

/** Help or the version. */
async function printHelp (help: string): Promise<void> {
  try {
    await standardOutput(process.stdout).write(Buffer.from(help))
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error // the reader has seen enough
  }
}

async function print (stream: NodeJS.WriteStream, text: string): Promise<void> {
  const output = standardOutput(stream)
  await output.write(Buffer.from(forPeople(text) + '\n'))
}

/** An error of sluice as its message and code. Any other error is a defect, and is shown with its stack. */
function describe (error: unknown, command: Command, flagFor = flagOf): string {
  if (error instanceof SluiceError) {
    const message = error.code === 'ERR_OPTION' ? withFlags(error.message, command, flagFor) : error.message
    return `sluice: ${message} [${error.code}]`
  }
  if ((error as { readonly syscall?: string } | null)?.syscall === 'uv_cwd') return NO_WORKING_DIRECTORY
  if (['EMFILE', 'ENFILE'].includes(codeOf(error) ?? '')) return `sluice: ${reasonOf(error)} [${codeOf(error)!}]`
  const stack = error instanceof Error ? error.stack ?? error.message : String(error)
  return `sluice: an unexpected error, please report it: ${stack}`
}
