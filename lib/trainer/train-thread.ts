import { serveTasks } from '../threads/thread.ts'
import { type Task, doTask } from './tasks.ts'

/** A thread that trains; nothing where it is imported in another one. */
serveTasks((task: Task) => Promise.resolve(task).then(doTask))
