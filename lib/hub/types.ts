/** A file of a dataset's repository on the Hub, as its listing has it. */
export interface HubFile {
  /** In the repository, with `/` between its parts. */
  readonly path: string
  /** bytes */
  readonly size: number
  /** of the git blob, SHA-1 */
  readonly oid: string
  /** of the content, where the Hub tells it (LFS, Xet) */
  readonly sha256: string | null
}
