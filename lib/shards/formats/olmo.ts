import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import split2 from 'split2'
import { SluiceError, codeOf, messageOf } from '../../errors.ts'
import { type Ends, type FlatFormat, numbered } from './format.ts'

/**
 * The flat arrays of OLMo-core and of Dolma's tokenizer: `.npy` has the ids without the header of NumPy, `.csv.gz` a
 * line `start,end` for each document.
 *
 * @see https://github.com/allenai/OLMo-core/blob/main/src/olmo_core/data/utils.py
 */
export const olmo: FlatFormat = {
  name: 'olmo',
  kind: 'flat',
  readBy: 'OLMo-core',
  fileName: numbered('npy'),
  maxTokens: 2 ** 31 - 1,
  dtypesFor: vocabSize => vocabSize <= 2 ** 16 ? ['uint16', 'uint32'] : ['uint32'],
  header: () => Buffer.alloc(0),
  index: { fileName: numbered('csv.gz'), write, read }
}

async function * write (ends: Ends): AsyncGenerator<Buffer> {
  const lines = Readable.from(csvOf(ends), { objectMode: false })
  const gzip = createGzip()
  lines.on('error', error => gzip.destroy(error))
  for await (const chunk of lines.pipe(gzip)) yield chunk as Buffer
}

async function * csvOf (ends: Ends): AsyncGenerator<string> {
  let start = 0
  for await (const block of ends.blocks()) {
    let lines = ''
    for (const end of block) {
      lines += `${start},${end}\n`
      start = end
    }
    yield lines
  }
}

const BLOCK = 2 ** 16

async function * read (path: string): AsyncGenerator<Uint32Array> {
  const file = createReadStream(path)
  const gunzip = createGunzip()
  const lines = split2()
  file.on('error', error => lines.destroy(error))
  gunzip.on('error', error => lines.destroy(error))
  let block: number[] = []
  let last = 0
  try {
    for await (const line of file.pipe(gunzip).pipe(lines) as AsyncIterable<string>) {
      const [, start, end] = /^(\d+),(\d+)$/.exec(line) ?? []
      if (Number(start) !== last) {
        throw new SluiceError('ERR_SHARD', `${path}: has the line ${JSON.stringify(line.slice(0, 100))}, ` +
          `expected the document that begins at ${last}`)
      }
      block.push(last = Number(end))
      if (block.length === BLOCK) {
        yield Uint32Array.from(block)
        block = []
      }
    }
  } catch (error) {
    if (error instanceof SluiceError || !codeOf(error)?.startsWith('Z_')) throw error
    throw new SluiceError('ERR_SHARD', `${path}: is damaged (${messageOf(error)})`, { cause: error })
  } finally {
    file.destroy()
    gunzip.destroy()
  }
  if (block.length > 0) yield Uint32Array.from(block)
}
