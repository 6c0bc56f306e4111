import { exportOptions, exportParsed, exportText } from '../../export/export.ts'
import { command } from '../command.ts'

export const exportCommand = command(
  exportOptions, ([path], options, run) => exportParsed(path!, options, run), {
    argument: ['<path>', 'stats JSON of process-mixture or shard-corpus, or a folder of shards'],
    report: exportText
  }
)
