import { serveTasks } from '../threads/thread.ts'
import { type Task, doTask } from './tasks.ts'

/** A worker thread that trains; nothing if it is imported elsewhere. */
serveTasks((task: Task) => Promise.resolve(task).then(doTask))
