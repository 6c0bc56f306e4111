import { licensesOptions, licensesParsed, licensesText } from '../../licenses.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const licenses = command(
  licensesOptions, ([manifest], options, run) => licensesParsed(manifest!, options, run), {
    argument: MANIFEST,
    report: licensesText
  }
)
