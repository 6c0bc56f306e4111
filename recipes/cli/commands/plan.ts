import { planOptions, planParsed, planText } from '../../mixture/tasks/plan.ts'
import { command } from '../command.ts'
import { MANIFEST } from './arguments.ts'

export const plan = command(planOptions, ([manifest], options, run) => planParsed(manifest!, options, run), {
  argument: MANIFEST,
  report: planText
})
