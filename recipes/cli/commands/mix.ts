import { mixOptions, mixParsed } from '../../mixture/mix/mix.ts'
import { mixText } from '../../mixture/mix/text.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const mix = command(mixOptions, ([manifest], options, run) => mixParsed(manifest!, options, run), {
  argument: MANIFEST,
  report: mixText
})
