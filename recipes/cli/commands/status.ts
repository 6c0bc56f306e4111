import { statusOptions, statusParsed, statusText } from '../../mixture/tasks/status.ts'
import { command } from '../command.ts'
import { PLAN } from './arguments.ts'

export const status = command(statusOptions, ([plan], options, run) => statusParsed(plan!, options, run), {
  argument: PLAN,
  report: statusText
})
