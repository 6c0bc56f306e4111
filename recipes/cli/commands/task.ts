import { resolve } from 'node:path'
import { readPlan } from '../../mixture/tasks/plan.ts'
import { taskOptions, taskParsed, taskText } from '../../mixture/tasks/task.ts'
import { command } from '../command.ts'
import { PLAN } from './arguments.ts'

export const task = command(taskOptions, async ([given], options, run) => {
  const path = resolve(given!)
  // An engine may start a task in any folder.
  process.chdir((await readPlan(path)).root)
  return await taskParsed(path, options, run)
}, {
  argument: PLAN,
  required: ['phase'],
  report: taskText
})
