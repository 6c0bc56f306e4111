import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface ParquetColumn {
  readonly name: string
  readonly data: readonly unknown[]
  /** Not set if there is a schema. */
  readonly type?: 'STRING'
}

/** One of the format's SchemaElement: a column, or a group of the following elements. */
export interface ParquetField {
  readonly name: string
  readonly type?: 'BYTE_ARRAY' | 'DOUBLE' | 'INT32' | 'INT64' | 'BOOLEAN'
  readonly converted_type?: 'UTF8' | 'LIST' | 'DATE' | 'TIMESTAMP_MILLIS'
  readonly repetition_type?: 'REQUIRED' | 'OPTIONAL' | 'REPEATED'
  readonly num_children?: number
}

export interface ParquetOptions {
  readonly codec: 'SNAPPY' | 'UNCOMPRESSED'
  /** In bytes. */
  readonly pageSize: number
  /** Rows in each row group; the last number repeats. */
  readonly rowGroupSize: readonly number[]
  /** For columns that aren't all strings. */
  readonly schema?: readonly ParquetField[]
}

/** Runs in a worker without the test runner's loader, which doesn't support exports such as `./src/*.js`. */
const PROGRAM = `
  import { parentPort } from 'node:worker_threads'
  import { parquetWriteBuffer } from '${import.meta.resolve('hyparquet-writer')}'
  parentPort.on('message', options => { parentPort.postMessage(parquetWriteBuffer(options)) })`

let worker: Worker | undefined

/** Writes a parquet file with hyparquet-writer; one at a time. */
export async function writeParquet (columnData: readonly ParquetColumn[], options: ParquetOptions): Promise<Buffer> {
  worker ??= new Worker(new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`), { execArgv: [], env: {} })
  worker.unref()
  worker.postMessage({ columnData, ...options })
  const [bytes] = await once(worker, 'message') as [ArrayBuffer]
  return Buffer.from(bytes)
}
