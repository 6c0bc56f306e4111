/** Versions of mixtures that read from the Hub. */
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { ndjsonOf } from '../../helpers.ts'
import { CODE, codeOf, hubFor, requestsOf, tables } from '../hub-datasets.ts'
import { runText } from '../../../recipes/run.ts'
import { inodes, outcomes, stateOf, versioned, yamlOf } from './versioned.ts'

const HUB = yamlOf([
  '{ name: code, dataset: some/code, seq_len: 64, output_dir: shards/code }',
  '{ name: tests, dataset: some/code, split: test, seq_len: 64, output_dir: shards/tests }',
  '{ name: tables, dataset: some/tables, subset: en, columns: url, raw_dir: raw, seq_len: 64, ' +
    'output_dir: shards/tables }'
])

t.test('nothing to do costs one request a dataset; a new file makes one component again', async t => {
  const hub = await hubFor(t, [CODE, await tables()])
  const { folder, versions, run, current } = versioned(t, HUB)
  const { version } = await run()
  t.equal(version!.previous, null)
  const first = join(versions, current())

  const before = stateOf(folder)
  const asked = await requestsOf(hub, async () => { t.strictSame((await run()).version!.why, []) })
  t.strictSame(asked.map(({ path }) => path), [
    '/api/datasets/some/code/revision/main', '/api/datasets/some/tables/revision/main'
  ])
  t.strictSame(stateOf(folder), before)

  await hub.commit('some/code', { 'data/train-3.jsonl': ndjsonOf(codeOf('3', 50)) })
  const made: string[] = []
  const requests = await requestsOf(hub, async () => {
    const report = await run()
    made.push(...outcomes(report))
    t.match(report.version!.changes, {
      sources: [{ path: 'code.commit' }, { path: /^code\.files.*train-3/ }, { path: 'tests.commit' }],
      licenses: { length: 0 },
      numbers: [{ component: 'code', number: 'records', difference: 50 }, {}, {}, {}]
    })
  })
  t.strictSame(made, [
    'all check-tokenizer: done', 'code process: done', 'tests process: reused', 'tables acquire: reused',
    'tables process: reused', 'all verify: done'
  ])
  const read = new Set(requests.flatMap(({ file }) => file ?? []))
  t.strictSame([...read].filter(file => !/^data\/train-\d\.jsonl$|^README\.md$/.test(file)), [])
  const second = join(versions, current())
  for (const part of ['shards/tests', 'shards/tables', 'raw/tables.ndjson.gz']) {
    const path = part.startsWith('raw') ? 'raw' : part
    const [a, b] = [first, second].map(version => [...inodes(join(version, path))].filter(([name]) =>
      name.endsWith('.npy') || name.endsWith('.gz')))
    t.ok(a!.length > 0, part)
    t.strictSame(b, a, part)
  }
})

t.test('a commit that changes only the card makes a version of which all is reused', async t => {
  const hub = await hubFor(t, [CODE])
  const { run } = versioned(t, yamlOf(['{ name: code, dataset: some/code, seq_len: 64, output_dir: shards/code }']))
  await run()
  const card = CODE.files['README.md'] as string
  const commit = await hub.commit('some/code', { 'README.md': card.replace('odc-by', 'mit') })
  const report = await run()
  t.strictSame(outcomes(report)[1], 'code process: reused')
  t.match(report.stats!.stats, [{ commit, license: 'mit' }])
  t.match(report.version!.changes, { licenses: [{ path: 'code', before: 'odc-by', after: 'mit' }] })
  t.match(runText(report), /\nsources\n {2}code\.commit: .*\n\nlicences\n {2}code: "odc-by" -> "mit"\n/)
  t.strictSame((await run()).version!.why, [])
})

t.test('an unfinished version is resumed at the commits that it was started with', async t => {
  const hub = await hubFor(t, [CODE])
  const { run, versions, current } = versioned(t, yamlOf([
    '{ name: code, dataset: some/code, seq_len: 64, output_dir: shards/code }',
    '{ name: tests, dataset: some/code, split: test, seq_len: 64, output_dir: shards/tests }'
  ]))
  const commit = hub.commitOf('some/code')
  const stop = new AbortController()
  const watch = ({ name }: { readonly name: string }): (() => void) => {
    if (name === 'tests') stop.abort()
    return () => {}
  }
  await t.rejects(run({}, { signal: stop.signal, watch }), { code: 'ERR_ABORTED' })
  await hub.commit('some/code', { 'data/train-3.jsonl': ndjsonOf(codeOf('3', 50)) })
  const report = await run()
  t.match(report.stats!.stats, [{ commit, read: 900 }, { commit }])
  const first = current()
  const next = await run()
  t.match(next.stats!.stats, [{ read: 950 }, { read: 20 }])
  t.equal(next.version!.previous, join(versions, first))
})
