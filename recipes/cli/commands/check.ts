import { checkManifestParsed, checkOptions, forecastText } from '../../check.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const check = command(
  checkOptions, ([manifest], options, run) => checkManifestParsed(manifest!, options, run), {
    argument: MANIFEST,
    report: forecastText
  }
)
