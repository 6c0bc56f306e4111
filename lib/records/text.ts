import type { RowOptions } from '../columns/selection.ts'
import { refuseTables } from '../file-kind.ts'
import { LineSplitter, decodeUtf8, keepingBreaks, universalNewlines } from './lines.ts'
import { type OpenRecords, type RecordFile, BytesReader } from './reader.ts'
import type { SourceOptions } from './source-options.ts'

/**
 * Wraps a file so that tables such as parquet are refused, because other sources read them.
 *
 * @param records whether it has records, and not lines of text
 */
export function asText (file: RecordFile, records: boolean): RecordFile {
  return {
    ...file,
    bytesFrom: offset => {
      const bytes = file.bytesFrom(offset)
      return offset === 0 ? refuseTables(bytes, file.path, records) : bytes
    }
  }
}

/** Reads text, one document per line; lines end as in Python. */
export function textRecords (maxLineBytes: number): OpenRecords {
  return file => {
    let isBlank = true
    const chunks = keepingBreaks(asText(file, false).bytesFrom(file.offset))
    const splitter = new LineSplitter(maxLineBytes, file.offset, universalNewlines())
    return new BytesReader(file, chunks, splitter, (line, id) => {
      const text = decodeUtf8(line)
      if (isBlank) isBlank = text?.trim() === ''
      return text === null ? 'bad_utf8' : { id: id(), text, meta: {} }
    }, { isBlank: () => isBlank })
  }
}

/** Options for readers of tables. */
export interface TableOptions
  extends Pick<RowOptions, 'textColumn' | 'columns' | 'maxRowBytes'>, Pick<SourceOptions, 'tell' | 'isSample'> {}
