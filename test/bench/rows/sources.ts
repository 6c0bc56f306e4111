import type { Inputs } from '../frame/inputs.ts'
import type { Row } from '../frame/row.ts'
import { type MaybeSide, limit, ours, prepared, python, rival } from './sides.ts'

/** Enough text that the start, before the code is compiled, hardly counts. */
const CORPUS = 'mixed'

interface Given {
  readonly path: string
  readonly isWarmWanted: true
}

/** Readers of files, next to the usual packages and the minimal work of any reader. */
export const SOURCE_ROWS: readonly Row[] = [
  reading('ndjson', 'read NDJSON', 'ndjson', given => [
    rival('split2(JSON.parse)', 'rivals.split2', given),
    limit('newlines, isUtf8', 'limits.utf8Lines', given)
  ]),
  reading('gz', 'read NDJSON, .gz', 'ndjson.gz', given => [
    rival('gunzip, split2(JSON.parse)', 'rivals.split2', given),
    limit('gunzip', 'limits.gunzip', given)
  ]),
  reading('parquet', 'read parquet', 'parquet', given => [rival('hyparquet', 'rivals.hyparquet', given)]),
  reading('arrow', 'read Arrow IPC', 'arrow', given => [rival('flechette, whole file', 'rivals.flechette', given)]),
  reading('csv', 'read CSV', 'csv', (given, inputs) => [
    rival('papaparse', 'rivals.papaparse', given),
    python(inputs, { name: 'Python csv.DictReader' }, 'read_csv', { path: given.path })
  ])
]

/** @param ending the extension of the file */
function reading (
  name: string,
  about: string,
  ending: string,
  others: (given: Given, inputs: Inputs) => readonly MaybeSide[]
): Row {
  const isNdjson = ending.startsWith('ndjson')
  return {
    name: `read-${name}`,
    about,
    corpus: CORPUS,
    of: isNdjson ? 'file' : 'text',
    seconds: 2.5,
    async prepare (inputs) {
      const { path, fileBytes, textBytes } = await inputs.corpus(CORPUS)
      const file = ending === 'ndjson' ? path : await inputs.inFormat(CORPUS, ending)
      const given: Given = { path: file, isWarmWanted: true }
      const bytes = isNdjson ? fileBytes : textBytes // compressed files count by their decompressed size
      const source = isNdjson ? 'ndjson' : ending
      return prepared(bytes, ours('sources.read', { ...given, source }), ...others(given, inputs))
    }
  }
}
