/**
 * Shuffles a file of records in a separate process, whose memory is measured: `INPUT OUTPUT FOLDER RECORD_BYTES MEMORY
 * SEED`. Prints the bytes that it read and wrote, as counted by the system. Without arguments it loads the same modules
 * and does nothing.
 */
import { open, readFile } from 'node:fs/promises'
import { writeAll } from '../../lib/output/resumable.ts'
import { shuffleKey } from '../../lib/shuffle/key.ts'
import { Shuffle } from '../../lib/shuffle/shuffle.ts'

/** The bytes that a process read and wrote. */
export interface Moved {
  readonly read: number
  readonly written: number
}

const READ_BYTES = 2 ** 20

const [input, output, folder, recordBytes, memory, seed] = process.argv.slice(2)
if (input !== undefined) {
  const before = await moved()
  await shuffleFile(input, output!, Number(recordBytes))
  const after = await moved()
  const result: Moved = { read: after.read - before.read, written: after.written - before.written }
  process.stdout.write(JSON.stringify(result))
}

async function shuffleFile (input: string, output: string, recordBytes: number): Promise<void> {
  const shuffle = await Shuffle.create(folder!, { memory: Number(memory) })
  const from = await open(input)
  const chunk = Buffer.allocUnsafeSlow(READ_BYTES - READ_BYTES % recordBytes)
  for (let index = 0, bytesRead; ({ bytesRead } = await from.read(chunk, 0, chunk.length)).bytesRead > 0;) {
    for (let at = 0; at < bytesRead; at += recordBytes) {
      const key = shuffleKey(Number(seed), 0, 0, index++)
      if (!shuffle.add(key, chunk.subarray(at, at + recordBytes))) await shuffle.drain()
    }
  }
  await from.close()
  const to = await open(output, 'w')
  let written = 0
  for await (const { bytes } of shuffle.batches()) {
    await writeAll(to, bytes, written)
    written += bytes.length
  }
  await to.close()
  await shuffle.remove()
}

async function moved (): Promise<Moved> {
  const io = await readFile('/proc/self/io', 'utf8')
  const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)![1])
  return { read: figure('rchar'), written: figure('wchar') }
}
