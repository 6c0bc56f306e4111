/** A file of a dataset on the Hub, as listed by its API. */
export interface HubFile {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** SHA-1 of the git blob. */
  readonly oid: string
  /** SHA-256 of the content; null where the Hub doesn't give it (it does for LFS and Xet files). */
  readonly sha256: string | null
}

/** Headers of a response, by their names in lower case. */
export type HubHeaders = Readonly<Record<string, string | string[] | undefined>>
