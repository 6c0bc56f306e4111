import { rejectsOption } from '../../components/corpus.ts'
import { type StageReport, readOptions, readToPipe, transformPipe, writeFromPipe, writeOptions } from '../../pipe.ts'
import { type FilterEntry, type TransformEntry, filters, transforms } from '../../stages.ts'
import { type Command, command } from '../command.ts'
import { PIPED_FILES } from './arguments.ts'

const OUTPUT_HELP = 'a .ndjson or .txt file, either also as .gz or .zst, or a folder for .npy shards'

/** The commands of a pipe in the order of the help: `read`, one for each transform, and `write`. */
export const pipeCommands: Readonly<Record<string, Command>> = {
  read: command(readOptions, readToPipe, { argument: PIPED_FILES, note: stageNote }),
  ...Object.fromEntries(Object.entries(transforms).map(([name, row]) => {
    return [name, name in filters ? filterCommand(name, filters[name]!) : transformCommand(name, row)]
  })),
  write: command(writeOptions, ([output], options, run) => writeFromPipe(output!, options, run), {
    argument: ['<output>', OUTPUT_HELP],
    note: stageNote
  })
}

/** The command of a transform in a pipe. */
function transformCommand (name: string, row: TransformEntry): Command {
  return command(row.options, (_args, options, run) => transformPipe(name, () => row.make(options), run), {
    required: ['tokenizerPath'], // of `encode`; in code, it may be given a loaded tokenizer instead
    note: stageNote
  })
}

/** The command of a transform that drops documents, and can write them to a rejects file. */
function filterCommand (name: string, row: FilterEntry): Command {
  const options = row.options.extend({ rejects: rejectsOption }).describe(row.options.description!)
  return command(options, (_args, { rejects, ...own }, run) => {
    return transformPipe(name, shared => row.make(own, shared), run, typeof rejects === 'string' ? rejects : undefined)
  }, { note: stageNote })
}

function stageNote ({ stage, in: taken, out, dropped, tokens, tail }: StageReport): string {
  const reasons = Object.entries(dropped).map(([reason, n]) => `, ${n} ${reason}`).join('')
  const ids = tokens === undefined ? '' : `; ${tokens} tokens, ${tail} of them in the tail that fills no sequence`
  return `${stage}: ${taken} in, ${out} out${reasons}${ids}`
}
