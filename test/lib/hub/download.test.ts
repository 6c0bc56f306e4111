import { createHash } from 'node:crypto'
import { type Test, t } from '../../tap.ts'
import { type DownloadOptions, download } from '../../../lib/hub/download.ts'
import { Hub, type RemoteFile } from '../../../lib/hub/hub.ts'
import type { HubSettings } from '../../../lib/hub/settings.ts'
import { failure } from '../../helpers.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import type { Hub as StandIn } from '../../hub/stand-in.ts'
import type { Fault, HubOptions } from '../../hub/types.ts'
import { httpFor, serve, start } from './hosts.ts'

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + i / 251) & 0xff))

t.teardown(setHubEnvironment({}))

interface Started {
  readonly standIn: StandIn
  readonly hub: Hub
  readonly file: (path: string) => Promise<RemoteFile>
  readonly bytes: (path: string, options?: DownloadOptions) => Promise<Buffer>
}

const REPOS: HubOptions['repos'] = [
  { name: 'o/n', files: { 'big.bin': BYTES, 'small.bin.txt': BYTES, empty: '', 'empty.bin': '' }, formerly: ['o/old'] },
  { name: 'o/private', private: true, files: { 'a.txt': 'a' } },
  { name: 'o/gated', gated: 'manual', files: { 'a.txt': 'a' } }
]

async function begin (
  t: Test,
  settings: Partial<HubSettings> = {},
  options: Partial<HubOptions> = {}
): Promise<Started> {
  const { standIn, hub } = await start(t, { repos: REPOS, ...options }, settings)
  const file = async (path: string): Promise<RemoteFile> =>
    await hub.remoteFile(`hf://datasets/o/n@${standIn.commitOf('o/n')}/${path}`)
  return {
    standIn,
    hub,
    file,
    async bytes (path, options) {
      return await joined(download(hub, await file(path), options))
    }
  }
}

