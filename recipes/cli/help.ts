import type { Argument, Help, Command as Program } from 'commander'
import { guides } from './guides.ts'

const WIDTH = 80

/** The width of the column of flags. The description of a longer flag starts on the next line. */
const TERM_WIDTH = 24

const INDENT = '  '

/** The layout of the help: 80 columns, with flags to the left and their descriptions to the right. */
export const helpLayout: Partial<Help> = {
  helpWidth: WIDTH,
  padWidth: () => TERM_WIDTH,
  subcommandTerm: command => [command.name(), ...command.registeredArguments.map(usageOf)].join(' '),
  formatItem: (term, width, description, helper) => {
    const start = INDENT + term.padEnd(width) + INDENT
    const margin = ' '.repeat(INDENT.length + width + INDENT.length)
    const lines = helper.boxWrap(description, WIDTH - margin.length).split('\n')
    if (description === '') return INDENT + term
    if (term.length > width) return [INDENT + term, ...lines.map(line => margin + line)].join('\n')
    return [start + lines[0]!, ...lines.slice(1).map(line => margin + line)].join('\n')
  }
}

function usageOf (argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '')
  return argument.required ? `<${name}>` : `[${name}]`
}

/** Adds examples to a program's help, and what to do next. @param name of its command; `sluice` for all */
export function addGuide (program: Program, name: string): void {
  program.addHelpText('after', context => {
    const guide = guides[name]
    if (guide === undefined) return ''
    const next = context.command.createHelp().boxWrap(guide.next, WIDTH - INDENT.length).replaceAll('\n', `\n${INDENT}`)
    return ['', 'Examples:', ...guide.examples.map(example => INDENT + example), '', 'Next:', INDENT + next].join('\n')
  })
}
