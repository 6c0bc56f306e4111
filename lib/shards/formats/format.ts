import { z } from 'zod'
import { count, positive, sha256Hex } from '../../options.ts'
import type { Dtype } from '../npy.ts'

/** Names of the formats of shards. */
export const formatNames = ['npy', 'megatron', 'olmo', 'ds', 'llmc', 'mds', 'parquet'] as const
/** One of `formatNames`. */
export type FormatName = typeof formatNames[number]

/** A complete file. */
export const fileInfo = z.object({
  /** Its name in the folder. */
  file: z.string(),
  bytes: z.int().min(1),
  sha256: sha256Hex
})
/** A complete file: its name in the folder, size and SHA-256. */
export type FileInfo = Readonly<z.output<typeof fileInfo>>

/** The entry of a complete shard of another format than `npy` in stats. */
export const formatShard = fileInfo.extend({
  /** 0 in a flat format, whose readers cut sequences themselves. */
  sequences: count,
  /** Only in a flat format. */
  tokens: positive.optional(),
  /** Documents that end in the file; only in a flat format. */
  ended: positive.optional(),
  /** The file with the ends of the documents, if the format has one. */
  index: fileInfo.optional()
})
/** The entry in stats of a complete shard of another format than `npy`. */
export type FormatShard = Readonly<z.output<typeof formatShard>>

/** What flat formats and formats of rows have in common. */
interface AnyFormat {
  readonly name: FormatName
  /** Which programs read it, for messages. */
  readonly readBy: string
  /** The name of the file of a shard. */
  readonly fileName: (index: number) => string
  /** The types in which the ids of a vocabulary can be stored, the default first; empty if there are none. */
  readonly dtypesFor: (vocabSize: number) => readonly Dtype[]
  /** Why no type holds the ids, for messages; only where that can happen. */
  readonly limit?: string
}

/** The ends of the documents in a file: for each, the number of ids up to its end. */
export interface Ends {
  /** Number of documents. */
  readonly count: number
  readonly dtype: Dtype
  /** Reads them in order, in blocks. */
  readonly blocks: () => AsyncIterable<Uint32Array>
}

/** How a flat format stores the ends of documents. */
export interface EndsIndex {
  readonly fileName: (index: number) => string
  readonly write: (ends: Ends) => AsyncIterable<Buffer>
  /** @throws SluiceError `ERR_SHARD` for a file of another kind */
  readonly read: (path: string) => AsyncIterable<Uint32Array>
}

/** A format of ids one after another, whose readers cut sequences themselves. */
export interface FlatFormat extends AnyFormat {
  readonly kind: 'flat'
  /** The largest number of ids in a file. */
  readonly maxTokens: number
  /** The bytes before the ids: always the same number of them. */
  readonly header: (dtype: Dtype, tokens: number) => Buffer
  readonly index: EndsIndex | null
}

/** Rows of ids, all of one length. */
export interface Rows {
  readonly dtype: Dtype
  readonly columns: number
  readonly rows: number
}

/** Rows whose data can be read. */
export interface StoredRows extends Rows {
  /** Reads the data, in blocks of whole rows. */
  readonly blocks: () => AsyncIterable<Buffer>
}

/** A format of sequences. */
export interface RowFormat extends AnyFormat {
  readonly kind: 'rows'
  /** The largest size of a shard's data, in bytes; absent if there is no limit. */
  readonly maxBytes?: number
  readonly write: (rows: StoredRows) => AsyncIterable<Buffer>
  /**
   * Reads the data of a file that `write` made, in blocks of whole rows.
   *
   * @throws SluiceError `ERR_SHARD` for a file of another kind or shape
   */
  readonly read: (path: string, shape: Omit<Rows, 'rows'>) => AsyncIterable<Buffer>
  /** The file that lists the shards of a folder, if the format has one. */
  readonly list?: {
    readonly file: string
    readonly content: (shards: readonly FormatShard[], shape: Omit<Rows, 'rows'>) => string
  }
}

export type ShardFormat = FlatFormat | RowFormat

/** `shard_00000.bin` */
export function numbered (extension: string): (index: number) => string {
  return index => `shard_${String(index).padStart(5, '0')}.${extension}`
}
