import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { count } from '../options.ts'

/** Options of whatever reads from the Hub. */
export const hubOptions = {
  maxRetries: count.default(20).describe('how often the Hub is asked again, when nothing came, before a run fails'),
  timeout: z.number().positive().default(30).describe('seconds without an answer, or without a byte of one, after which a connection to the Hub is given up')
}

/** How the Hub is spoken to. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string
  /** Sent to the endpoint, and to nobody else; null for none. */
  readonly token: string | null
  /** Whether it must not be spoken to. */
  readonly offline: boolean
  readonly maxRetries: number
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds before something is tried again for the first time. */
  readonly retryDelay: number
}

/** What can be told of it in code; the rest is in the environment. */
export interface HubOptions {
  readonly maxRetries?: number | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Doubled with each failure in a row; huggingface_hub begins with 1 s. */
const RETRY_DELAY_MS = 500

/**
 * The settings that the environment asks for, as `huggingface_hub` reads it: `HF_ENDPOINT`, `HF_TOKEN` or the file that
 * `huggingface-cli login` has written (`HF_TOKEN_PATH`, `HF_HOME`), `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_OFFLINE`.
 *
 * @throws SluiceError `ERR_OPTION` for an endpoint that is no address, `ERR_FILES` for a token file that can't be read
 */
export async function hubSettings (options: HubOptions = {}, env: Environment = process.env): Promise<HubSettings> {
  const { maxRetries, timeout } = z.strictObject(hubOptions).parse(options)
  return {
    endpoint: endpointOf(env),
    token: await tokenOf(env),
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.HF_DATASETS_OFFLINE),
    maxRetries,
    timeout: timeout * 1000,
    retryDelay: RETRY_DELAY_MS
  }
}

function endpointOf ({ HF_ENDPOINT: given = '' }: Environment): string {
  const endpoint = given.trim() === '' ? 'https://huggingface.co' : given.trim().replace(/\/+$/, '')
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) throw new SluiceError('ERR_OPTION', 'HF_ENDPOINT: expected an address such as https://huggingface.co')
  return endpoint
}

async function tokenOf (env: Environment): Promise<string | null> {
  if (isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return null
  const named = clean(env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN ?? '')
  if (named !== null) return named
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface')
  const path = env.HF_TOKEN_PATH ?? join(home, 'token')
  try {
    return clean(await readFile(path, 'utf8'))
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')) return null
    throw new SluiceError('ERR_FILES', `${path}: the token of the Hub is to be here, and cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

/** A header can't have line breaks, which a file may end with. */
function clean (token: string): string | null {
  const text = token.replace(/[\r\n]/g, '').trim()
  return text === '' ? null : text
}

function isOn (value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}
