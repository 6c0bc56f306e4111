import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { TimedRun } from './measure.ts'

/**
 * Counts on request, and reports when it is done. It reads, writes and allocates nothing, and is compiled in advance.
 */
const PROGRAM = `
  const { parentPort } = require('node:worker_threads')
  function count (to) {
    let sum = 0
    for (let i = 0; i < to; i++) sum = (sum + i) | 0
    return sum
  }
  for (let round = 0; round < 3000; round++) count(20000)
  parentPort.on('message', () => {
    let sum = 0
    for (let round = 0; round < 20000; round++) sum = (sum + count(50000)) | 0
    parentPort.postMessage(sum)
  })
  parentPort.postMessage('ready')`

/**
 * The seconds that each of several threads takes to count to a billion, which show the available speed of the
 * machine. The start of the threads isn't included.
 */
export function counting (threads: number): TimedRun {
  return async () => {
    const workers = Array.from({ length: threads }, () => new Worker(PROGRAM, { eval: true }))
    try {
      await Promise.all(workers.map(async worker => { await once(worker, 'message') }))
      const started = performance.now()
      await Promise.all(workers.map(async worker => {
        worker.postMessage('count')
        await once(worker, 'message')
      }))
      return (performance.now() - started) / 1000
    } finally {
      await Promise.all(workers.map(async worker => { await worker.terminate() }))
    }
  }
}
