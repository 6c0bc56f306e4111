/** A file of a dataset on the Hub, as a listing tells of it. */
export interface HubFile {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** Of the git blob, SHA-1. */
  readonly oid: string
  /** Of the content, where the Hub tells it (LFS, Xet). */
  readonly sha256: string | null
}

/** Headers of an answer, by their names in small letters. */
export type HubHeaders = Readonly<Record<string, string | string[] | undefined>>
