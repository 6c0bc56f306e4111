import { lstat } from 'node:fs/promises'
import { partialName } from '../../output/resumable.ts'
import { HashedFile } from '../hashed-file.ts'

/**
 * Restores the spool of a shard, a file from which another one was made, if a run has deleted it after the last
 * checkpoint: when it had finished the shard.
 *
 * @param made the file that was made from the spool @param content reads the content of the spool from it
 */
export async function restoreSpool (
  path: string, bytes: number, made: string, content: () => AsyncIterable<Buffer>
): Promise<void> {
  if (await exists(partialName(path)) || !await exists(made)) return
  const spool = await HashedFile.create(path, { resumable: true })
  try {
    for await (const block of content()) {
      const left = bytes - spool.bytes
      await spool.add(block.subarray(0, left))
      if (left <= block.length) break
    }
    await spool.save()
  } finally {
    await spool.abandon() // closes it
  }
}

async function exists (path: string): Promise<boolean> {
  return await lstat(path).then(() => true, () => false)
}
