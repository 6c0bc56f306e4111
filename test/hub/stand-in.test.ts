import { type Test, t } from '../tap.ts'
import { put, temporaryFolder } from '../helpers.ts'
import { ask, follow } from './ask.ts'
import { type Hub, startHub } from './stand-in.ts'
import type { HubOptions } from './types.ts'

const LINES = '{"text":"one"}\n{"text":"two"}\n'
const BYTES = Buffer.from(Array.from({ length: 3000 }, (_, i) => 65 + i % 26))

async function start (t: Test, options: Omit<HubOptions, 'repos'> = {}): Promise<Hub> {
  const hub = await startHub({
    repos: [
      {
        name: 'org/data',
        files: {
          'README.md': '---\nlicense: mit\nconfigs:\n- config_name: a\n---\nWords.',
          'data/train.jsonl': LINES,
          'data/deep/er/x.txt': 'x',
          'data/é x.txt': 'é',
          'big.bin': BYTES
        },
        refs: {
          'refs/convert/parquet': { 'a/train/0000.parquet': 'PAR1', 'a/partial-test/0000.parquet': 'PAR1' },
          'refs/tags/v1': { 'old.txt': 'old' },
          dev: { 'dev.txt': 'dev' }
        },
        formerly: ['old/data']
      },
      { name: 'solo', files: { 'a.txt': 'a' } },
      { name: 'org/private', private: true, files: { 'a.txt': 'a' } },
      { name: 'org/gated', gated: 'manual', files: { 'a.txt': 'a' } },
      { name: 'org/disabled', disabled: true, files: { 'a.txt': 'a' } }
    ],
    ...options
  })
  t.teardown(async () => { await hub.close() })
  return hub
}

async function json (address: string, options = {}): Promise<never> {
  return JSON.parse((await follow(address, options)).body.toString()) as never
}

t.test('repositories, listings, and files at commits are served', async t => {
  const hub = await start(t)
  const api = `${hub.endpoint}/api/datasets/org/data`
  t.match(await json(api), {
    id: 'org/data',
    sha: /^[0-9a-f]{40}$/,
    gated: false,
    cardData: { license: 'mit' },
    tags: ['license:mit', 'region:us']
  })
  t.match(
    await json(`${api}/revision/refs%2Fconvert%2Fparquet?blobs=true`),
    { siblings: [{ rfilename: 'a/partial-test/0000.parquet', size: 4, lfs: { sha256: /^[0-9a-f]{64}$/ } }, {}] }
  )
  t.match(await json(`${api}/revision/HEAD`), { sha: hub.commitOf('org/data') })
  t.same(Object.keys(await json(`${api}?expand=sha&expand=gated`)), ['_id', 'id', 'sha', 'gated'])
  t.same((await json(`${api}/tree/main`) as Array<{ path: string }>).map(({ path }) => path), [
    'data', 'README.md', 'big.bin'
  ])
  t.same(
    (await json(`${api}/tree/main/data?recursive=true`) as Array<{ path: string }>).map(({ path }) => path),
    ['data/deep', 'data/deep/er', 'data/deep/er/x.txt', 'data/train.jsonl', 'data/é x.txt']
  )
  t.match(await json(`${api}/tree/main?expand=true`), [{ lastCommit: {} }, { securityFileStatus: { status: 'safe' } }])
  const form = {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'paths=big.bin&paths=data&paths=nothing'
  }
  t.match(await json(`${api}/paths-info/main`, form), [
    { type: 'file', size: 3000, lfs: { size: 3000 } }, { type: 'directory', path: 'data' }
  ])
  t.match(await json(`${api}/paths-info/v1`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"paths":"old.txt","expand":true}'
  }), [{ path: 'old.txt', oid: '489ce0f857e7634a0eb9f328265a3e91fad49f61' }])
  t.match(await json(`${api}/refs`), {
    branches: [{ name: 'main' }, { name: 'dev', ref: 'refs/heads/dev' }],
    converts: [{ name: 'parquet' }],
    tags: [{ name: 'v1' }]
  })
  t.same((await json(`${api}/refs?include_prs=1`) as { pullRequests: [] }).pullRequests, [])
  const content = async (path: string): Promise<string> =>
    (await follow(`${hub.endpoint}/datasets/${path}`)).body.toString()
  t.equal(await content('org/data/resolve/dev/dev.txt'), 'dev')
  t.equal(await content(`org/data/resolve/${hub.commitOf('org/data', 'v1')}/old.txt`), 'old')
  t.equal(await content('org/data/resolve/refs/tags/v1/old.txt'), 'old')
  t.equal(await content(`org/data/resolve/main/data/${encodeURIComponent('é x.txt')}`), 'é')
  t.equal(await content('solo/resolve/main/a.txt'), 'a')
  t.match(await json(`${hub.endpoint}/api/datasets/solo/tree/main`), [{ path: 'a.txt' }])
})

