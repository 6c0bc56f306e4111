import { processMixtureAliases } from '../../process-mixture.ts'
import { runManifestOptions, runParsed, runText } from '../../run.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const run = command(
  runManifestOptions, ([manifest], options, context) => runParsed(manifest!, options, context), {
    argument: MANIFEST,
    aliases: processMixtureAliases,
    report: runText
  }
)
