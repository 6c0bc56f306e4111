import { SluiceError } from '../errors.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/**
 * The error for a response that refuses a request; it says what to do. The Hub gives its reason in `X-Error-Code`
 * (huggingface_hub, `hf_raise_for_status`). It doesn't distinguish a private dataset from one that doesn't exist.
 *
 * @param what the requested dataset or file, as `owner/name…`
 */
export function refusal (
  what: string,
  status: number,
  headers: HubHeaders,
  body: string,
  { endpoint, token }: HubSettings
): SluiceError {
  const code = String(headers['x-error-code'] ?? '')
  const page = `${endpoint}/datasets/${/^[^/\s@:]+(?:\/[^/\s@:]+)?/.exec(what)?.[0] ?? ''}`
  const login = token === null
    ? 'set HF_TOKEN to a token of an account that may read it, or log in with huggingface-cli login'
    : 'check that the token in use is valid, and that its account may read it'
  if (code === 'GatedRepo') {
    const how = token === null
      ? 'then set HF_TOKEN, or log in with huggingface-cli login'
      : 'use the account of the token in use'
    return new SluiceError('ERR_HUB', `${what}: to get access, accept its terms on ${page}; ${how}`)
  }
  if (code === 'RepoNotFound' || (code === '' && (status === 404 || (status === 401 && token === null)))) {
    const check = token === null ? login : 'check its name, and that the account of the token in use may read it'
    return new SluiceError(
      'ERR_DATASET',
      `${what}: there is no such dataset at ${endpoint}, or it is private: ${check}`
    )
  }
  if (code === 'RevisionNotFound') {
    return new SluiceError('ERR_DATASET', `${what}: there is no such revision; ` +
      `its branches and tags are listed on ${page}/tree/main`)
  }
  if (code === 'EntryNotFound') {
    return new SluiceError('ERR_DATASET', `${what}: there is no such file; its files are listed on ${page}/tree/main`)
  }
  if (status === 401 || status === 403) {
    return new SluiceError('ERR_HUB',
      `${what}: the Hub refuses access (${status}${said(headers, body, token)}): ${login}`)
  }
  return new SluiceError('ERR_HUB', `${what}: the Hub responds with ${status}${said(headers, body, token)}`)
}

/** Maximum number of characters to use of the Hub's message. */
const MAX_CHARACTERS = 1000

/** The Hub's message, shortened to one line, without tokens and signatures. */
function said (headers: HubHeaders, body: string, token: string | null): string {
  const message = String(headers['x-error-message'] ?? /"error"\s*:\s*"([^"]+)"/.exec(body)?.[1] ?? '')
  const beginning = (token === null ? message : message.replaceAll(token, '…')).slice(0, MAX_CHARACTERS)
  const words = beginning.replace(/(:\/\/[^\s?]*)\?\S*/g, '$1').replace(/\s+/g, ' ').trim()
  return words === '' ? '' : `: ${words.slice(0, 200)}`
}
