import { t } from '../../tap.ts'
import { Hub, closeHubs, theHub } from '../../../lib/hub/hub.ts'
import { failure } from '../../helpers.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import { httpFor, serve, start, startForAll } from './hosts.ts'

const REPOS = [
  {
    name: 'o/n',
    files: {
      ...Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`data/${i}.txt`, `${i}`])),
      'big.parquet': 'PAR1',
      'é x.txt': 'é'
    },
    refs: { 'refs/tags/v1': { 'old.txt': 'old' }, 'refs/convert/parquet': { 'a/train/0000.parquet': 'PAR1' } },
    formerly: ['o/old']
  },
  { name: 'o/private', private: true, files: { 'a.txt': 'a' } },
  { name: 'solo', files: { 'a.txt': 'a' } }
]

t.teardown(setHubEnvironment({}))

t.test('revisions are resolved to commits', async t => {
  const { standIn, hub } = await start(t, { repos: REPOS })
  for (const revision of ['main', 'v1', 'refs/convert/parquet']) {
    t.equal(await hub.commitOf('o/n', revision), standIn.commitOf('o/n', revision === 'v1' ? 'refs/tags/v1' : revision))
  }
  const commit = standIn.commitOf('o/n')
  t.equal(await hub.commitOf('o/n', commit), commit, 'a commit needs no request')
  await Promise.all([hub.commitOf('o/n', 'main'), hub.commitOf('o/old', 'main'), hub.commitOf('o/old', 'main')])
  t.equal(standIn.requests.length, 5, 'other revisions need one; an old name leads to the new one')
  t.equal(await hub.commitOf('solo', 'main'), standIn.commitOf('solo'))
  t.same(await Promise.all(['v1', 'v2'].map(async revision => await hub.hasRevision('o/n', revision))), [true, false])
  t.match(await failure(hub.commitOf('o/n', 'none')), {
    code: 'ERR_DATASET', message: /^o\/n@none: there is no such revision/
  })
  t.match(await failure(hub.commitOf('o/none', 'main')), { code: 'ERR_DATASET' })
  t.match(await failure(hub.commitOf('o/private', 'main')), { code: 'ERR_DATASET' })
  standIn.misbehave({ fault: { kind: 'status', status: 500 }, times: 99 })
  t.match(await failure(hub.hasRevision('o/n', 'other')), { code: 'ERR_HUB' })
  standIn.misbehave([])
  t.equal(await hub.hasRevision('o/n', 'other'), false, 'a failed request is repeated')
})

t.test('listings come in pages, and each page is requested once', async t => {
  const { standIn, hub } = await start(t, { repos: REPOS, pageSize: 2 })
  const commit = await hub.commitOf('o/n', 'main')
  const [files, again] = await Promise.all([hub.files('o/n', commit), hub.files('o/n', commit)])
  t.equal(files, again)
  t.same(
    files.map(({ path }) => path),
    ['big.parquet', ...Array.from({ length: 7 }, (_, i) => `data/${i}.txt`), 'é x.txt']
  )
  t.match((await hub.files('o/n', commit))[0], {
    path: 'big.parquet', size: 4, oid: /^[0-9a-f]{40}$/, sha256: /^[0-9a-f]{64}$/
  })
  t.match((await hub.files('o/n', commit))[1], { sha256: null })
  const { standIn: small, hub: other } = await start(t, { repos: REPOS })
  t.equal((await other.files('o/old', small.commitOf('o/n'))).length, 9)
  t.ok(standIn.requests.length > 1)
})

/** A Hub with these pages; `SELF` is its address. */
async function pages (
  t: Parameters<typeof serve>[0],
  ...given: Array<{ readonly link?: string, readonly body?: unknown }>
): Promise<Hub> {
  let at = 0
  const endpoint: string = await serve(t, (_request, response) => {
    const { link, body = [] } = given[Math.min(at++, given.length - 1)]!
    response.writeHead(200, link === undefined ? {} : { Link: link.replace('SELF', endpoint) })
      .end(JSON.stringify(body))
  })
  return new Hub(httpFor(t, endpoint))
}

