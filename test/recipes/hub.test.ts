/** Raw pulls of datasets on a stand-in Hub. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import type { Document } from '../../lib/document.ts'
import { sha256 } from '../../lib/hash.ts'
import { closeHubs } from '../../lib/hub/hub.ts'
import type { Flow } from '../../recipes/flow/flow.ts'
import type { StoredProvenance } from '../../recipes/provenance/schema.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { command } from '../commands.ts'
import { ROOT, filesIn, folderInMemory, ndjsonOf, temporaryFolder } from '../helpers.ts'
import { stoppedAt } from '../resuming.ts'
import { t } from '../tap.ts'
import { CODE, codeOf, hubFor, partsOf, pulledIn, requestsOf, tables } from './hub-datasets.ts'

const provenanceIn = (folder: string, name: string): StoredProvenance => (JSON.parse(readFileSync(join(
  folder, 'provenance.json'
), 'utf8')) as { pulls: Record<string, StoredProvenance> }).pulls[name]!
const documentsOf = (content: string): Document[] =>
  content.split('\n').slice(0, -1).map(line => JSON.parse(line) as Document)
const expected = (file: string, count: number): Document[] =>
  codeOf(file, count).map(({ id, text, ...meta }) => ({ id, text, meta }))

t.test('a raw pull on the command line: the first records, and their provenance', async t => {
  const hub = await hubFor(t, [CODE])
  const folder = temporaryFolder(t)
  const args = ['shard-corpus', '--dataset', 'some/code', '--output', 'raw/code.ndjsonl', '--limit', '310']
  const { code, stdout, stderr } = await command(args, { cwd: folder })
  t.equal(code, 0, stderr)
  t.match(stdout, /some_code +310 +310/)
  t.strictSame(filesIn(join(folder, 'raw')), ['CARD.md', 'LICENSES.md', 'README.md', 'code.ndjsonl', 'provenance.json'])
  const content = (await pulledIn(join(folder, 'raw')))['code.ndjsonl']!
  t.strictSame(documentsOf(content), [...expected('0', 300), ...expected('1', 10)])
  const commit = hub.commitOf('some/code')
  const card = CODE.files['README.md'] as string
  const { retrieved_at_utc: retrieved, ...provenance } = provenanceIn(join(folder, 'raw'), 'code.ndjsonl')
  t.match(provenance, {
    source: {
      dataset: 'some/code',
      subset: 'default',
      split: 'train',
      revision: 'main',
      commit,
      url: `${hub.endpoint}/datasets/some/code/tree/${commit}`
    },
    license: {
      found: ['odc-by'],
      read_from: `${hub.endpoint}/datasets/some/code/blob/${commit}/README.md`,
      card_sha256: sha256(card),
      spdx: 'ODC-By-1.0',
      redistributable: 'yes'
    },
    filters: [],
    limit: 310,
    columns: null,
    records: 310,
    command: `sluice ${args.join(' ')}`,
    output: { path: 'raw/code.ndjsonl', bytes: Buffer.byteLength(content) },
    card: 'CARD.md',
    licenses_md: 'LICENSES.md'
  })
  t.ok(Date.parse(retrieved.begun) <= Date.parse(retrieved.finished))
  const [first, second] = [0, 1].map(n => CODE.files[`data/train-${n}.jsonl`] as string)
  t.match(provenance.files, [
    { path: 'data/train-0.jsonl', bytes: first!.length, sha256: null, git_oid: /^[0-9a-f]{40}$/ },
    { path: 'data/train-1.jsonl', bytes: second!.length, sha256: sha256(second!) }
  ])
  t.equal(provenance.files.length, 2, 'the files that were read')
  t.equal(readFileSync(join(folder, 'raw/CARD.md'), 'utf8'), card)
  t.match(readFileSync(join(folder, 'raw/LICENSES.md'), 'utf8'), /\| mit \| 232 \| MIT [^]*\| gpl-3\.0 \| 78 /)
  t.match(readFileSync(join(folder, 'raw/README.md'), 'utf8'), new RegExp(`${commit}[^]*ODC-By-1\\.0[^]*--limit ` +
    '310[^]*data/train-0\\.jsonl'))
})

t.test('compressed output, another split, further columns of parquet', async t => {
  await hubFor(t, [CODE, await tables()])
  const folder = folderInMemory(t)
  await shardCorpus({ dataset: 'some/code', split: 'test', output: join(folder, 'a.ndjsonl.gz') })
  await shardCorpus({
    dataset: 'some/code', split: 'test', output: join(folder, 'a.jsonl.zst'), name: 'code', license: 'apache-2.0'
  })
  const lines = ndjsonOf(expected('t', 20))
  t.strictSame(await pulledIn(folder), { 'a.ndjsonl.gz': lines, 'a.jsonl.zst': lines })
  t.match(provenanceIn(folder, 'a.ndjsonl.gz'), {
    source: { split: 'test' }, limit: null, command: null, files: [{ path: 'data/test.jsonl' }]
  })
  t.match(provenanceIn(folder, 'a.jsonl.zst').license, {
    found: ['apache-2.0', 'odc-by'], read_from: /^the user who pulled it and http.*README\.md$/
  })

  for (const [columns, meta] of [['url', { url: 'https://example.org/p-2' }], [undefined, {}]] as const) {
    await shardCorpus({
      dataset: 'some/tables',
      subset: 'en',
      limit: 3,
      output: join(folder, 'b/b.ndjson'),
      restart: true,
      ...columns !== undefined && { columns }
    })
    t.strictSame(
      documentsOf((await pulledIn(join(folder, 'b')))['b.ndjson']!).map(document => document.meta).at(-1), meta
    )
    t.match(provenanceIn(join(folder, 'b'), 'b.ndjson'), {
      source: { subset: 'en' },
      columns: columns === undefined ? [] : [columns],
      license: { found: ['cc-by-sa-3.0', 'gfdl'] }
    })
  }
  t.notOk(existsSync(join(folder, 'b/LICENSES.md')), 'its records have no licence')
})

t.test('a stopped pull is resumed at its byte, at the same commit', async t => {
  const hub = await hubFor(t, [CODE])
  const folder = folderInMemory(t)
  const output = join(folder, 'raw/code.ndjsonl')
  const options = { dataset: 'some/code', output, checkpointEvery: 50 }
  const commit = hub.commitOf('some/code')
  hub.misbehave({ fault: { kind: 'stall', after: 20_000 }, on: { kind: 'file', path: 'train-1' }, times: Infinity })
  t.match(await stoppedAt(`${output}.checkpoint.json`, async signal => {
    const stop = new AbortController()
    signal.addEventListener('abort', () => { setTimeout(() => { stop.abort() }, 300) }) // all bytes are there by then
    return await shardCorpus(options, { signal: stop.signal })
  }), { code: 'ERR_ABORTED', message: /resumes from the last checkpoint/ })
  t.strictSame(readdirSync(join(folder, 'raw')).sort(), ['code.ndjsonl.checkpoint.json', 'code.ndjsonl.partial'])
  hub.misbehave([])
  await hub.commit('some/code', { 'data/train-0.jsonl': null, 'data/train-1.jsonl': ndjsonOf(codeOf('new', 5)) })

  const told: string[] = []
  const asked = await requestsOf(hub, () => shardCorpus(options, { tell: message => { told.push(message) } }))
  t.match(told, [/^some_code: resumes after document \d{3}$/])
  t.equal((await pulledIn(folder))['raw/code.ndjsonl'], ndjsonOf([0, 1, 2].flatMap(n => expected(`${n}`, 300))))
  t.match(provenanceIn(join(folder, 'raw'), 'code.ndjsonl'), {
    source: { revision: 'main', commit },
    files: ['0', '1', '2'].map(n => ({
      path: `data/train-${n}.jsonl`, sha256: n === '1' ? /^[0-9a-f]{64}$/ : null, git_oid: /^[0-9a-f]{40}$/
    }))
  })
  t.match(partsOf(asked).filter(({ file }) => file !== 'data/train-2.jsonl').sort((a, b) => a.from - b.from), [
    { file: 'data/train-1.jsonl', from: 0, to: 4096 }, // to check whether it is an array
    { file: 'data/train-1.jsonl', from: ndjsonOf(codeOf('1', Number(/\d+/.exec(told[0]!)![0]) - 300)).length }
  ])
  t.notOk(asked.some(({ path }) => path.includes('/revision/') || path.includes('/tree/')), 'no new listing')

  await closeHubs()
  await shardCorpus({ ...options, restart: true })
  t.equal(
    (await pulledIn(folder))['raw/code.ndjsonl'], ndjsonOf([...expected('new', 5), ...expected('2', 300)]),
    'restarted, it reads the current commit'
  )
  t.match(provenanceIn(join(folder, 'raw'), 'code.ndjsonl'), { source: { commit: hub.commitOf('some/code') } })
})

t.test('a killed pull is resumed to the same bytes', async t => {
  const hub = await hubFor(t, [CODE])
  const folder = folderInMemory(t)
  const args = (name: string): string[] =>
    ['shard-corpus', '--dataset', 'some/code', '--output', `${name}.ndjsonl.gz`, '--checkpoint-every', '50', '--quiet']
  hub.misbehave({ fault: { kind: 'stall', after: 20_000 }, on: { kind: 'file', path: 'train-1' }, times: Infinity })
  const child = spawn(process.execPath, [join(ROOT, 'dist/recipes/cli/main.js'), ...args('a')], {
    cwd: folder, stdio: 'ignore'
  })
  const looking = setInterval(() => {
    if (existsSync(join(folder, 'a.ndjsonl.gz.checkpoint.json'))) {
      child.kill(
        'SIGKILL'
      )
    }
  }, 10)
  t.strictSame(await once(child, 'exit'), [null, 'SIGKILL'])
  clearInterval(looking)
  hub.misbehave([])
  await hub.commit('some/code', { 'data/train-2.jsonl': '{"text":"new"}\n' })
  const from = hub.requests.length
  t.match(await command(args('a'), { cwd: folder }), { code: 0 })
  t.ok(partsOf(hub.requests.slice(from)).every(({ file, from, to }) =>
    file !== 'data/train-0.jsonl' || from > 0 || to === 4096))
  t.equal((await pulledIn(folder))['a.ndjsonl.gz'], ndjsonOf([0, 1, 2].flatMap(n => expected(`${n}`, 300))))
  t.strictSame(filesIn(folder), ['CARD.md', 'LICENSES.md', 'README.md', 'a.ndjsonl.gz', 'provenance.json'])
})

t.test('a stopped pull of parquet is resumed at its row group', async t => {
  const repo = await tables()
  const hub = await hubFor(t, [repo])
  const folder = folderInMemory(t)
  const options = { dataset: 'some/tables', subset: 'en', checkpointEvery: 20 }
  await shardCorpus({ ...options, output: join(folder, 'whole.ndjson') })
  const stop = new AbortController()
  const watch = ({ source }: Flow): (() => void) => {
    const looking = setInterval(() => { if (source.stats.out >= 200) stop.abort() })
    return () => { clearInterval(looking) }
  }
  // Its end, its start, some row groups.
  hub.misbehave({
    fault: { kind: 'stall', after: 0 }, on: { kind: 'file', path: 'a.parquet' }, skip: 5, times: Infinity
  })
  const told: string[] = []
  const output = join(folder, 'a.ndjson')
  await t.rejects(shardCorpus({ ...options, output }, { signal: stop.signal, watch }), { code: 'ERR_ABORTED' })
  hub.misbehave([])
  const parts = partsOf(await requestsOf(hub, () =>
    shardCorpus({ ...options, output }, { tell: message => { told.push(message) } })))
  const { 'a.ndjson': gone, 'whole.ndjson': whole } = await pulledIn(folder)
  t.equal(gone, whole)
  const file = repo.files['en/a.parquet'] as Buffer
  const { row_groups: groups } = parquetMetadata(Uint8Array.from(file).buffer)
  const document = Number(/after document (\d+)/.exec(told[0]!)![1])
  t.ok(document >= 100, `after document ${document}`)
  const start = Number(groups[Math.floor(document / 100)]!.columns[0]!.meta_data!.data_page_offset)
  const text = parts.filter(({ from }) =>
    from >= 4 && from < Number(groups.at(-1)!.columns[0]!.meta_data!.data_page_offset))
  t.ok(text.length > 0 && text.every(({ from }) => from >= start), JSON.stringify({ start, parts }))
})
