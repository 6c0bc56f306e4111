// A custom recipe with a custom stage: keeps English mail without signatures.
// Run it: node examples/custom-recipe.mjs IN.ndjson OUT.ndjson
import { pipeline } from 'node:stream/promises'
import { Stage, dedup, language, length, ndjson, ndjsonSink, normalize } from 'sluice'

const [input = 'examples/mail.ndjson', output = 'data/examples/mail.ndjson'] = process.argv.slice(2)

/** Cuts a text at the line `-- `, where a signature begins; drops a text that is only a signature. */
function withoutSignature () {
  return new Stage({
    name: 'without-signature',
    take (document, push) {
      const text = document.text.split(/^-- $/m)[0].trimEnd()
      if (text === '') return 'only_signature'
      push({ ...document, text })
    }
  })
}

const stages = [
  ndjson(input), withoutSignature(), normalize(), length({ minChars: 40 }), language({ keep: 'en' }), dedup()
]
await pipeline(...stages, ndjsonSink(output))

for (const { stageName, stats } of stages) console.log(stageName, stats.in, 'in,', stats.out, 'out', stats.dropped)
