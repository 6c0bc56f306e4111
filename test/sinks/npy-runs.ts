/** Runs of an `npySink` that end early. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Sequence } from '../../lib/document.ts'
import { Barrier } from '../../lib/stage/barrier.ts'
import type { NpySink, NpySinkState } from '../../sinks/npy.ts'
import { closed, failure, filesIn } from '../helpers.ts'

/** Writes rows, saves at a barrier, and fails after others, which are lost. */
export async function killed (
  sink: NpySink, rows: readonly Sequence[], lost: readonly Sequence[] = []
): Promise<NpySinkState> {
  let state: NpySinkState | undefined
  async function * items (): AsyncGenerator<Sequence | Barrier> {
    yield * rows
    await new Promise<void>(resolve => {
      sink.write(new Barrier(async () => {
        state = JSON.parse(JSON.stringify(await sink.save())) as NpySinkState
        resolve()
      }))
    })
    yield * lost
    throw new Error('killed')
  }
  const { message } = await failure(pipeline(Readable.from(items()), sink)) as Error
  if (message !== 'killed') throw new Error(message)
  await closed(sink)
  return state!
}

/** The bytes of the files in a folder, as hex. */
export function bytesIn (folder: string): Record<string, string> {
  return Object.fromEntries(filesIn(folder).map(name => [name, readFileSync(join(folder, name)).toString('hex')]))
}
