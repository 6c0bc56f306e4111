import { exportConfigOptions, exportConfigParsed, exportConfigText } from '../../export/config.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const exportConfig = command(
  exportConfigOptions, ([manifest], options, run) => exportConfigParsed(manifest!, options, run), {
    argument: MANIFEST,
    report: exportConfigText
  }
)
