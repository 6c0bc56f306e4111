import { STANDARD_STREAM } from '../../../lib/bytes.ts'
import { withFileArguments } from '../../components/corpus.ts'
import { componentTable } from '../../components/table.ts'
import { filterCorpusAliases, filterCorpusOptions, filterCorpusParsed } from '../../filter-corpus.ts'
import { command } from '../command.ts'
import { FILES_OR_INPUT } from './arguments.ts'

export const filterCorpus = command(
  filterCorpusOptions, (files, options, run) => filterCorpusParsed(withFileArguments(files, options), run), {
    argument: FILES_OR_INPUT,
    aliases: filterCorpusAliases,
    givesData: ({ output }) => output === STANDARD_STREAM,
    report: stats => `${componentTable([stats])}\n\nWritten to ${stats.output_path}`
  }
)