t.test('listings are served in pages', async t => {
  const hub = await start(t, { pageSize: 3 })
  let address: string | undefined = `${hub.endpoint}/api/datasets/org/data/tree/main?recursive=true`
  const pages: string[][] = []
  while (address !== undefined) {
    const { headers, body } = await ask(address)
    pages.push((JSON.parse(body.toString()) as Array<{ path: string }>).map(({ path }) => path))
    address = /^<(.*)>; rel="next"$/.exec(String(headers.link))?.[1]
  }
  t.same(pages, [
    ['data', 'data/deep', 'data/deep/er'], ['README.md', 'big.bin', 'data/deep/er/x.txt'],
    ['data/train.jsonl', 'data/é x.txt']
  ])
  t.equal((await json(`${hub.endpoint}/api/datasets/org/data/tree/main?limit=2`) as []).length, 2)
})

t.test('the conversion to parquet and the dataset viewer are served', async t => {
  const hub = await start(t)
  const api = `${hub.endpoint}/api/datasets/org/data/parquet`
  t.same(await json(api), { a: { test: [`${api}/a/test/0.parquet`], train: [`${api}/a/train/0.parquet`] } })
  t.same(await json(`${api}/a/train`), [`${api}/a/train/0.parquet`])
  t.equal((await follow(`${api}/a/train/0.parquet`)).body.toString(), 'PAR1')
  t.equal((await ask(`${api}/a/train/9.parquet`)).status, 404)
  t.equal((await ask(`${api}/b`)).status, 404)
  t.equal((await ask(`${hub.endpoint}/api/datasets/solo/parquet`)).status, 404)
  const viewer = { headers: { Host: 'datasets-server.localhost' } }
  t.match(await json(`${hub.endpoint}/parquet?dataset=org/data`, viewer), {
    partial: true, parquet_files: [{ config: 'a', split: 'test', size: 4 }, {}]
  })
  t.equal((await ask(`${hub.endpoint}/parquet?dataset=solo`, viewer)).status, 500)
  t.equal((await ask(`${hub.endpoint}/info?dataset=solo`, viewer)).status, 404)
})

