/** A worker thread that verifies shards. */
import { serveTasks } from '../threads/thread.ts'
import { verifyShard } from './shard.ts'

serveTasks(verifyShard)
