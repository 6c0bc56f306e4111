// Filters documents of a dataset on the Hugging Face Hub and writes them to a file. The dataset's files are those that
// Python's `datasets` finds.
// Run it: node examples/from-hub.mjs OWNER/NAME SUBSET OUT.ndjson
import { pipeline } from 'node:stream/promises'
import { dedup, hf, length, ndjsonSink, normalize } from 'sluice'

const [dataset = 'allenai/c4', subset = 'en', output = 'data/examples/from-hub.ndjson'] = process.argv.slice(2)
const LIMIT = 1000 // documents

const source = hf(dataset, {
  subset,
  onResolved: ({ commit, files, license }) => {
    console.log(`${dataset} at ${commit}: ${files.length} files, licence ${license.join(', ') || 'not stated'}`)
  },
  tell: message => { console.error(message) } // warnings, and messages when the Hub makes it wait
})
const filtered = dedup()

await pipeline(source, normalize(), length({ minChars: 40 }), filtered, async function * (documents) {
  let count = 0
  for await (const document of documents) {
    yield document
    if (++count === LIMIT) break // stops the download
  }
}, ndjsonSink(output))

console.log(
  filtered.stats.out, 'documents, the last one before', source.position.path.split('/').at(-1), source.position.offset
)
