/**
 * All error codes: the exit code of the command line, and what the code means.
 *
 * Exit code 1: the data or a check failed. 2: the command, the options or the manifest are wrong. 130: stopped by the
 * user.
 */
export const errorCodes = {
  ERR_USAGE: {
    exit: 2,
    means: 'the command line has an unknown command, flag or argument, or one is missing'
  },
  ERR_OPTION: { exit: 2, means: 'an option of a stage or of a recipe has a wrong value' },
  ERR_MANIFEST: {
    exit: 2,
    means: 'the manifest is not YAML, or has invalid values; each error is listed with its line and column'
  },
  ERR_STATS: {
    exit: 2,
    means: 'a stats file is missing, not JSON, or not written by `process-mixture` or `shard-corpus`; each error ' +
      'is listed with its key'
  },
  ERR_FILES: { exit: 2, means: 'an input file is missing, is a folder or is not readable, or a glob matches nothing' },
  ERR_OUTPUT_EXISTS: {
    exit: 2,
    means: 'the output would replace something else: the shards of another run, an input, ' +
      'or a file of another kind'
  },
  ERR_LOCKED: {
    exit: 1,
    means: 'another run has locked the output or has taken its lock over, or a lock file is damaged'
  },
  ERR_TOKENIZER: {
    exit: 2,
    means: 'a tokenizer is missing, damaged, of a kind that sluice does not know, or does not fit its use'
  },
  ERR_MODEL: { exit: 2, means: 'the model of a filter is missing, damaged, or of the wrong kind' },
  ERR_BASELINE: {
    exit: 2,
    means: 'a baseline is missing, not JSON, or not written by `check-coverage`; each error is listed with its key'
  },
  ERR_COVERAGE: {
    exit: 1,
    means: 'a tokenizer covers the text worse than the baseline and tolerances allow, or the text has no words; ' +
      'each figure is listed with the baseline\'s'
  },
  ERR_CHECKSUM: { exit: 1, means: 'the SHA-256 of a file is not the expected one' },
  ERR_HUB: { exit: 1, means: 'the Hub cannot be reached, refuses access, or still fails after `--max-retries`' },
  ERR_DATASET: {
    exit: 2,
    means: 'a dataset on the Hub, or its revision, subset, split, column or file, does not exist, or cannot be ' +
      'read; the message lists the existing ones'
  },
  ERR_SOURCE: { exit: 1, means: 'an input file is damaged or cut off, or reading it failed' },
  ERR_BAD_RECORDS: { exit: 1, means: 'more records are bad than `--max-bad` allows' },
  ERR_EXPECTED: {
    exit: 1,
    means: 'a filter dropped everything, or a share of the documents outside the bounds of `expect`'
  },
  ERR_DOCUMENT: { exit: 1, means: 'a document cannot be handled by a stage' },
  ERR_SHARD: {
    exit: 1,
    means: 'a sequence does not fit its shard, or a shard is not a `.npy` file that sluice writes'
  },
  ERR_VERIFY: {
    exit: 1,
    means: 'shards on disk do not match their stats; each finding has the file, the found value and the expected ' +
      'value'
  },
  ERR_OUTPUT: { exit: 1, means: 'an output file or folder cannot be written' },
  ERR_CHECKPOINT: {
    exit: 2,
    means: 'a checkpoint is damaged, or belongs to a run with other settings, inputs or outputs; ' +
      'the message names the difference'
  },
  ERR_STATE: { exit: 1, means: 'a saved position or state does not belong to this source or stage' },
  ERR_PLAN: {
    exit: 2,
    means: 'a plan, or a unit of it, is missing, damaged, of another version, or of inputs that have changed'
  },
  ERR_RUN: {
    exit: 1,
    means: 'the records of runs don\'t match the request: no record has that name, hash or shard, more than one ' +
      'has it, or a record is damaged'
  },
  ERR_COMPONENT: { exit: 1, means: 'a component of the mixture failed; the others were completed' },
  ERR_LICENSE: {
    exit: 1,
    means: 'the data of a mixture may not be redistributed, or its licence is not known ' +
      '(`--require-redistributable`)'
  },
  ERR_ABORTED: {
    exit: 130,
    means: 'stopped by Ctrl-C, SIGTERM or an AbortSignal; ' +
      'the same command resumes from the last checkpoint; no other incomplete files are left'
  }
} as const

/** A key of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes

/**
 * The one error class of sluice. Match the `code`; the message names the place, what was found and what was expected.
 */
export class SluiceError extends Error {
  readonly code: ErrorCode

  constructor (code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(maskCredentials(message), options)
    this.name = 'SluiceError'
    this.code = code
  }

  /** The exit code of a process that ends with this error. */
  get exitCode (): number {
    return errorCodes[this.code].exit
  }
}

/** A source found no text in the given place; `fields` lists where it may be. */
export class MissingFieldError extends SluiceError {
  /** Names of the fields or columns that exist, or paths to texts within them. */
  readonly fields: readonly string[]

  constructor (message: string, fields: readonly string[]) {
    super('ERR_SOURCE', message)
    this.fields = fields
  }
}

/** Replaces a secret. It is a word, so that YAML around it stays valid. */
export const MASK = 'MASKED'

/** The user and password, or token, of a URL: from `://` to the last `@` before the path. */
const CREDENTIALS = /:\/\/[^\s/"'<>]*@/g

/**
 * Masks users and passwords of URLs. Messages are masked by this alone, as `maskSecrets` could mask parts that aren't
 * secret.
 */
export function maskCredentials (text: string): string {
  return text.replace(CREDENTIALS, `://${MASK}@`)
}

/** The message of any thrown value. */
export function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'a part of the path is a file, expected a folder',
  EEXIST: 'a part of the path is a file, expected a folder',
  EISDIR: 'is a folder, expected a file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open; raise the limit (ulimit -n 4096) and run it again',
  ENFILE: 'too many files are open on this machine; close some programs and run it again',
  ENOSPC: 'no space left on the device; free disk space and run it again',
  EDQUOT: 'the disk quota is used up; free disk space and run it again'
}

/** Describes a system error and what to do; the message of any other error. */
export function reasonOf (error: unknown): string {
  return SYSTEM_REASONS[codeOf(error) ?? ''] ?? messageOf(error)
}

/** The `code` of a system error (`ENOENT`), of a zlib error (`Z_BUF_ERROR`) or of a SluiceError; else undefined. */
export function codeOf (error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** The error of a job that failed in part, with the part of its result that is complete. */
export class PartialError extends SluiceError {
  /** What `--json` prints instead of the result. */
  readonly partial: unknown
  /** Whether `partial` has the form of the result of a successful job, with less in it. */
  readonly isResult: boolean

  constructor (
    code: ErrorCode,
    message: string,
    partial: unknown,
    { isResult, cause }: { readonly isResult: boolean, readonly cause?: unknown }
  ) {
    super(code, message, { cause })
    this.partial = partial
    this.isResult = isResult
  }
}

/**
 * The values of promises, as `Promise.all` returns them. If some are rejected, the error is the one of the first in the
 * list, in every run: `Promise.all` reports the first in time. Waits for all of them, so that none is left running.
 */
export async function allInOrder<T> (promises: Iterable<Promise<T>>): Promise<T[]> {
  const results = await Promise.allSettled(promises)
  return results.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
