/**
 * Reads a file in a separate process whose memory is measured: `SOURCE NAME`, with HF_ENDPOINT in its environment.
 * Prints the number of documents.
 */
import { ndjson } from '../../sources/ndjson.ts'
import { parquet } from '../../sources/parquet.ts'

const [source, name] = process.argv.slice(2)
let documents = 0
for await (const document of source === 'parquet' ? parquet(name!) : ndjson(name!)) {
  documents += document.id === '' ? 0 : 1
}
process.stdout.write(String(documents))
