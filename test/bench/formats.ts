import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ParquetWriter, fileWriter, schemaFromColumnData } from 'hyparquet-writer'
import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import type { Document } from '../../lib/document.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'

const ROWS_A_GROUP = 1000

/**
 * Writes documents in the format of the file's extension; NDJSON and parquet are written without holding all documents.
 */
export async function writeFormat (
  path: string,
  documents: Iterable<Document> | AsyncIterable<Document>
): Promise<void> {
  if (/\.ndjson(\.gz|\.zst)?$/.test(path)) await pipeline(Readable.from(documents), ndjsonSink(path))
  else if (path.endsWith('.parquet')) await writeParquet(path, documents)
  else if (path.endsWith('.arrow')) await writeArrow(path, documents)
  else await pipeline(path.endsWith('.json') ? jsonParts(documents) : csvParts(documents), createWriteStream(path))
}

async function * jsonParts (documents: Iterable<Document> | AsyncIterable<Document>): AsyncGenerator<string> {
  let before = '['
  for await (const { id, text } of documents) {
    yield before + JSON.stringify({ id, text })
    before = ','
  }
  yield ']'
}

async function * csvParts (documents: Iterable<Document> | AsyncIterable<Document>): AsyncGenerator<string> {
  yield 'id,text\n'
  for await (const { id, text } of documents) yield `${quoted(id)},${quoted(text)}\n`
}

async function writeParquet (path: string, documents: Iterable<Document> | AsyncIterable<Document>): Promise<void> {
  const columnsOf = (group: readonly Document[]) => (['id', 'text'] as const).map(name => ({
    name, data: group.map(document => document[name]), type: 'STRING' as const
  }))
  const writer = new ParquetWriter({
    writer: fileWriter(path), schema: schemaFromColumnData({ columnData: columnsOf([]) })
  })
  const write = async (group: readonly Document[]): Promise<void> => {
    await writer.write({
      columnData: columnsOf(group), rowGroupSize: ROWS_A_GROUP
    })
  }
  let group: Document[] = []
  for await (const document of documents) {
    group.push(document)
    if (group.length < ROWS_A_GROUP) continue
    await write(group)
    group = []
  }
  if (group.length > 0) await write(group)
  await writer.finish()
}

/** The stream format, in one record batch. */
async function writeArrow (path: string, documents: Iterable<Document> | AsyncIterable<Document>): Promise<void> {
  const [ids, texts]: [string[], string[]] = [[], []]
  for await (const { id, text } of documents) {
    ids.push(id)
    texts.push(text)
  }
  await writeFile(path, tableToIPC(tableFromArrays({ id: ids, text: texts }), { format: 'stream' })!)
}

function quoted (text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
