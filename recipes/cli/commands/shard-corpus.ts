import { STANDARD_STREAM } from '../../../lib/bytes.ts'
import { withFileArguments } from '../../components/corpus.ts'
import { componentTable } from '../../components/table.ts'
import { shardCorpusAliases, shardCorpusOptions, shardCorpusParsed } from '../../shard-corpus.ts'
import { command } from '../command.ts'
import { FILES_OR_INPUT } from './arguments.ts'

export const shardCorpus = command(
  shardCorpusOptions, (files, options, run) => shardCorpusParsed(withFileArguments(files, options), run), {
    argument: FILES_OR_INPUT,
    aliases: shardCorpusAliases,
    givesData: ({ output }) => output === STANDARD_STREAM,
    report: stats => `${componentTable([stats])}${'output' in stats ? `\n\nWritten to ${stats.output}` : ''}`
  }
)
