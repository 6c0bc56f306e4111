import { SluiceError, codeOf, messageOf } from '../errors.ts'
import { Transient } from './retries.ts'

/** What happens to connections: undici's errors, the system's, and those of TLS and of what is no HTTP. */
const OF_CONNECTIONS = /^(?:UND_ERR_|HPE_|E(?!RR_)[A-Z]+|ERR_TLS|ERR_SSL|ERR_STREAM_PREMATURE_CLOSE)/

/** Of undici: it was called wrongly, or after it was closed. */
const DEFECTS = /^UND_ERR_(?:INVALID_|CLOSED|DESTROYED)/

/** A certificate that isn't good will not be better in a minute. */
const OF_CERTIFICATES = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET/

const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_BODY_TIMEOUT: 'nothing more came within the timeout (--timeout)',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within the timeout (--timeout)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the timeout (--timeout)',
  UND_ERR_SOCKET: 'the connection was broken off',
  ECONNRESET: 'the connection was broken off',
  EPIPE: 'the connection was broken off',
  ECONNREFUSED: 'the connection is refused'
}

/**
 * An error as it is to be met: what happens to connections may not happen again; what was thrown on purpose, or by a
 * defect, would.
 */
export function asTransient (error: unknown, what: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true || error instanceof SluiceError || error instanceof Transient) return error
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | null)?.cause) ?? ''
  if (OF_CERTIFICATES.test(code)) {
    return new SluiceError('ERR_HUB', `${what}: the certificate of the Hub, or of a proxy, is not good: ` +
      `${messageOf(error)} (${code}); one of your own is named in NODE_EXTRA_CA_CERTS`, { cause: error })
  }
  if (!OF_CONNECTIONS.test(code) || DEFECTS.test(code)) return error
  if (code === 'ENOTFOUND') return new Transient(`the Hub can't be reached: ${messageOf(error)}`, { cause: error })
  return new Transient(REASONS[code] ?? `the connection failed: ${messageOf(error) || code}`, { cause: error })
}
