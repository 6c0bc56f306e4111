import { withFileArguments } from '../../components/corpus.ts'
import { trainingText } from '../../components/training.ts'
import { trainTokenizerAliases, trainTokenizerOptions, trainTokenizerParsed } from '../../train-tokenizer.ts'
import { command } from '../command.ts'
import { FILES } from './arguments.ts'

export const trainTokenizer = command(
  trainTokenizerOptions, (files, options, run) => trainTokenizerParsed(withFileArguments(files, options), run), {
    argument: FILES,
    aliases: trainTokenizerAliases,
    report: trainingText
  }
)
