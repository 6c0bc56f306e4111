/**
 * A thread that encodes paragraphs with shared words, for some rounds; sends the ids of the last round, or of the first
 * that differs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { packageRoot } from '../../../lib/package.ts'
import { IdBuffer } from '../../../lib/sentencepiece/id-buffer.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'
import { UnigramEncoder } from '../../../lib/sentencepiece/unigram-encoder.ts'

const { words, paragraphs, rounds } = workerData as {
  readonly words: SharedArrayBuffer
  readonly paragraphs: readonly string[]
  readonly rounds: number
}
const path = join(packageRoot(), 'test', 'fixtures', 'quickstart.model')
const encoder = new UnigramEncoder(readModel(readFileSync(path), path), { words })

function encoded (): number[][] {
  return paragraphs.map(text => {
    const out = new IdBuffer()
    encoder.append(text, out)
    return [...out.copy()]
  })
}

const first = encoded()
let last = first
for (let round = 1; round < rounds && JSON.stringify(last) === JSON.stringify(first); round++) last = encoded()
parentPort!.postMessage(last)