async function joined (chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

t.test('whole files and ranges of files are downloaded', async t => {
  const { standIn, bytes } = await begin(t)
  for (const path of ['big.bin', 'small.bin.txt']) {
    t.ok((await bytes(path)).equals(BYTES))
    t.ok((await bytes(path, { start: 299_990 })).equals(BYTES.subarray(299_990)))
    t.ok((await bytes(path, { start: 5, end: 9 })).equals(BYTES.subarray(5, 9)))
    t.equal((await bytes(path, { start: 7, end: 7 })).length, 0)
  }
  t.equal((await bytes('empty')).length, 0)
  t.equal((await bytes('empty.bin')).length, 0)
  const files = standIn.requests.filter(({ kind }) => kind === 'file')
  t.same(files.map(({ range }) => range), [
    null, 'bytes=299990-299999', 'bytes=5-8', null, 'bytes=299990-299999', 'bytes=5-8'
  ])
  t.equal(
    standIn.requests.filter(({ kind, file }) => kind === 'resolve' && file === 'big.bin').length, 1,
    'the address is kept'
  )
})

t.test('a connection is reused for the next range', async t => {
  const { standIn, bytes } = await begin(t)
  for (let i = 0; i < 5; i++) await bytes('big.bin', { start: i * 10, end: i * 10 + 10 })
  const requests = standIn.requests.filter(({ kind }) => kind === 'file')
  t.equal(requests.length, 5)
  t.ok(requests.every(({ ended }) => ended))
})

const FILE = { kind: 'file' } as const

t.test('a broken download is resumed at its byte, with If-Range', async t => {
  for (const path of ['big.bin', 'small.bin.txt']) {
    const { standIn, bytes } = await begin(t)
    standIn.misbehave([
      { fault: { kind: 'break', after: 70_000 }, on: FILE }, { fault: { kind: 'break', after: 30_000 }, on: FILE }
    ])
    t.ok((await bytes(path)).equals(BYTES), path)
    const asked = standIn.requests.filter(({ kind }) => kind === 'file')
    t.match(asked.map(({ range }) => range), [null, 'bytes=70000-299999', 'bytes=100000-299999'])
    t.match(asked.map(({ headers }) => headers['if-range']), [undefined, /^"[0-9a-f]+"$/, /^"[0-9a-f]+"$/])
  }
})

t.test('transient faults are retried', async t => {
  const faults: Fault[] = [
    { kind: 'stall', after: 100_000 }, { kind: 'short', by: 9, framing: 'length' }, {
      kind: 'short', by: 9, framing: 'chunked'
    },
    { kind: 'short', by: 9, framing: 'declared' }, { kind: 'long', by: 9 }, { kind: 'whole' }, {
      kind: 'status', status: 503
    },
    { kind: 'refuse', ms: 10 }, { kind: 'delay', ms: null }
  ]
  const { standIn, bytes } = await begin(t, { timeout: 100, maxRetries: 9 })
  for (const fault of faults) {
    for (const [start, end] of [[0, 300_000], [1000, 200_000]] as const) {
      standIn.misbehave({ fault, on: FILE, times: fault.kind === 'stall' || fault.kind === 'delay' ? 1 : 2 })
      t.ok((await bytes('big.bin', { start, end })).equals(BYTES.subarray(start, end)),
        `${JSON.stringify(fault)} ${start}`)
    }
  }
  standIn.misbehave({ fault: { kind: 'loop' } })
  t.ok((await bytes('small.bin.txt')).equals(BYTES))
})

t.test('if the server sends the whole file in place of a range, the rest is not read', async t => {
  const { standIn, bytes } = await begin(t)
  await bytes('big.bin', { end: 10 })
  standIn.misbehave({ fault: { kind: 'whole' } })
  t.ok((await bytes('big.bin', { start: 10, end: 20 })).equals(BYTES.subarray(10, 20)))
})

t.test('expired addresses are requested again at once', async t => {
  const { standIn, bytes } = await begin(t, { retryDelay: 60_000 })
  await bytes('big.bin', { end: 10 })
  standIn.misbehave({ fault: { kind: 'expired' } })
  t.ok((await bytes('big.bin', { start: 10, end: 20 })).equals(BYTES.subarray(10, 20)))
  t.equal(standIn.requests.filter(({ kind }) => kind === 'resolve').length, 2)
  const quick = await begin(t, { maxRetries: 2 }, { signatureMs: -1 })
  t.match(await failure(quick.bytes('big.bin')), {
    code: 'ERR_HUB', message: /responds with 403: the signed URL may have expired, 3 times in a row/
  })
})

t.test('a file that changes during the download is an error', async t => {
  for (const path of ['big.bin', 'small.bin.txt']) {
    const { standIn, bytes } = await begin(t)
    await bytes(path, { end: 10 })
    standIn.misbehave({ fault: { kind: 'changed' } })
    t.match(await failure(bytes(path, { start: 10, end: 20 })), {
      code: 'ERR_SOURCE',
      message: /: the file changed while it was read: its ETag was ".*", and is ".*"; start over with --restart$/
    })
    const other = await begin(t)
    other.standIn.misbehave({ fault: { kind: 'changed' } })
    t.match(await failure(other.bytes(path)), {
      code: 'ERR_SOURCE', message: /its bytes have the hash [0-9a-f]+, expected [0-9a-f]+ by its listing; run again/
    })
  }
})

t.test('the Hub\'s headers of a file are compared with its listing', async t => {
  const { hub, file } = await begin(t)
  const big = await file('big.bin')
  const small = await file('small.bin.txt')
  const wrong = async (from: RemoteFile, changed: Partial<RemoteFile>, options?: DownloadOptions): Promise<unknown> =>
    await failure(joined(download(hub, { ...from, name: JSON.stringify(changed), ...changed }, options)))
  t.match(await wrong(big, { sha256: 'f'.repeat(64) }), {
    code: 'ERR_SOURCE', message: /its SHA-256 is [0-9a-f]{64}, expected f+ by its listing/
  })
  t.match(await wrong(big, { size: 299_999 }), {
    code: 'ERR_SOURCE', message: /it has 300000 bytes, expected 299999 by its listing/
  })
  t.match(await wrong(small, { oid: 'f'.repeat(40) }), { code: 'ERR_SOURCE', message: /its bytes have the hash/ })
  t.match(await wrong(big, { path: 'none.bin' }), { code: 'ERR_DATASET', message: /there is no such file/ })
  t.match(await wrong(big, { revision: 'f'.repeat(40) }), { code: 'ERR_DATASET', message: /there is no such revision/ })
  t.match(await wrong(big, { revision: 'main' }), { code: 'ERR_SOURCE', message: /it is now at commit/ })
  t.equal(
    (await joined(download(hub, { ...big, oid: 'unknown', sha256: null }))).length, BYTES.length,
    'a file without a hash'
  )
  t.equal(createHash('sha1').update(`blob ${BYTES.length}\0`).update(BYTES).digest('hex'), small.oid)
})

t.test('renamed datasets are followed', async t => {
  const { standIn, hub } = await begin(t)
  const name = `hf://datasets/o/old@${standIn.commitOf('o/n')}/big.bin`
  t.ok((await joined(download(hub, await hub.remoteFile(name)))).equals(BYTES))
})

t.test('a download without permission is refused with a hint', async t => {
  const { standIn, hub } = await begin(t, {}, { token: 'hf_good', stranger: 'hf_other' })
  const read = async (hub: Hub, repo: string): Promise<Buffer> => await joined(download(hub, {
    dataset: repo, revision: standIn.commitOf(repo), path: 'a.txt', name: repo, size: 1, oid: '', sha256: null
  }))
  const withToken = async (token: string): Promise<Hub> => {
    const { HubHttp } = await import('../../../lib/hub/http.ts')
    const http = new HubHttp({ ...hub.http.settings, token })
    t.teardown(async () => { await http.close() })
    return new Hub(http)
  }
  t.match(await failure(read(hub, 'o/gated')), {
    code: 'ERR_HUB', message: /^o\/gated@.*accept its terms on http.*\/datasets\/o\/gated; then set HF_TOKEN/
  })
  t.match(await failure(read(await withToken('hf_other'), 'o/gated')), {
    code: 'ERR_HUB', message: /\/datasets\/o\/gated; use the account of the token in use/
  })
  t.match(await failure(read(hub, 'o/private')), { code: 'ERR_DATASET', message: /or it is private: set HF_TOKEN/ })
  t.match(await failure(read(await withToken('hf_wrong'), 'o/private')), {
    code: 'ERR_HUB',
    message: /refuses access \(401.*check that the token in use is valid, and that its account may read it/
  })
  t.equal(String(await read(await withToken('hf_good'), 'o/private')), 'a')
  t.equal(String(await read(await withToken('hf_good'), 'o/gated')), 'a')
})

t.test('invalid answers of a server are errors', async t => {
  let answers: Array<[status: number, headers: Record<string, string>]> = []
  let asked: Array<Record<string, unknown>> = []
  const endpoint = await serve(t, (request, response) => {
    asked.push(request.headers)
    const [status, headers] = answers.length > 1 ? answers.shift()! : answers[0]!
    response.writeHead(status, headers).end(status === 204 ? '' : 'x'.repeat(10))
  })
  let files = 0
  const read = async (part: DownloadOptions, ...given: typeof answers): Promise<string> => {
    answers = given
    asked = []
    const file = {
      dataset: 'o/n', revision: 'a'.repeat(40), path: 'x', name: `file ${files++}`, size: 20, oid: '', sha256: null
    }
    return String(await joined(download(new Hub(httpFor(t, endpoint, { maxRetries: 2 })), file, part)))
  }
  const part = { start: 5, end: 15 }
  const good: [number, Record<string, string>] = [206, { 'Content-Range': 'bytes 5-14/20' }]
  t.equal(await read(part, good), 'x'.repeat(10))
  t.equal(await read(part, [206, { 'Content-Range': 'bytes 5-14/*' }]), 'x'.repeat(10))
  t.equal(await read(part, [204, {}], [206, {}], good), 'x'.repeat(10))
  t.equal(await read(part, [204, {}], [200, { 'Content-Length': '10' }], good), 'x'.repeat(10))
  t.match(await failure(read(part, [204, {}])), { code: 'ERR_HUB', message: /responds with 204, 3 times in a row/ })
  t.match(await failure(read(part, [206, { 'Content-Range': 'bytes 6-15/20' }])), {
    code: 'ERR_HUB', message: /another range than requested/
  })
  t.match(await failure(read(part, [206, { 'Content-Range': 'bytes 5-14/21' }])), {
    code: 'ERR_SOURCE', message: /it has 21 bytes, expected 20 by its listing/
  })
  t.match(await failure(read(part, [416, {}])), { code: 'ERR_SOURCE', message: /it has fewer than 5 bytes/ })
  const half: [number, Record<string, string>] = [206, { 'Content-Range': 'bytes 0-9/20', ETag: 'W/"a"' }]
  t.equal(
    await read({ start: 0, end: 19 }, half, [206, { 'Content-Range': 'bytes 10-18/20', ETag: '"a"' }]), 'x'.repeat(19),
    'a weak ETag is the same file'
  )
  t.notOk('if-range' in asked[1]!, 'and is not sent in If-Range')
})
