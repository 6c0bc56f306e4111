import { type Ends, type FlatFormat, numbered } from './format.ts'
import { readWords } from './read-file.ts'

/**
 * The tokenized files of datatrove: `.ds` has the ids, `.ds.index` the ends of the documents.
 *
 * @see https://github.com/huggingface/datatrove/blob/main/src/datatrove/utils/dataset.py
 */
export const ds: FlatFormat = {
  name: 'ds',
  kind: 'flat',
  readBy: 'datatrove and nanotron',
  fileName: numbered('ds'),
  maxTokens: 2 ** 31 - 1,
  dtypesFor: vocabSize => vocabSize <= 2 ** 16 ? ['uint16', 'uint32'] : ['uint32'],
  header: () => Buffer.alloc(0),
  index: { fileName: numbered('ds.index'), write, read }
}

async function * write (ends: Ends): AsyncGenerator<Buffer> {
  for await (const block of ends.blocks()) {
    const words = new Uint32Array(2 * block.length)
    block.forEach((end, i) => { words[2 * i] = end })
    yield Buffer.from(words.buffer)
  }
}

/** No file has as many ids as the upper halves of the numbers could count. */
async function * read (path: string): AsyncGenerator<Uint32Array> {
  for await (const words of readWords(path)) yield words.filter((_, i) => i % 2 === 0)
}
