/**
 * What a file of a repository holds: bytes, text, or a file of this machine, which is streamed and never held in
 * memory.
 */
export type Content = Uint8Array | string | { readonly localPath: string } | { readonly base64: string }

export type Files = Readonly<Record<string, Content>>

export interface RepoOptions {
  /** `owner/name`, or `name` alone as the oldest datasets have it. */
  readonly name: string
  /** Files of `main`. */
  readonly files: Files
  /**
   * Commits of other refs, each with all its files: `refs/convert/parquet`, `refs/tags/v1`, `refs/pr/1`; else a branch.
   */
  readonly refs?: Readonly<Record<string, Files>>
  /** Paths kept in LFS; left out, those whose ending the Hub's own `.gitattributes` has, and files of this machine. */
  readonly lfs?: 'all' | 'none' | readonly string[]
  /** Seen with the token alone. */
  readonly private?: boolean
  /** Listed for everyone, read with the token alone. */
  readonly gated?: 'manual' | 'auto'
  readonly disabled?: boolean
  /** Names that lead here by a redirect. */
  readonly formerly?: readonly string[]
  /** Whether the viewer calls the conversion to parquet complete; default: as `partial-` folders in it tell. */
  readonly partial?: boolean
}

export interface HubOptions {
  readonly repos: readonly RepoOptions[]
  /** The token that may read everything; others are refused. */
  readonly token?: string
  /** A token that is good, and has no access to what is private or gated. */
  readonly stranger?: string
  /** Entries on a page of a listing where the client asks for no number. Default: 1000. */
  readonly pageSize?: number
  /** How long an address of the CDN is good for, in milliseconds. Default: an hour. */
  readonly signatureMs?: number
  /** Small text is sent gzipped, in chunks and without a length, to clients that say they take it. Default: true. */
  readonly gzip?: boolean
  /** Ports, where they have to be known beforehand. Default: any that are free. */
  readonly port?: number
  readonly cdnPort?: number
  /** Lets another process misbehave, commit and read the log over `/stand-in/`. Default: false. */
  readonly control?: boolean
}

/** A request as it was asked and answered; filled in as the answer goes out. */
export interface LoggedRequest {
  readonly host: 'hub' | 'cdn'
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly range: string | null
  /** What the request is for; `file` sends the bytes of a file. */
  kind: RequestKind
  /** `owner/name` and path of the file, where it is for one. */
  repo: string | null
  file: string | null
  /** Null until there is an answer. */
  status: number | null
  /** Of the body, handed to the connection. */
  bytes: number
  /** Whether the answer was sent to its end. */
  ended: boolean
  /** How it misbehaved. */
  fault: Fault['kind'] | null
  /** Milliseconds since the Hub was started. */
  readonly at: number
}

export type RequestKind = 'api' | 'resolve' | 'file'

/** One way to misbehave. `after`: bytes of the body that arrive before that; `'random'`: any number short of all. */
export type Fault =
  | { readonly kind: 'break', readonly after: number | 'random' }
  | { readonly kind: 'stall', readonly after: number | 'random' }
  /**
   * `ratelimit`: the header of the IETF draft alone; `spare`: the same, which says that some are left, so that it isn't
   * the reason.
   */
  | {
    readonly kind: 'rate-limit'
    readonly seconds: number
    readonly how: 'retry-after' | 'date' | 'ratelimit' | 'spare' | 'bare'
  }
  | { readonly kind: 'status', readonly status: number }
  /** The address of the CDN is refused from now on; a fresh one is good. */
  | { readonly kind: 'expired' }
  /**
   * The body ends `by` bytes too soon. `length`: Content-Length says so, as if that were all; `chunked`: there is no
   * length; `declared`: Content-Length has the right number, and the connection is ended in order.
   */
  | { readonly kind: 'short', readonly by: number, readonly framing: 'length' | 'chunked' | 'declared' }
  /** The body has so many bytes more than it should, and a Content-Length that agrees. */
  | { readonly kind: 'long', readonly by: number }
  /** From this request on the file has other bytes, as many, and another ETag. */
  | { readonly kind: 'changed' }
  /** A range is answered by 200 and the whole file. */
  | { readonly kind: 'whole' }
  /** A redirect to the same address. */
  | { readonly kind: 'loop' }
  /** This connection and all others are cut, and new ones are refused for so long. */
  | { readonly kind: 'refuse', readonly ms: number }
  /** So many bytes at a time, with so many milliseconds between them. */
  | { readonly kind: 'drip', readonly bytes: number, readonly ms: number }
  /** Every page of a listing leads to another one, with so many entries that were on none before. */
  | { readonly kind: 'endless', readonly entries: number }
  /** A listing, and what is asked of paths, has a file of this name, too. */
  | { readonly kind: 'listed', readonly path: string }
  /** Informational answers every so many milliseconds, and never one that counts. */
  | { readonly kind: 'informational', readonly ms: number }
  /** The answer begins so late; null: never, on an open connection. */
  | { readonly kind: 'delay', readonly ms: number | null }

export interface Misbehaviour {
  readonly fault: Fault
  /** Requests it is for; left out, those to which the fault can happen. */
  readonly on?: {
    readonly kind?: RequestKind
    readonly host?: 'hub' | 'cdn'
    readonly method?: string
    /** A part of the path and query, or of the file's path in its repository. */
    readonly path?: string
  }
  /** Of the requests it is for, the first so many are let through. Default: 0. */
  readonly skip?: number
  /** Of the others each nth. Default: 1, all. */
  readonly every?: number
  /** How often at most. Default: 1. */
  readonly times?: number
}

/** Faults at random. */
export interface RandomMisbehaviour {
  readonly seed: number
  /** Drawn from these; default: `FAULTS`. */
  readonly faults?: readonly Fault[]
  /** How likely a request is to meet with one. Default: 0.3. */
  readonly chance?: number
  /** How many at most, in all. Default: 20. */
  readonly times?: number
}

export type Plan = readonly Misbehaviour[] | Misbehaviour | RandomMisbehaviour

/** A plan for each repository, others are answered well; one that was given before goes on where it was. */
export interface PlanByRepo {
  readonly byRepo: Readonly<Record<string, Plan>>
}

/** A dataset of `layouts`, and what its split holds. */
export interface Layout {
  /** In words that a repository can be named by, too. */
  readonly name: string
  /** Of `main`. */
  readonly files: Files
  readonly refs?: Readonly<Record<string, Files>>
  readonly subset?: string
  /** Default: `train`. */
  readonly split?: string
  /** What the user asks for in place of the card's and the patterns' files. */
  readonly dataFiles?: string | readonly string[]
  readonly revision?: string
  /** Default: `text`. */
  readonly textColumn?: string
  /** What to ask `datasets` for in place of the subset: it doesn't look into the conversion to parquet by itself. */
  readonly judgedAs?: { readonly revision: string, readonly dataDir: string }
  /** Texts of the split, in order, by how the files were written. */
  readonly expected: readonly string[]
}
