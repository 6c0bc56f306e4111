import { once } from 'node:events'
import { type IncomingMessage, createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type Socket, connect } from 'node:net'
import { type Test, t } from '../../tap.ts'
import { failure } from '../../helpers.ts'
import { type HubEnvironment, setHubEnvironment } from '../../hub/environment.ts'
import { certificate } from './certificate.ts'
import { httpFor, serve } from './hosts.ts'

/** A proxy that opens tunnels. @returns its address, and the requests to it */
async function proxy (
  t: Test,
  answer: 'tunnel' | 'refuse' | 'nothing' = 'tunnel'
): Promise<{ readonly address: string, readonly asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = []
  const server = createServer()
  const sockets = new Set<Socket>()
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request)
    sockets.add(socket.on('error', () => {}))
    if (answer === 'nothing') return
    if (answer === 'refuse') {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    const [host, port] = request.url!.split(':')
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      through.pipe(socket).pipe(through)
    })
    sockets.add(through.on('error', () => {}))
  })
  const address = await serve(t, (_request, response) => { response.writeHead(500).end() }, server)
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  return { address, asked }
}

async function secure (t: Test): Promise<string> {
  const server = createHttpsServer(certificate, (request, response) => {
    if (request.url === '/down') response.writeHead(302, { Location: 'http://127.0.0.1:1/x' }).end()
    else response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `https://127.0.0.1:${(server.address() as { port: number }).port}`
}

function environment (t: Test, environment: HubEnvironment): void {
  t.teardown(setHubEnvironment(environment))
}

/** Certificates of tests aren't signed by an authority, so the environment is set to trust all. */
function trustAll (t: Test): void {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.teardown(() => { delete process.env.NODE_TLS_REJECT_UNAUTHORIZED })
}

t.test('an http proxy is used, except for excluded hosts', async t => {
  const { address, asked } = await proxy(t)
  const endpoint = await serve(t, (_request, response) => { response.end('{}') })
  const host = endpoint.slice('http://'.length)
  for (const name of ['HTTP_PROXY', 'http_proxy'] as const) {
    environment(t, { [name]: address.replace('://', '://me:secret@') })
    asked.length = 0
    await httpFor(t, endpoint).json('/x', 'o/n')
    t.match(asked, [{
      method: 'CONNECT',
      url: host,
      headers: { 'proxy-authorization': `Basic ${Buffer.from('me:secret').toString('base64')}` }
    }])
  }
  for (const NO_PROXY of ['127.0.0.1', `other.example,${host}`, '*']) {
    environment(t, { HTTP_PROXY: address, NO_PROXY })
    asked.length = 0
    await httpFor(t, endpoint).json('/x', 'o/n')
    t.equal(asked.length, 0, NO_PROXY)
  }
})

t.test('an https proxy receives no header that is meant for the Hub', async t => {
  const { address, asked } = await proxy(t)
  trustAll(t)
  environment(t, { HTTPS_PROXY: address })
  const endpoint = await secure(t)
  await httpFor(t, endpoint, { token: 'hf_secret' }).json('/x', 'o/n')
  t.match(asked, [{ method: 'CONNECT', url: endpoint.slice('https://'.length) }])
  t.notMatch(JSON.stringify(asked[0]!.rawHeaders), /hf_secret/)
})

t.test('proxies that refuse, don\'t answer, or have an invalid address are errors', async t => {
  const endpoint = await serve(t, (_request, response) => { response.end('{}') })
  const json = async (): Promise<unknown> =>
    await failure(httpFor(t, endpoint, { maxRetries: 1, timeout: 100 }).json('/x', 'o/n'))
  environment(t, { HTTP_PROXY: (await proxy(t, 'refuse')).address })
  t.match(await json(), { code: 'ERR_HUB', message: /the connection failed: Proxy response \(407\)/ })
  environment(t, { HTTP_PROXY: (await proxy(t, 'nothing')).address })
  t.match(await json(), { code: 'ERR_HUB', message: /no response within the timeout/ })
  environment(t, { HTTPS_PROXY: 'http://me:secret@proxy:port' })
  const error = await json() as Error
  t.match(error, { code: 'ERR_OPTION', message: /^HTTP_PROXY, HTTPS_PROXY: expected the address of a proxy/ })
  t.notMatch(error.message, /secret/)
})

t.test('untrusted certificates and redirects from https to http are refused', async t => {
  environment(t, {})
  const endpoint = await secure(t)
  t.match(await failure(httpFor(t, endpoint, { maxRetries: 9 }).json('/x', 'o/n')), {
    code: 'ERR_HUB',
    message: /^o\/n: the certificate .*, or of a proxy, is not valid: .*set NODE_EXTRA_CA_CERTS to its file$/
  })
  trustAll(t)
  t.same((await httpFor(t, endpoint).json('/x', 'o/n')).value, {})
  t.match(await failure(httpFor(t, endpoint).json('/down', 'o/n')), {
    code: 'ERR_HUB', message: /redirects to http:\/\/127.0.0.1:1, which is not followed from https:\/\//
  })
})
