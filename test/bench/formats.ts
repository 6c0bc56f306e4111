import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { fileWriter, parquetWrite } from 'hyparquet-writer'
import type { Document } from '../../lib/document.ts'
import { ndjsonSink } from '../../sinks/ndjson.ts'

/** Writes documents in the format that the file's ending names. */
export async function writeFormat (path: string, documents: readonly Document[]): Promise<void> {
  if (/\.ndjson(\.gz|\.zst)?$/.test(path)) await pipeline(documents, ndjsonSink(path))
  else if (path.endsWith('.json')) await pipeline([JSON.stringify(documents.map(({ id, text }) => ({ id, text })))], createWriteStream(path))
  else if (path.endsWith('.csv')) await pipeline(['id,text\n', ...documents.map(({ id, text }) => `${quoted(id)},${quoted(text)}\n`)], createWriteStream(path))
  else {
    const columnData = (['id', 'text'] as const).map(name => ({ name, data: documents.map(document => document[name]), type: 'STRING' as const }))
    await parquetWrite({ writer: fileWriter(path), columnData, rowGroupSize: 1000 })
  }
}

function quoted (text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
