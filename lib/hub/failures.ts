import { SluiceError, codeOf, messageOf } from '../errors.ts'
import { Transient } from './retries.ts'

/** Codes of connection errors: of undici, the system, the HTTP parser and TLS. */
const OF_CONNECTIONS = /^(?:UND_ERR_|HPE_|E(?!RR_)[A-Z]+|ERR_TLS|ERR_SSL|ERR_STREAM_PREMATURE_CLOSE)/

/** Codes of undici for wrong use, or use after close. */
const DEFECTS = /^UND_ERR_(?:INVALID_|CLOSED|DESTROYED)/

/** Codes of certificate errors, which retrying doesn't help. */
const OF_CERTIFICATES = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET/

const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_BODY_TIMEOUT: 'the response stalled for longer than the timeout (--timeout)',
  UND_ERR_HEADERS_TIMEOUT: 'no response within the timeout (--timeout)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the timeout (--timeout)',
  UND_ERR_SOCKET: 'the connection was closed',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ECONNREFUSED: 'the connection was refused'
}

/** Makes connection errors `Transient`, so that they are retried, and leaves others unchanged. */
export function asTransient (error: unknown, what: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true || error instanceof SluiceError || error instanceof Transient) return error
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | null)?.cause) ?? ''
  if (OF_CERTIFICATES.test(code)) {
    return new SluiceError('ERR_HUB', `${what}: the certificate of the Hub, or of a proxy, is not valid: ` +
      `${messageOf(error)} (${code}); to add a custom CA, set NODE_EXTRA_CA_CERTS to its file`, { cause: error })
  }
  if (!OF_CONNECTIONS.test(code) || DEFECTS.test(code)) return error
  if (code === 'ENOTFOUND') return new Transient(`the Hub can't be reached: ${messageOf(error)}`, { cause: error })
  return new Transient(REASONS[code] ?? `the connection failed: ${messageOf(error) || code}`, { cause: error })
}
