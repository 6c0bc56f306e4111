import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { count, parseOptions } from '../options.ts'

/** Options of whatever reads from the Hub. */
export const hubOptions = {
  maxRetries: count.default(20).describe('how often the Hub is asked again, when nothing came, before a run fails'),
  timeout: z.number().positive().max(86_400).default(30)
    .describe('seconds without an answer, or without a byte of one, after which a connection to the Hub is given up')
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
  /** Of a listing; a longer one is taken for one without an end. */
  readonly mostEntries: number
}

/** What can be told of it in code; the rest is in the environment. */
export interface HubOptions {
  readonly maxRetries?: number | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
  /** Milliseconds before something is tried again for the first time. @default 500 */
  readonly retryDelay?: number | undefined
  /** Files and folders of a dataset at most. @default 2,000,000 */
  readonly mostEntries?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Doubled with each failure in a row; huggingface_hub begins with 1 s. */
const RETRY_DELAY_MS = 500

/** The Hub advises against more than 100,000 files. */
const MOST_ENTRIES = 2_000_000

const settingsOptions = z.strictObject({
  ...hubOptions,
  retryDelay: count.default(RETRY_DELAY_MS),
  mostEntries: count.default(MOST_ENTRIES)
})

/**
 * The settings that the environment asks for, as `huggingface_hub` reads it: `HF_ENDPOINT`, `HF_TOKEN` or the file that
 * `huggingface-cli login` has written (`HF_TOKEN_PATH`, `HF_HOME`), `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_OFFLINE`.
 * What is set and empty is as if it weren't.
 *
 * @throws SluiceError `ERR_OPTION` for an endpoint that is no address, or a token that can be none; `ERR_FILES` for a
 *   token file that can't be read
 */
export async function hubSettings (options: HubOptions = {}, env: Environment = process.env): Promise<HubSettings> {
  const { maxRetries, timeout, retryDelay, mostEntries } = parseOptions('hub', settingsOptions, options)
  return {
    endpoint: endpointOf(env),
    token: await tokenOf(env),
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.HF_DATASETS_OFFLINE),
    maxRetries,
    timeout: timeout * 1000,
    retryDelay,
    mostEntries
  }
}

/** The address is shown in messages, so that it must have nothing secret in it. */
function endpointOf (env: Environment): string {
  const given = env.HF_ENDPOINT?.trim()
  const endpoint = given ? given.replace(/\/+$/, '') : 'https://huggingface.co'
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== '') {
    throw new SluiceError('ERR_OPTION', 'HF_ENDPOINT: expected an address such as https://huggingface.co, ' +
      'without a user, a password or a query')
  }
  return endpoint
}

async function tokenOf (env: Environment): Promise<string | null> {
  if (isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return null
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = clean(env[name] ?? '', name)
    if (token !== null) return token
  }
  const home = inHome(env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface'))
  const path = inHome(env.HF_TOKEN_PATH || join(home, 'token'))
  try {
    return clean(await readFile(path, 'utf8'), path)
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause) ?? '')) return null
    throw new SluiceError('ERR_FILES',
      `${path}: the token of the Hub is to be here, and cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

function inHome (path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir())
}

/**
 * The token without the line break that a file ends with; null for none.
 *
 * @throws SluiceError `ERR_OPTION` for what can't be sent
 */
function clean (text: string, where: string): string | null {
  const token = text.replace(/[\r\n]/g, '').trim()
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new SluiceError('ERR_OPTION', `${where}: expected a token of the Hub, this has characters that no token has`)
  }
  return token === '' ? null : token
}

function isOn (value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}
