import { inspectAliases, inspectOptions, inspectParsed, inspectText, statisticsTable } from '../../inspect.ts'
import { command } from '../command.ts'

export const inspect = command(inspectOptions, ([path], options, run) => inspectParsed(path!, options, run), {
  argument: ['<path>', 'folder of shards, or one shard_*.npy'],
  aliases: inspectAliases,
  givesData: ({ counts }) => !counts,
  report: result => 'ids' in result ? statisticsTable(result) : inspectText(result)
})
