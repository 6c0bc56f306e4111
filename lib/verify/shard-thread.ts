/** A worker thread that verifies shards. */
import { serveTasks } from '../threads/thread.ts'
import { verifyAnyShard } from './format-shard.ts'

serveTasks(verifyAnyShard)
