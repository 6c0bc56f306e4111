import { type ErrorCode, SluiceError } from '../lib/errors.ts'

/** A job that failed in part: what it has found or finished all the same is not lost with it. */
export class PartialError extends SluiceError {
  /** What `--json` prints in place of the result. */
  readonly partial: unknown
  /** Whether that is a result like that of a job that ended well, with less in it. */
  readonly isResult: boolean

  constructor (code: ErrorCode, message: string, partial: unknown, { isResult, cause }: { readonly isResult: boolean, readonly cause?: unknown }) {
    super(code, message, { cause })
    this.partial = partial
    this.isResult = isResult
  }
}
