/**
 * `trainer-process.js LINES PREFIX PIECES WORKERS [quick]`: trains a unigram model of a file of lines, as `spm_train`
 * does by its defaults, and writes PREFIX.model and PREFIX.vocab. The file is read as a stream, and never whole in
 * memory. `quick`: with fewer rounds, for a model that is only to be encoded with.
 */
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { trainUnigram } from '../../lib/trainer/train-unigram.ts'

const CHUNK_BYTES = 2 ** 20

const QUICK = { numSubIterations: 1, shrinkingFactor: 0.5, hardVocabLimit: false }

const [lines, prefix, pieces, workers, haste] = process.argv.slice(2) as [string, string, string, string, string?]
const { model, vocab } = await trainUnigram(textsOf(lines), {
  vocabSize: Number(pieces),
  workers: Number(workers),
  maxRunChars: 0, // as spm_train, which learns from runs of any length
  ...haste === 'quick' && QUICK
})
await writeFile(`${prefix}.model`, model)
await writeFile(`${prefix}.vocab`, vocab)

/** Chunks that end at the end of a line. */
async function * textsOf (path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let open = ''
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    const text = open + decoder.write(chunk)
    const end = text.lastIndexOf('\n') + 1
    open = text.slice(end)
    if (end > 0) yield text.slice(0, end)
  }
  open += decoder.end()
  if (open !== '') yield open
}
