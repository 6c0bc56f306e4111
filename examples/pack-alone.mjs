// One transform alone in another program: token ids from any tokenizer are packed into sequences of equal length.
// Run it: node examples/pack-alone.mjs
import { Readable } from 'node:stream'
import { pack } from 'sluice/transforms/pack'

const documents = ['one', 'two and a half', 'three'].map(text => ({
  id: text,
  ids: Int32Array.from(Buffer.from(text + '\n')), // bytes, instead of a tokenizer
  meta: {}
}))

const packing = pack({ seqLen: 8 })
for await (const sequence of Readable.from(documents).pipe(packing)) console.log(sequence.join(' '))
console.log(`${packing.stats.tokens} tokens, ${packing.stats.tail} of them in the tail that fills no sequence`)
