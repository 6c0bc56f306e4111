import { once } from 'node:events'
import { type Socket, createServer as createTcpServer } from 'node:net'
import { type Test, t } from '../../tap.ts'
import { asTransient } from '../../../lib/hub/failures.ts'
import type { HubHttp } from '../../../lib/hub/http.ts'
import { Transient } from '../../../lib/hub/retries.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import { failure } from '../../helpers.ts'
import { httpFor, serve } from './hosts.ts'

const TOKEN = 'hf_secretsecretsecretsecretsecretsecre'

// Tests don't use the user's proxies and tokens.
t.teardown(setHubEnvironment({}))

async function status (http: HubHttp, address: string): Promise<number> {
  const { status, body } = await http.send(new URL(address), 'o/n', {})
  await body.dump()
  return status
}

/**
 * Two hosts that record the requests with their tokens. @param redirects from path to address, in which A and B are the
 * hosts
 */
async function twoHosts (
  t: Test,
  redirects: Readonly<Record<string, string>>
): Promise<{ readonly a: string, readonly b: string, readonly seen: string[] }> {
  const seen: string[] = []
  const hosts = { A: '', B: '' }
  const handler = (name: string) => (
    request: { url?: string, headers: Record<string, unknown> },
    response: { writeHead: (status: number, headers?: Record<string, string>) => { end: (text: string) => void } }
  ): void => {
    seen.push(`${name}${request.url!} ${request.headers.authorization === undefined ? '-' : 'token'}`)
    const to = redirects[name + request.url!]?.replace('A/', `${hosts.A}/`).replace('B/', `${hosts.B}/`)
    if (to === undefined) response.writeHead(200).end('{}')
    else response.writeHead(302, { Location: to }).end('elsewhere')
  }
  hosts.A = await serve(t, handler('A') as never)
  hosts.B = await serve(t, handler('B') as never)
  return { a: hosts.A, b: hosts.B, seen }
}

t.test('the token is sent to the endpoint only', async t => {
  const { a, b, seen } = await twoHosts(t, { 'A/1': 'B/2', 'B/2': 'A/3', 'A/3': 'B/4', 'A/rel': '/1' })
  const http = httpFor(t, a, { token: TOKEN })
  await status(http, `${a}/rel`)
  t.same(seen, ['A/rel token', 'A/1 token', 'B/2 -', 'A/3 token', 'B/4 -'])
  await status(http, `${b}/x`)
  t.equal(seen.at(-1), 'B/x -')
  await status(httpFor(t, a), `${a}/x`)
  t.equal(seen.at(-1), 'A/x -')
})

t.test('redirects that are not followed', async t => {
  const { a } = await twoHosts(t, {
    'A/loop': '/loop', 'A/ftp': 'ftp://x/', 'A/none': 'http://', 'A/other': 'http://other.example:1x/'
  })
  const http = httpFor(t, a)
  t.match(await failure(status(http, `${a}/loop`)), { constructor: Transient, message: 'more than 10 redirects' })
  t.match(await failure(status(http, `${a}/ftp`)), {
    code: 'ERR_HUB', message: /^o\/n: 127.0.0.1:\d+ redirects to ftp:\/\/x, which is not followed/
  })
  t.match(await failure(status(http, `${a}/none`)), { code: 'ERR_HUB', message: /redirects to an invalid URL/ })
  t.match(await failure(http.json('/loop', 'o/n')), {
    code: 'ERR_HUB', message: /more than 10 redirects, 4 times in a row/
  })
  t.match(await failure(http.json('https://elsewhere.example/x', 'o/n')), {
    code: 'ERR_HUB', message: /links to https:\/\/elsewhere.example for the next page, expected http:/
  })
})

