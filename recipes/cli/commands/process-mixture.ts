import {
  mixtureText, processMixtureAliases, processMixtureOptions, processMixtureParsed
} from '../../process-mixture.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const processMixture = command(
  processMixtureOptions, ([manifest], options, run) => processMixtureParsed(manifest!, options, run), {
    argument: MANIFEST,
    aliases: processMixtureAliases,
    report: mixtureText
  }
)
