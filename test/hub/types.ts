/** The content of a file in a repository: bytes, text, or a local file, which is streamed and never held in memory. */
export type Content = Uint8Array | string | { readonly localPath: string } | { readonly base64: string }

export type Files = Readonly<Record<string, Content>>

export interface RepoOptions {
  /** `owner/name`, or `name` alone as the oldest datasets have it. */
  readonly name: string
  /** Files of `main`. */
  readonly files: Files
  /**
   * Commits of other refs, each with all its files: `refs/convert/parquet`, `refs/tags/v1`, `refs/pr/1`; other names
   * are branches.
   */
  readonly refs?: Readonly<Record<string, Files>>
  /** Paths in LFS. Default: those with an extension in the Hub's `.gitattributes`, and local files. */
  readonly lfs?: 'all' | 'none' | readonly string[]
  /** Visible with the token only. */
  readonly private?: boolean
  /** Listed for everyone, readable with the token only. */
  readonly gated?: 'manual' | 'auto'
  readonly disabled?: boolean
  /** Former names, which redirect to this one. */
  readonly formerly?: readonly string[]
  /**
   * Whether the viewer reports the conversion to parquet as complete. Default: true, unless it has `partial-`
   * folders.
   */
  readonly partial?: boolean
}

export interface HubOptions {
  readonly repos: readonly RepoOptions[]
  /** The token that may read everything; unknown ones are refused. */
  readonly token?: string
  /** A valid token without access to private or gated datasets. */
  readonly stranger?: string
  /** Entries on a page of a listing if the client requests no number. Default: 1000. */
  readonly pageSize?: number
  /** How long an address of the CDN is valid, in milliseconds. Default: an hour. */
  readonly signatureMs?: number
  /** Small text is sent gzipped, in chunks and without a length, to clients that accept it. Default: true. */
  readonly gzip?: boolean
  /** Ports, if they must be known in advance. Default: any free ports. */
  readonly port?: number
  readonly cdnPort?: number
  /** Lets another process misbehave, commit and read the log over `/stand-in/`. Default: false. */
  readonly control?: boolean
}

/** A request and its response; filled in while the response is sent. */
export interface LoggedRequest {
  readonly host: 'hub' | 'cdn'
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly range: string | null
  /** The kind of request; `file` sends the bytes of a file. */
  kind: RequestKind
  /** `owner/name` and path of the file, if it is for one. */
  repo: string | null
  file: string | null
  /** Null until the response starts. */
  status: number | null
  /** Bytes of the body that were written to the connection. */
  bytes: number
  /** Whether the response was sent completely. */
  ended: boolean
  /** The fault of the response. */
  fault: Fault['kind'] | null
  /** Milliseconds since the Hub was started. */
  readonly at: number
}

export type RequestKind = 'api' | 'resolve' | 'file'

/** One misbehaviour. `after`: bytes of the body that are sent before it; `'random'`: any number below its length. */
export type Fault =
  | { readonly kind: 'break', readonly after: number | 'random' }
  | { readonly kind: 'stall', readonly after: number | 'random' }
  /**
   * `ratelimit`: only the header of the IETF draft; `spare`: the same with requests left, so that it isn't the reason.
   */
  | {
    readonly kind: 'rate-limit'
    readonly seconds: number
    readonly how: 'retry-after' | 'date' | 'ratelimit' | 'spare' | 'bare'
  }
  | { readonly kind: 'status', readonly status: number }
  /** The address of the CDN is refused from now on; a new one is valid. */
  | { readonly kind: 'expired' }
  /**
   * The body ends `by` bytes too soon. `length`: Content-Length states the shorter length; `chunked`: there is no
   * length; `declared`: Content-Length is right, and the connection is closed cleanly.
   */
  | { readonly kind: 'short', readonly by: number, readonly framing: 'length' | 'chunked' | 'declared' }
  /** The body has `by` bytes too many, and a Content-Length that agrees. */
  | { readonly kind: 'long', readonly by: number }
  /** From this request on, the file has other bytes of the same length, and another ETag. */
  | { readonly kind: 'changed' }
  /** A range request gets 200 and the whole file. */
  | { readonly kind: 'whole' }
  /** A redirect to the same address. */
  | { readonly kind: 'loop' }
  /** This connection and all others are cut, and new ones are refused for this time. */
  | { readonly kind: 'refuse', readonly ms: number }
  /** `bytes` at a time, with `ms` between them. */
  | { readonly kind: 'drip', readonly bytes: number, readonly ms: number }
  /** Every page of a listing leads to another one, with `entries` new entries. */
  | { readonly kind: 'endless', readonly entries: number }
  /** Listings, and responses about paths, include a file of this name. */
  | { readonly kind: 'listed', readonly path: string }
  /** Informational responses every `ms`, and never a final one. */
  | { readonly kind: 'informational', readonly ms: number }
  /** The response starts after this time; null: never, on an open connection. */
  | { readonly kind: 'delay', readonly ms: number | null }

export interface Misbehaviour {
  readonly fault: Fault
  /** The requests it applies to. Default: those for which the fault is possible. */
  readonly on?: {
    readonly kind?: RequestKind
    readonly host?: 'hub' | 'cdn'
    readonly method?: string
    /** A part of the path and query, or of the file's path in its repository. */
    readonly path?: string
  }
  /** Matching requests that are answered correctly first. Default: 0. */
  readonly skip?: number
  /** Of the remaining ones, every n-th. Default: 1, all. */
  readonly every?: number
  /** Maximum number of times. Default: 1. */
  readonly times?: number
}

/** Faults at random. */
export interface RandomMisbehaviour {
  readonly seed: number
  /** The faults to draw from. Default: `FAULTS`. */
  readonly faults?: readonly Fault[]
  /** The probability for a request. Default: 0.3. */
  readonly chance?: number
  /** The maximum total number. Default: 20. */
  readonly times?: number
}

export type Plan = readonly Misbehaviour[] | Misbehaviour | RandomMisbehaviour

/** A plan for each repository; others are answered correctly. A plan that was set before continues. */
export interface PlanByRepo {
  readonly byRepo: Readonly<Record<string, Plan>>
}

/** A dataset of `layouts`, and the records of its split. */
export interface Layout {
  /** A name that is also valid for a repository. */
  readonly name: string
  /** Files of `main`. */
  readonly files: Files
  readonly refs?: Readonly<Record<string, Files>>
  readonly subset?: string
  /** Default: `train`. */
  readonly split?: string
  /** The files that the user requests in place of those of the card and the patterns. */
  readonly dataFiles?: string | readonly string[]
  readonly revision?: string
  /** Default: `text`. */
  readonly textColumn?: string
  /** What to request from `datasets` in place of the subset: by default it doesn't read the conversion to parquet. */
  readonly judgedAs?: { readonly revision: string, readonly dataDir: string }
  /** Texts of the split, in order, as the files were written. */
  readonly expected: readonly string[]
}
