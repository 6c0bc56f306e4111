import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeHubs } from '../../lib/hub/hub.ts'

/** The environment variables of the Hub client. */
const NAMES = [
  'HF_ENDPOINT', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_TOKEN_PATH', 'HF_HOME', 'XDG_CACHE_HOME', 'HF_HUB_OFFLINE',
  'HF_DATASETS_OFFLINE', 'HF_HUB_DISABLE_IMPLICIT_TOKEN', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy',
  'https_proxy', 'no_proxy'
] as const

export type HubEnvironment = Readonly<Partial<Record<typeof NAMES[number], string>>>

/**
 * Sets the environment variables of the Hub, and deletes the others: a developer's token is not used.
 *
 * @returns a function that restores them, and forgets all cached data of the Hub
 */
export function setHubEnvironment (environment: HubEnvironment): () => Promise<void> {
  const before = NAMES.map(name => [name, process.env[name]] as const)
  const home = mkdtempSync(join(tmpdir(), 'sluice-hub-'))
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
  for (const name of NAMES) set(name, name === 'HF_HOME' ? environment[name] ?? home : environment[name])
  return async () => {
    for (const [name, value] of before) set(name, value)
    rmSync(home, { recursive: true, force: true })
    await closeHubs()
  }
}