t.test('answers are JSON, permanent refusals, or errors to retry', async t => {
  const answers: Array<[number, string, Record<string, string>?]> = []
  let asked = 0
  const endpoint = await serve(t, (_request, response) => {
    asked++
    const [code, text, headers] = answers.shift() ?? [200, '{"a":1}']
    response.writeHead(code, headers).end(text)
  })
  const http = httpFor(t, endpoint)
  const after = async (...given: typeof answers): Promise<number> => {
    asked = 0
    answers.splice(0, Infinity, ...given)
    t.same((await http.json('/x', 'o/n')).value, { a: 1 })
    return asked
  }
  t.equal(await after(), 1)
  t.equal(await after([500, 'x'], [502, 'x'], [503, 'x', { 'Retry-After': '0' }]), 4)
  t.equal(await after([200, '<html>'], [429, 'x']), 3)
  for (const [code, headers, text, error] of [
    [
      404,
      { 'X-Error-Code': 'RepoNotFound' },
      '',
      { code: 'ERR_DATASET', message: /no such dataset at http.*set HF_TOKEN/ }
    ],
    [401, {}, '', { code: 'ERR_DATASET', message: /no such dataset/ }],
    [
      404,
      { 'X-Error-Code': 'RevisionNotFound' },
      '',
      {
        code: 'ERR_DATASET',
        message: /no such revision; its branches and tags are listed on http.*\/datasets\/o\/n\/tree\/main/
      }
    ],
    [404, { 'X-Error-Code': 'EntryNotFound' }, '', { code: 'ERR_DATASET', message: /no such file/ }],
    [
      403,
      { 'X-Error-Code': 'GatedRepo' },
      '',
      { code: 'ERR_HUB', message: /accept its terms on http.*\/datasets\/o\/n; then set HF_TOKEN/ }
    ],
    [
      403,
      {},
      '{"error":"Access to this\\n resource is disabled."}',
      { code: 'ERR_HUB', message: /refuses access \(403: Access to this\\n resource is disabled.\)/ }
    ],
    [403, { 'X-Error-Message': 'No.' }, '', { code: 'ERR_HUB', message: /refuses access \(403: No.\)/ }],
    [418, {}, '', { code: 'ERR_HUB', message: 'o/n: the Hub responds with 418' }]
  ] as const) {
    answers.splice(0, Infinity, [code, text, headers])
    asked = 0
    t.match(await failure(http.json('/x', 'o/n')), error)
    t.equal(asked, 1)
  }
  answers.splice(0, Infinity, [200, 'x', { 'Content-Encoding': 'gzip' }])
  t.match(await failure(http.json('/x', 'o/n')), {
    code: 'ERR_HUB', message: /sends the content-encoding gzip, which was not requested/
  })
  answers.splice(0, Infinity, ...Array.from({ length: 9 }, (): [number, string] => [503, 'x']))
  t.match(await failure(http.json('/x', 'o/n')), {
    code: 'ERR_HUB', message: /responds with 503, 4 times in a row; run again to resume, or raise --max-retries/
  })
  answers.splice(0, Infinity, [429, '', { 'Retry-After': '7200' }])
  t.match(await failure(http.json('/x', 'o/n')), { code: 'ERR_HUB', message: /asks to wait 7200 s/ })
  t.match(await failure(httpFor(t, endpoint, { offline: true }).json('/x', 'o/n')), {
    code: 'ERR_HUB', message: /HF_HUB_OFFLINE is set/
  })
})

t.test('with a token, refusals mention that there is one, and never its value', async t => {
  const endpoint = await serve(t, (request, response) => {
    const [, code = '', reason = ''] = request.url!.split('/')
    response.writeHead(Number(code), {
      ...(reason !== '' && { 'X-Error-Code': reason }),
      'X-Error-Message': `You said ${request.headers.authorization!}, see http://x/y?signature=${TOKEN}`
    }).end()
  })
  const http = httpFor(t, endpoint, { token: TOKEN })
  for (const [path, message] of [
    ['/403/GatedRepo', /use the account of the token in use/],
    ['/404/RepoNotFound', /check its name, and that the account of the token in use may read it/],
    ['/403', /refuses access \(403: You said Bearer …, see http:\/\/x\/y\): check that the token in use is valid/],
    ['/401', /refuses access \(401: .*\): check that the token in use is valid/],
    ['/418', /responds with 418: You said/]
  ] as const) {
    const error = await failure(http.json(path, 'o/n')) as Error
    t.match(error, { message }, path)
    t.notMatch(error.message + error.stack!, TOKEN)
  }
})