t.test('private and gated repositories need a token', async t => {
  const hub = await start(t, { token: 'hf_good', stranger: 'hf_other' })
  const asked = async (path: string, token?: string): Promise<[number, unknown]> => {
    const { status, headers } = await follow(hub.endpoint + path, token === undefined
      ? {}
      : { headers: { Authorization: `Bearer ${token}` } })
    return [status, headers['x-error-code']]
  }
  t.same(await asked('/api/datasets/org/private'), [401, 'RepoNotFound'])
  t.same(await asked('/api/datasets/org/private', 'hf_other'), [404, 'RepoNotFound'])
  t.same(await asked('/api/datasets/org/private', 'hf_good'), [200, undefined])
  t.same(await asked('/api/datasets/org/none', 'hf_good'), [404, 'RepoNotFound'])
  t.same(await asked('/api/datasets/org/gated/tree/main'), [200, undefined])
  t.same(await asked('/datasets/org/gated/resolve/main/a.txt'), [401, 'GatedRepo'])
  t.same(await asked('/datasets/org/gated/resolve/main/a.txt', 'hf_other'), [403, 'GatedRepo'])
  t.same(await asked('/datasets/org/gated/resolve/main/a.txt', 'hf_good'), [200, undefined])
  t.same(await asked('/api/datasets/solo', 'hf_wrong'), [401, undefined])
  t.same(await asked('/api/datasets/org/disabled'), [403, undefined])
  t.same(await asked('/api/datasets/org/data/revision/none'), [404, 'RevisionNotFound'])
  t.same(await asked('/api/datasets/org/data/tree/main/none'), [404, 'EntryNotFound'])
  t.same(await asked('/datasets/org/data/resolve/main/none'), [404, 'EntryNotFound'])
  t.same(await asked('/datasets/org/data/resolve/main/%E0%A4%A'), [404, 'EntryNotFound'])
  t.same(await asked('/api/datasets/org/data/other/thing'), [404, undefined])
  t.same(await asked('/api/datasets/org/data/paths-info/main'), [405, undefined])
  t.same(await asked('/elsewhere'), [404, undefined])
  t.equal((await ask(`${hub.endpoint}/api/datasets/solo`, { method: 'POST', body: '{}' })).status, 405)
  t.same(await asked('/stand-in/leaks'), [404, undefined])
  t.same(await asked('/api/whoami-v2'), [401, undefined])
  t.match(
    await json(`${hub.endpoint}/api/whoami-v2`, { headers: { Authorization: 'Bearer hf_good' } }), { name: 'owner' }
  )
  const { headers: { location } } = await ask(
    `${hub.endpoint}/datasets/org/data/resolve/main/big.bin`, { headers: { Authorization: 'Bearer hf_good' } }
  )
  t.same(hub.leaks, [])
  t.equal((await ask(location!, { headers: { Authorization: 'Bearer hf_good' } })).status, 400)
  t.equal((await ask(`${location!}&token=hf_good`)).status, 400)
  t.equal(hub.leaks.length, 2)
})

t.test('redirects, conditions and ranges are answered', async t => {
  const hub = await start(t)
  const file = `${hub.endpoint}/datasets/org/data/resolve/main/big.bin`
  const head = await ask(file, { method: 'HEAD' })
  t.match(head, {
    status: 302,
    headers: {
      'x-repo-commit': hub.commitOf('org/data'),
      'x-linked-size': '3000',
      'x-linked-etag': /^"[0-9a-f]{64}"$/,
      ratelimit: /"resolvers";r=\d+;t=300/
    }
  })
  t.ok(head.headers.location!.startsWith(hub.cdn))
  const small = await ask(`${hub.endpoint}/datasets/org/data/resolve/main/data/train.jsonl`)
  t.match(small, {
    status: 307, headers: { location: /^\/api\/resolve-cache\/datasets\/org\/data\/[0-9a-f]{40}\/data\/train.jsonl\?/ }
  })
  const renamed = await ask(`${hub.endpoint}/datasets/old/data/resolve/main/big.bin`)
  t.match(renamed, { status: 307, headers: { location: '/datasets/org/data/resolve/main/big.bin' } })
  const whole = await follow(file)
  t.match(whole, {
    status: 200, headers: { 'content-length': '3000', 'accept-ranges': 'bytes', etag: /^"[0-9a-f]{32}"$/ }, body: BYTES
  })
  const range = async (Range: string, more = {}) => await follow(file, { headers: { Range, ...more } })
  t.match(await range('bytes=10-19'), {
    status: 206, headers: { 'content-range': 'bytes 10-19/3000' }, body: BYTES.subarray(10, 20)
  })
  t.same((await range('bytes=2990-')).body, BYTES.subarray(2990))
  t.same((await range('bytes=-5')).body, BYTES.subarray(2995))
  t.same((await range('bytes=2999-9999')).body.length, 1)
  t.match(await range('bytes=3000-'), { status: 416, headers: { 'content-range': 'bytes */3000' } })
  t.equal((await range('bytes=-0')).status, 416)
  t.equal((await range('bytes=-')).status, 200)
  t.equal((await range('bytes=1-2,4-5')).status, 200)
  t.equal((await range('bytes=5-2')).status, 200)
  t.equal((await range('bytes=1-2', { 'If-Range': whole.headers.etag })).status, 206)
  t.equal((await range('bytes=1-2', { 'If-Range': '"other"' })).status, 200)
  t.equal((await range('bytes=1-2', { 'If-Match': '"other"' })).status, 412)
  t.equal((await range('bytes=1-2', { 'If-Match': whole.headers.etag })).status, 206)
  t.equal((await follow(file, { headers: { 'If-None-Match': whole.headers.etag! } })).status, 304)
  const asked = hub.requests.at(-1)!
  t.match(asked, { host: 'cdn', kind: 'file', repo: 'org/data', file: 'big.bin', status: 304, bytes: 0, ended: true })
  t.match(hub.requests.filter(({ range }) => range === 'bytes=10-19'), [
    { host: 'hub', status: 302 }, { host: 'cdn', status: 206, bytes: 10 }
  ])
})

