import { completionOptions, printCompletion } from '../../start/completion.ts'
import { type Command, command } from '../command.ts'

/** @param all loads all commands */
export function completion (all: () => Promise<Readonly<Record<string, Command>>>): Command {
  return command(completionOptions, async ([shell]) => await printCompletion(shell!, await all()), {
    argument: ['<shell>', 'bash, zsh or fish']
  })
}
