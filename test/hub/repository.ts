import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parse } from 'yaml'
import type { Content, RepoOptions } from './types.ts'

/** The Hub requires LFS for larger files, with any extension. */
const LARGEST_IN_GIT = 10_000_000

/** The extensions of text and tables in the `.gitattributes` that the Hub adds to a new dataset. */
const LFS_ENDINGS = /\.(?:parquet|arrow|gz|zst|zip|bz2|xz|lz4|7z|tar|npy|bin|feather|model)$/

export interface Blob {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** SHA-1 of the blob in git; for an LFS file, of its pointer. */
  readonly oid: string
  readonly sha256: string
  readonly lfs: boolean
  /** Bytes of a pointer. */
  readonly pointerSize: number
  readonly content: Buffer | { readonly localPath: string }
}

export interface Commit {
  readonly id: string
  /** In git's order: by the bytes of the path. */
  readonly files: ReadonlyMap<string, Blob>
}

/** A dataset's repository: commits, and the refs to them. */
export class Repository {
  readonly options: RepoOptions
  readonly #commits = new Map<string, Commit>()
  /** Full names: `refs/heads/main`. */
  readonly #refs = new Map<string, string>()

  private constructor (options: RepoOptions) {
    this.options = options
  }

  static async from (options: RepoOptions): Promise<Repository> {
    const repository = new Repository(options)
    await repository.commit(options.files, 'main')
    for (const [ref, files] of Object.entries(options.refs ?? {})) await repository.commit(files, ref)
    return repository
  }

  /**
   * Adds a commit on a ref. It has the previous files, with these added or replaced; null deletes a file. @returns
   * its id
   */
  async commit (changed: Readonly<Record<string, Content | null>>, ref = 'main'): Promise<string> {
    const name = fullName(ref)
    const parent = this.#refs.get(name)
    const files = new Map(parent === undefined ? [] : this.#commits.get(parent)!.files)
    for (const [path, content] of Object.entries(changed)) {
      if (content === null) files.delete(path)
      else files.set(path, await blobOf(path, content, this.options))
    }
    const sorted = new Map([...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    const id = sha1(
      JSON.stringify([this.options.name, name, parent, [...sorted].map(([path, { oid }]) => [path, oid])])
    )
    this.#commits.set(id, { id, files: sorted })
    this.#refs.set(name, id)
    return id
  }

  /** The commit of a branch, tag, ref or id, or of HEAD, which is `main`; undefined where there is none. */
  at (revision: string): Commit | undefined {
    const name = revision === 'HEAD' ? 'refs/heads/main' : revision
    const names = [name, `refs/heads/${revision}`, `refs/tags/${revision}`]
    const id = names.map(name => this.#refs.get(name)).find(id => id !== undefined)
    return this.#commits.get(id ?? revision)
  }

  get main (): Commit {
    return this.at('main')!
  }

  /** A file by the SHA-256 of its content, in any commit. */
  blob (sha256: string): Blob | undefined {
    for (const { files } of this.#commits.values()) {
      for (const blob of files.values()) if (blob.sha256 === sha256) return blob
    }
    return undefined
  }

  /** Refs with their full names, and the ids of their commits. */
  refs (): Array<[name: string, commit: string]> {
    return [...this.#refs]
  }

  /** The YAML of the dataset's card, parsed; null if there is none, or if it is invalid. */
  card (commit: Commit): Record<string, unknown> | null {
    const readme = commit.files.get('README.md')?.content
    const [, yaml] = (Buffer.isBuffer(readme) ? /^---\r?\n(.*?)\r?\n---/s.exec(readme.toString()) : null) ?? []
    try {
      return yaml === undefined ? null : parse(yaml) as Record<string, unknown>
    } catch {
      return null
    }
  }
}

/** @returns the ref of a branch name */
function fullName (ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}

async function blobOf (path: string, content: Content, { lfs }: RepoOptions): Promise<Blob> {
  const isLocal = typeof content === 'object' && 'localPath' in content
  const held = isLocal ? { localPath: content.localPath } : bytesOf(content)
  const size = Buffer.isBuffer(held) ? held.length : (await stat(held.localPath)).size
  const sha256 = await sha256Of(held)
  const isLfs = lfs === 'none'
    ? false
    : lfs === 'all' ||
      (lfs === undefined ? isLocal || LFS_ENDINGS.test(path) || size > LARGEST_IN_GIT : lfs.includes(path))
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`
  // git's hash of a file that isn't in memory would mean reading it again; any value from its content works.
  const inGit = isLfs ? Buffer.from(pointer) : Buffer.isBuffer(held) ? held : Buffer.from(sha256)
  return {
    path,
    size,
    oid: sha1(Buffer.concat([Buffer.from(`blob ${inGit.length}\0`), inGit])),
    sha256,
    lfs: isLfs,
    pointerSize: pointer.length,
    content: held
  }
}

function bytesOf (content: Exclude<Content, { readonly localPath: string }>): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  return content instanceof Uint8Array
    ? Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    : Buffer.from(content.base64, 'base64')
}

async function sha256Of (content: Blob['content']): Promise<string> {
  const hash = createHash('sha256')
  if (Buffer.isBuffer(content)) hash.update(content)
  else {
    for await (const chunk of createReadStream(content.localPath, { highWaterMark: 1 << 20 })) {
      hash.update(
        chunk as Buffer
      )
    }
  }
  return hash.digest('hex')
}

/** SHA hash in hexadecimal. */
export function sha1 (content: string | Buffer): string {
  return createHash('sha1').update(content).digest('hex')
}

/** The files of a commit below a folder; all for the empty path. */
export function filesBelow (commit: Commit, folder: string): Blob[] {
  return [...commit.files.values()].filter(({ path }) => folder === '' || path.startsWith(`${folder}/`))
}
