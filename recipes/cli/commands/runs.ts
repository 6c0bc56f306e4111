import { runsOptions, runsParsed, runsText } from '../../runs.ts'
import { command } from '../command.ts'

const RUNS_HELP = 'nothing: all; NAME: those of that name; show A: what it made; diff A B: what changed, each given ' +
  'as a path, a file name without .json, or the first digits of a hash; of SHARD: which run made it'

export const runs = command(runsOptions, runsParsed, {
  argument: ['[what...]', RUNS_HELP],
  report: runsText
})
