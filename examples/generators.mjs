// Async generators at both ends of a pipeline: one makes documents, one consumes sequences.
// Run it: node examples/generators.mjs MODEL
import { pipeline } from 'node:stream/promises'
import { encode, length, pack } from 'sluice'

const [tokenizerPath = 'data/quickstart/tokenizer/spm_8000_unigram.model'] = process.argv.slice(2) // the quickstart's

async function * documents () {
  for (const text of ['The water goes over the weir.', 'No.', 'The gate is open, and two barges pass.']) {
    yield { id: `made#${text.length}`, text, meta: {} }
  }
}

await pipeline(documents, length({ minChars: 10 }), encode({ tokenizerPath }), pack({ seqLen: 8 }), async sequences => {
  for await (const sequence of sequences) console.log(sequence.length, 'ids, the first is', sequence[0])
})
