import { SluiceError } from '../errors.ts'
import type { HubSettings } from './settings.ts'
import type { HubHeaders } from './types.ts'

/**
 * Why the Hub refuses, as an error that says what to do. It names its reasons in `X-Error-Code` (huggingface_hub,
 * `hf_raise_for_status`); a dataset that is private is not told from one that isn't there.
 *
 * @param what was asked for: a dataset, or a file of one, as `owner/name…`
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
    : 'is the token in use good, and may its account read it?'
  if (code === 'GatedRepo') {
    const how = token === null
      ? 'do so, and then set HF_TOKEN, or log in with huggingface-cli login'
      : 'do so with the account of the token in use'
    return new SluiceError('ERR_HUB', `${what}: access is granted to who accepts its terms, on ${page}; ${how}`)
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
      `its branches and tags are on ${page}/tree/main`)
  }
  if (code === 'EntryNotFound') {
    return new SluiceError('ERR_DATASET', `${what}: there is no such file; those there are, are on ${page}/tree/main`)
  }
  if (status === 401 || status === 403) {
    return new SluiceError('ERR_HUB',
      `${what}: the Hub refuses access (${status}${said(headers, body, token)}): ${login}`)
  }
  return new SluiceError('ERR_HUB', `${what}: the Hub answers with ${status}${said(headers, body, token)}`)
}

/** Looked at of what the Hub says, which may be as long as it likes. */
const MOST_CHARACTERS = 1000

/** What the Hub says of it, in a few words and on one line; whatever it says, no token and no signature. */
function said (headers: HubHeaders, body: string, token: string | null): string {
  const message = String(headers['x-error-message'] ?? /"error"\s*:\s*"([^"]+)"/.exec(body)?.[1] ?? '')
  const beginning = (token === null ? message : message.replaceAll(token, '…')).slice(0, MOST_CHARACTERS)
  const words = beginning.replace(/(:\/\/[^\s?]*)\?\S*/g, '$1').replace(/\s+/g, ' ').trim()
  return words === '' ? '' : `: ${words.slice(0, 200)}`
}
