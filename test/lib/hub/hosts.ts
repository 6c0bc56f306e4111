import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { Hub } from '../../../lib/hub/hub.ts'
import { HubHttp } from '../../../lib/hub/http.ts'
import type { HubSettings } from '../../../lib/hub/settings.ts'
import { type HubEnvironment, setHubEnvironment } from '../../hub/environment.ts'
import { type Hub as StandIn, startHub } from '../../hub/stand-in.ts'
import type { HubOptions } from '../../hub/types.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A server for a test. @returns its address */
export async function serve (t: Test, handler: Handler, server: Server = createServer()): Promise<string> {
  server.on('request', handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Settings as from the environment, with short waits. */
export function settingsFor (endpoint: string, more: Partial<HubSettings> = {}): HubSettings {
  return {
    endpoint, token: null, offline: false, maxRetries: 3, timeout: 2000, retryDelay: 1, mostEntries: 10_000, ...more
  }
}

export function httpFor (t: Test, endpoint: string, more: Partial<HubSettings> = {}): HubHttp {
  const http = new HubHttp(settingsFor(endpoint, more))
  t.teardown(async () => { await http.close() })
  return http
}

/** A stand-in Hub, and a client of it. */
export async function start (
  t: Test,
  options: HubOptions,
  more: Partial<HubSettings> = {}
): Promise<{ readonly standIn: StandIn, readonly hub: Hub }> {
  const standIn = await startHub(options)
  t.teardown(async () => { await standIn.close() })
  return { standIn, hub: new Hub(httpFor(t, standIn.endpoint, more)) }
}

/** A stand-in Hub that the environment names until the end of the test. */
export async function startForAll (t: Test, options: HubOptions, environment: HubEnvironment = {}): Promise<StandIn> {
  const standIn = await startHub(options)
  t.teardown(async () => { await standIn.close() })
  t.teardown(setHubEnvironment({ HF_ENDPOINT: standIn.endpoint, ...environment }))
  return standIn
}
