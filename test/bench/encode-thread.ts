/**
 * `encode-thread.js NDJSON [MODEL]`: prints the bytes of resident memory that a second thread takes. It encodes texts
 * with the tables of the first one; without a model, it only reads them. Needs `--expose-gc`.
 */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { type SharedTokenizer, loadTokenizer } from '../../lib/tokenizer/tokenizer.ts'
import { documentsOf } from './jobs/texts.ts'
import { residentBytes } from './resident.ts'

interface Given {
  readonly path: string
  readonly model: string | undefined
  readonly shared: SharedTokenizer | undefined
}

if (isMainThread) {
  process.stdout.write(JSON.stringify(await bytesOfThread()))
} else {
  await work(workerData as Given)
  parentPort!.postMessage('done')
  parentPort!.on('message', () => {}) // keeps the thread
}

async function bytesOfThread (): Promise<number> {
  const [path, model] = process.argv.slice(2) as [string, string | undefined]
  const shared = model === undefined ? undefined : (await loadTokenizer(model)).shared
  const thread = async (): Promise<void> => {
    const given: Given = { path, model, shared }
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: given })
    await once(worker, 'message')
    worker.unref()
  }
  await thread()
  const before = await residentBytes()
  await thread()
  return await residentBytes() - before
}

async function work ({ path, model, shared }: Given): Promise<void> {
  const encode = model === undefined ? (text: string) => text : (await loadTokenizer(model, { shared })).encode
  for (const { text } of documentsOf(path)) encode(text)
  await residentBytes()
}
