/** A thread that loads a BPE tokenizer with the tables of another, and sends the ids of texts. */
import { parentPort, workerData } from 'node:worker_threads'
import { type TokenizerOptions, loadTokenizer } from '../../../lib/tokenizer/tokenizer.ts'

const { path, options, texts } = workerData as {
  readonly path: string
  readonly options: TokenizerOptions
  readonly texts: readonly string[]
}
const { encode, shared } = await loadTokenizer(path, options)
parentPort!.postMessage({ ids: texts.map(text => [...encode(text)]), shared })