t.test('a 403 of another host counts as an expired address', async t => {
  const storage = await serve(t, (_request, response) => { response.writeHead(403).end('<Error/>') })
  const endpoint = await serve(t, (_request, response) => {
    response.writeHead(
      302, { Location: `${storage}/x?Signature=abc` }
    ).end()
  })
  const error = await failure(status(httpFor(t, endpoint), `${endpoint}/x`)) as Transient
  t.match(error, {
    constructor: Transient,
    isExpired: true,
    message: `${storage.slice(7)} responds with 403: the signed URL may have expired`
  })
})

t.test('a stalled answer is an error', async t => {
  const endpoint = await serve(t, (request, response) => {
    if (request.url === '/body') response.writeHead(200, { 'Content-Length': '10' }).write('{')
  })
  const http = httpFor(t, endpoint, { timeout: 60, maxRetries: 0 })
  t.match(await failure(http.json('/head', 'o/n')), {
    code: 'ERR_HUB', message: /^o\/n: no response within the timeout \(--timeout\); run again/
  })
  t.match(
    await failure(http.json('/body', 'o/n')),
    { code: 'ERR_HUB', message: /the response stalled for longer than the timeout/ }
  )
})

t.test('missing hosts and broken connections are errors', async t => {
  const breaking = createTcpServer(socket => { socket.destroy() }).listen(0, '127.0.0.1')
  await once(breaking, 'listening')
  t.teardown(() => { breaking.close() })
  const { port } = breaking.address() as { port: number }
  const none = createTcpServer().listen(0, '127.0.0.1')
  await once(none, 'listening')
  const free = (none.address() as { port: number }).port
  await new Promise(resolve => { none.close(resolve) })
  const json = async (endpoint: string): Promise<unknown> =>
    await failure(httpFor(t, endpoint, { maxRetries: 1 }).json('/x', 'o/n'))
  t.match(await json(`http://127.0.0.1:${port}`), {
    code: 'ERR_HUB', message: /the connection was closed, 2 times in a row/
  })
  t.match(await json(`http://127.0.0.1:${free}`), {
    code: 'ERR_HUB', message: /the connection was refused, 2 times in a row/
  })
  t.match(await json(`https://127.0.0.1:${port}`), { code: 'ERR_HUB' })
})

t.test('errors name the cause', async t => {
  const met = (properties: object, signal?: AbortSignal): unknown =>
    asTransient(Object.assign(new Error('words'), properties), 'o/n', signal)
  t.match(met({ code: 'ECONNRESET' }), { constructor: Transient, message: 'the connection was closed' })
  t.match(met({ code: 'ENOTFOUND' }), { constructor: Transient, message: 'the Hub can\'t be reached: words' })
  t.match(met({ cause: { code: 'UND_ERR_SOCKET' } }), { constructor: Transient })
  t.match(met({ code: 'EHOSTUNREACH' }), { constructor: Transient, message: 'the connection failed: words' })
  t.match(met({ code: 'EHOSTUNREACH', message: '' }), { message: 'the connection failed: EHOSTUNREACH' })
  for (const code of [
    'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID'
  ]) {
    t.match(met({ code }), { code: 'ERR_HUB', message: /the certificate.*NODE_EXTRA_CA_CERTS/ })
  }
  for (const code of ['ERR_INVALID_ARG_TYPE', 'UND_ERR_INVALID_ARG', 'UND_ERR_DESTROYED', 'other', undefined]) {
    t.notMatch(met({ code }), { constructor: Transient })
  }
  t.notMatch(met({ code: 'ECONNRESET' }, AbortSignal.abort()), { constructor: Transient })
  t.equal(asTransient(null, 'o/n', undefined), null)
})