t.test('listings that lead elsewhere, loop, or are invalid are refused', async t => {
  const commit = 'a'.repeat(40)
  const entry = { type: 'file', path: 'a', size: 1, oid: 'x' }
  t.match(
    await failure((await pages(t, { link: '<https://elsewhere.example/x>; rel="next"' })).files('o/n', commit)),
    { code: 'ERR_HUB', message: /links to https:\/\/elsewhere.example for the next page/ }
  )
  t.match(await failure((await pages(t, { link: '<SELF/x>; rel="next"' })).files('o/n', commit)), {
    code: 'ERR_HUB', message: /its listing repeats a page/
  })
  t.same((await (await pages(
    t, { link: '<SELF/first>; rel="first", </api/x>; rel="next"', body: [entry] },
    { link: '<SELF/p>; rel="prev"', body: [{ ...entry, path: 'b' }, { ...entry, type: 'directory' }] }
  )).files('o/n', commit)).map(({ path }) => path), ['a', 'b'])
  t.match(await failure((await pages(t, { body: [{ type: 'file' }] })).files('o/n', commit)), {
    code: 'ERR_HUB',
    message: /the response differs from the Hub's documented API \(0.path: .*is HF_ENDPOINT the address of a hub\?/
  })
  t.match(await failure((await pages(t, { body: { sha: 'x' } })).commitOf('o/n', 'main')), {
    code: 'ERR_HUB', message: /\(sha: /
  })
  t.same((await (await pages(t, { link: '<SELF/p>; rel="next"', body: [entry, entry] }, { body: [entry] })).files(
    'o/n', commit
  )).length, 1, 'a file that is listed twice counts once')
  t.match(
    (await (await pages(t, { body: [{ ...entry, lfs: { oid: 'short', size: 7 } }] })).files('o/n', commit)),
    [{ size: 7, sha256: null }]
  )
})

t.test('path segments that would lead elsewhere are not requested', async t => {
  const { standIn, hub } = await start(t, { repos: REPOS })
  for (const revision of ['..', '../../x', 'a/..', 'a..b', '', 'x\n', 'a\\b', 'x/']) {
    t.match(await failure(hub.commitOf('o/n', revision)), {
      code: 'ERR_DATASET', message: /can't be a revision; expected a branch, a tag or a commit/
    }, revision)
  }
  for (const name of ['..%2F..%2Fapi/x', '%2E%2E/x', 'main/../x', 'main/a%0A/../b']) {
    t.match(await failure(hub.remoteFile(`hf://datasets/o/n@${name}`)), { code: 'ERR_FILES' }, name)
  }
  t.equal(standIn.requests.length, 0)
})

t.test('file names are looked up in groups and cached', async t => {
  const { standIn, hub } = await start(t, { repos: REPOS })
  const [commit, old] = [standIn.commitOf('o/n'), standIn.commitOf('o/n', 'refs/tags/v1')]
  const names = ['data/1.txt', 'é x.txt', 'data/0.txt'].map(path => `hf://datasets/o/n@${commit}/${path}`)
  const found = await hub.remoteFiles([names[0]!, `hf://datasets/o/n@${old}/old.txt`, names[1]!, names[2]!])
  t.match(found.map(({ path, revision }) => [path, revision]), [
    ['data/1.txt', commit], ['old.txt', old], ['é x.txt', commit], ['data/0.txt', commit]
  ])
  t.equal(standIn.requests.length, 3)
  t.match(await hub.remoteFile(names[1]!), { name: names[1], size: 2 })
  t.equal(standIn.requests.length, 3)
  t.match(await failure(hub.remoteFile(`hf://datasets/o/n@${commit}/data`)), {
    code: 'ERR_DATASET', message: /has no file data; its files are listed on http:.*\/datasets\/o\/n\/tree\//
  })
  t.match(await failure(hub.remoteFile('hf://datasets/o')), { code: 'ERR_FILES' })
  const many = Array.from({ length: 450 }, (_, i) => `hf://datasets/o/many@${'b'.repeat(40)}/${i}.txt`)
  t.match(await failure(hub.remoteFiles(many)), { code: 'ERR_DATASET' })
  const many2 = await start(
    t, { repos: [{ name: 'o/many', files: Object.fromEntries(many.map((_, i) => [`${i}.txt`, ''] as const)) }] }
  )
  const at = many2.standIn.commitOf('o/many')
  t.equal((await many2.hub.remoteFiles(many.map(name => name.replace('b'.repeat(40), at)))).length, 450)
  t.equal(many2.standIn.requests.length, 3, '200 at a time')
})

t.test('an aborted caller doesn\'t abort the others', async t => {
  const { standIn, hub } = await start(t, { repos: REPOS })
  standIn.misbehave({ fault: { kind: 'delay', ms: null } })
  const controller = new AbortController()
  const first = failure(hub.commitOf('o/n', 'main', { signal: controller.signal }))
  const second = hub.commitOf('o/n', 'main', { signal: new AbortController().signal })
  const third = hub.commitOf('o/n', 'main')
  await new Promise(resolve => { setTimeout(resolve, 30) })
  controller.abort(new Error('stopped'))
  t.match(await first, { message: 'stopped' })
  t.same(await Promise.all([second, third]), [standIn.commitOf('o/n'), standIn.commitOf('o/n')])
  standIn.misbehave({ fault: { kind: 'delay', ms: null } })
  const [a, b] = [new AbortController(), new AbortController()]
  const both = [a, b].map(async ({ signal }) => await failure(hub.commitOf('solo', 'main', { signal })))
  await new Promise(resolve => { setTimeout(resolve, 30) })
  b.abort(new Error('b'))
  a.abort(new Error('a'))
  t.match(await Promise.all(both), [{ message: 'a' }, { message: 'b' }])
})

t.test('connections are shared by callers with the same options, and commits are cached for all', async t => {
  const standIn = await startForAll(t, { repos: REPOS })
  const hub = await theHub()
  t.equal((await theHub({ maxRetries: 20 })).http, hub.http)
  const patient = await theHub({ maxRetries: 3 })
  t.not(patient.http, hub.http)
  const commit = await hub.commitOf('o/n', 'main')
  t.equal(await patient.files('o/n', commit), await hub.files('o/n', commit))
  const next = await standIn.commit('o/n', { 'next.txt': 'next' })
  t.equal(await hub.commitOf('o/n', 'main'), commit, 'a branch stays at its commit for this client')
  t.equal(await (await theHub()).commitOf('o/n', 'main'), next, 'and is looked up again by another client')
  await closeHubs()
  t.not((await theHub()).http, hub.http)
  t.match(await failure(hub.commitOf('o/n', 'v1')), { message: /./ })
})
