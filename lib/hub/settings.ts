import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { SluiceError, codeOf, reasonOf } from '../errors.ts'
import { count, parseOptions } from '../options.ts'

/** Options of everything that reads from the Hub. */
export const hubOptions = {
  maxRetries: count.default(20).describe('how often a request to the Hub is retried before the run fails'),
  timeout: z.number().positive().max(86_400).default(30)
    .describe('seconds without data from the Hub after which a connection is closed and the request retried')
}

/** How the Hub is accessed. */
export interface HubSettings {
  /** URL of the Hub, without a trailing slash. */
  readonly endpoint: string
  /** Sent to the endpoint and to no other host; null for none. */
  readonly token: string | null
  /** Whether requests to the Hub are forbidden. */
  readonly offline: boolean
  readonly maxRetries: number
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds before the first retry. */
  readonly retryDelay: number
  /** Maximum number of entries in a listing. A longer one is considered endless. */
  readonly mostEntries: number
}

/** Settings that code can pass; the others are read from the environment. */
export interface HubOptions {
  /** How often a request is retried before it fails. @default 20 */
  readonly maxRetries?: number | undefined
  /** Seconds without a response, or without the next byte of one, before a connection is closed. @default 30 */
  readonly timeout?: number | undefined
  /** Milliseconds before the first retry. @default 500 */
  readonly retryDelay?: number | undefined
  /** Maximum number of files and folders in a dataset. @default 2,000,000 */
  readonly mostEntries?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Doubled with each consecutive failure; huggingface_hub starts with 1 s. */
const RETRY_DELAY_MS = 500

/** The Hub advises against more than 100,000 files. */
const MAX_ENTRIES = 2_000_000

const settingsOptions = z.strictObject({
  ...hubOptions,
  retryDelay: count.default(RETRY_DELAY_MS),
  mostEntries: count.default(MAX_ENTRIES)
})

/**
 * Settings from the options and the environment, which is read as `huggingface_hub` reads it: `HF_ENDPOINT`, `HF_TOKEN`
 * or the file written by `huggingface-cli login` (`HF_TOKEN_PATH`, `HF_HOME`), `HF_HUB_DISABLE_IMPLICIT_TOKEN`,
 * `HF_HUB_OFFLINE`. An empty variable counts as unset.
 *
 * @throws SluiceError `ERR_OPTION` for an invalid endpoint or token; `ERR_FILES` for a token file that can't be read
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

/** Messages show the endpoint, so it must not contain a password. */
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
      `${path}: the token for the Hub should be in this file, which can't be read: ${reasonOf(cause)}`, { cause })
  }
}

function inHome (path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir())
}

/**
 * The token without surrounding white space and line breaks; null for none.
 *
 * @throws SluiceError `ERR_OPTION` for characters that a header can't have
 */
function clean (text: string, where: string): string | null {
  const token = text.replace(/[\r\n]/g, '').trim()
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new SluiceError('ERR_OPTION', `${where}: expected a token for the Hub, found characters that no token has`)
  }
  return token === '' ? null : token
}

function isOn (value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}