t.test('a rate limit in one response holds for all requests of its kind', async t => {
  let at: Array<[string, number]> = []
  const endpoint = await serve(t, (request, response) => {
    at.push([request.url!, performance.now()])
    const headers = request.url === '/api/last'
      ? { RateLimit: '"api";r=0;t=1' }
      : request.url === '/api/long' ? { RateLimit: '"api";r=0;t=999999' } : {}
    response.writeHead(200, headers).end('{}')
  })
  const http = httpFor(t, endpoint)
  await http.json('/api/last', 'o/n')
  const began = performance.now()
  await Promise.all(
    [http.json('/api/x', 'o/n'), http.json('/files/x', 'o/n'), http.json('/api/resolve-cache/x', 'o/n')]
  )
  const waited = Object.fromEntries(at.slice(1).map(([path, time]) => [path, time - began]))
  t.ok(waited['/api/x']! > 900, `${waited['/api/x']} ms`)
  t.ok(waited['/files/x']! < 500 && waited['/api/resolve-cache/x']! < 500, 'files have a separate limit')
  await http.json('/api/long', 'o/n')
  at = []
  await http.json('/api/x', 'o/n')
  t.equal(at.length, 1, 'an implausible limit is ignored')
})

t.test('long pauses are reported once, and ended by a signal', async t => {
  const endpoint = await serve(t, (_request, response) => {
    response.writeHead(200, { RateLimit: '"api";r=0;t=60' })
      .end('{}')
  })
  const http = httpFor(t, endpoint)
  await http.json('/api/x', 'o/n')
  const told: string[] = []
  const controller = new AbortController()
  const waiting = ['a', 'b'].map(async what =>
    await failure(http.json('/api/x', what, { signal: controller.signal, tell: message => { told.push(message) } })))
  await new Promise(resolve => { setTimeout(resolve, 20) })
  controller.abort()
  t.match(await Promise.all(waiting), [{ name: 'AbortError' }, { name: 'AbortError' }])
  t.match(told, [/^a: 127.0.0.1:\d+ limits the rate of requests; waiting 60 s$/])
})

t.test('a signal ends a request in every state', async t => {
  const sockets = new Set<Socket>()
  const endpoint = await serve(t, (request, response) => {
    sockets.add(request.socket)
    request.socket.on('close', () => { sockets.delete(request.socket) })
    if (request.url === '/body') response.writeHead(200).write('{')
    if (request.url === '/error') response.writeHead(503).end()
    if (request.url === '/redirect') response.writeHead(302, { Location: '/head', 'Content-Length': '5' }).write('x')
  })
  const http = httpFor(t, endpoint, { retryDelay: 60_000 })
  for (const path of ['/head', '/body', '/error', '/redirect']) {
    const controller = new AbortController()
    const waiting = failure(http.json(path, 'o/n', { signal: controller.signal }))
    await new Promise(resolve => { setTimeout(resolve, 30) })
    controller.abort(new Error('stopped'))
    const error = await waiting as Error
    t.ok(error.message === 'stopped' || error.name === 'AbortError', `${path}: ${error.message}`)
  }
  await new Promise(resolve => { setTimeout(resolve, 20) })
  t.ok(sockets.size <= 1, 'no connection of an unread answer is left open')
  await http.close()
  await httpFor(t, endpoint).close()
})

t.test('an endless answer is refused', async t => {
  const endpoint = await serve(t, (_request, response) => {
    const piece = Buffer.alloc(1 << 20, ' ')
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
    }
    response.writeHead(200).on('drain', write)
    write()
  })
  t.match(await failure(httpFor(t, endpoint).json('/x', 'o/n')), {
    code: 'ERR_HUB', message: /^o\/n: the response of the Hub has more than 67108864 bytes/
  })
})
