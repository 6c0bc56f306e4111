/** What a thread that examines batches runs. */
import { serveTasks } from '../lib/worker-thread.ts'
import { examine } from './examine.ts'

serveTasks(examine)