t.test('text is gzipped for clients that accept it; a local file is streamed', async t => {
  const localPath = put(temporaryFolder(t), 'local.ndjson', LINES.repeat(9000))
  const text = LINES.repeat(100)
  const hub = await startHub({
    repos: [
      { name: 'a/b', files: { 'x.jsonl': text, 'local.ndjson': { localPath }, 'c.bin': { base64: 'AAEC' } } },
      { name: 'a/c', lfs: 'all', files: { 'x.txt': 'x' } },
      { name: 'a/d', lfs: ['y.txt'], files: { 'x.parquet': 'x', 'y.txt': 'y' } },
      { name: 'a/e', lfs: 'none', files: { 'x.parquet': 'x' } }
    ]
  })
  t.teardown(async () => { await hub.close() })
  const gzipped = await follow(
    `${hub.endpoint}/datasets/a/b/resolve/main/x.jsonl`, { headers: { 'Accept-Encoding': 'gzip' } }
  )
  t.match(gzipped.headers, { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked', etag: /^W\// })
  t.ok(gzipped.body.length < text.length)
  t.equal((await follow(`${hub.endpoint}/datasets/a/b/resolve/main/x.jsonl`)).body.toString(), text)
  const local = `${hub.endpoint}/datasets/a/b/resolve/main/local.ndjson`
  t.equal((await follow(local)).body.toString(), LINES.repeat(9000))
  t.equal((await follow(local, { headers: { Range: 'bytes=15-29' } })).body.toString(), '{"text":"two"}\n')
  t.same((await follow(`${hub.endpoint}/datasets/a/b/resolve/main/c.bin`)).body, Buffer.of(0, 1, 2))
  const statuses = await Promise.all([
    'a/c/resolve/main/x.txt', 'a/d/resolve/main/x.parquet', 'a/d/resolve/main/y.txt', 'a/e/resolve/main/x.parquet'
  ].map(async path => (await ask(`${hub.endpoint}/datasets/${path}`)).status))
  t.same(statuses, [302, 307, 302, 307])
})

t.test('commits can be added while the Hub runs', async t => {
  const hub = await start(t)
  const before = hub.commitOf('org/data')
  const after = await hub.commit('org/data', { 'data/train.jsonl': 'other\n', 'big.bin': null })
  t.not(after, before)
  t.equal(hub.commitOf('org/data'), after)
  t.equal((await follow(`${hub.endpoint}/datasets/org/data/resolve/main/data/train.jsonl`)).body.toString(), 'other\n')
  t.equal((await follow(`${hub.endpoint}/datasets/org/data/resolve/${before}/data/train.jsonl`)).body.toString(), LINES)
  t.equal((await ask(`${hub.endpoint}/datasets/org/data/resolve/main/big.bin`)).status, 404)
  await hub.commit('org/data', { 'a.txt': 'a' }, 'new')
  t.same((await json(`${hub.endpoint}/api/datasets/org/data/tree/new`) as []).length, 1)
  t.throws(() => hub.commitOf('org/data', 'none'), /has no none/)
  t.rejects(hub.commit('org/none', {}), /has no repository/)
  await hub.commit('org/data', { 'README.md': '---\n{\n---\n' })
  t.notOk('cardData' in await json(`${hub.endpoint}/api/datasets/org/data`))
})
