import { type Test, t } from '../../tap.ts'
import { type DatasetRequest, type ResolvedDataset, resolveDataset } from '../../../lib/hub/resolve.ts'
import { failure } from '../../helpers.ts'
import { setHubEnvironment } from '../../hub/environment.ts'
import type { Hub as StandIn } from '../../hub/stand-in.ts'
import type { Files, HubOptions } from '../../hub/types.ts'
import { start } from './hosts.ts'

t.teardown(setHubEnvironment({}))

interface Started {
  readonly standIn: StandIn
  readonly resolve: (request?: Partial<DatasetRequest>) => Promise<ResolvedDataset>
}

async function begin (
  t: Test,
  files: Files,
  refs: Readonly<Record<string, Files>> = {},
  options: Partial<HubOptions> = {}
): Promise<Started> {
  const { standIn, hub } = await start(t, { repos: [{ name: 'o/n', files, refs }], ...options })
  return {
    standIn,
    resolve: async (request = {}) => await resolveDataset(hub, {
      dataset: 'o/n', subset: null, split: 'train', revision: 'main', dataFiles: null, ...request
    })
  }
}

t.test('files, format, licence and card are resolved at a commit', async t => {
  const card = '---\nlicense: mit\nconfigs:\n- config_name: one\n  data_files:\n  - split: train\n    path: ' +
    'one/*.csv\n  sep: ";"\n  skiprows: 1\n  description: x\n---\nWords.\n'
  const { standIn, resolve } = await begin(t, {
    'README.md': card, 'one/b.csv': 'text\nb\n', 'one/a.csv': 'text\na\n', 'two/c.csv': 'text\n'
  })
  const commit = standIn.commitOf('o/n')
  const found = await resolve()
  t.match(found, {
    dataset: 'o/n',
    commit,
    format: 'csv',
    subset: 'one',
    split: 'train',
    from: 'card',
    license: ['mit'],
    options: { delimiter: ';' },
    files: [{ name: `hf://datasets/o/n@${commit}/one/a.csv`, size: 7, revision: commit }, { path: 'one/b.csv' }],
    card: { text: card, sha256: /^[0-9a-f]{64}$/ },
    warnings: [/has the option skiprows: 1, which is ignored/]
  })
  t.equal(found.warnings.length, 1)
  t.equal(found.files.length, 2)
  const asked = standIn.requests.length
  await standIn.commit('o/n', { 'one/c.csv': 'text\nc\n' })
  t.equal((await resolve()).files.length, 2, 'a commit is requested once')
  t.equal(standIn.requests.slice(asked).filter(({ kind }) => kind === 'api').length, 0)
  t.equal((await resolve({ revision: standIn.commitOf('o/n') })).files.length, 3)
})

t.test('a missing card and a card that can\'t be read', async t => {
  const { resolve } = await begin(t, { 'train.jsonl': '{}\n' })
  t.match(await resolve(), { card: null, license: [], format: 'json', options: {}, from: 'patterns' })
  const broken = await begin(t, { 'README.md': '---\nconfigs: [\n---\n', 'a.jsonl': '{}\n' })
  t.match(await failure(broken.resolve()), { code: 'ERR_DATASET', message: /^o\/n: / })
  t.match(await broken.resolve({ dataFiles: 'a.jsonl' }), {
    card: { text: /configs/ },
    files: [{ path: 'a.jsonl' }],
    license: [],
    warnings: [/^o\/n: the dataset's card, README.md:2:\d+: has invalid YAML: .*; its licence isn't known$/]
  })
  const large = await begin(t, { 'README.md': `---\nlicense: mit\n---\n${'x'.repeat(11e6)}`, 'a.jsonl': '{}\n' })
  t.match(await failure(large.resolve()), {
    code: 'ERR_DATASET',
    message: /card, README.md, has 11000021 bytes, expected at most 10485760; to read files without the card/
  })
  t.match(await large.resolve({ dataFiles: 'a.jsonl' }), {
    card: null, license: [], warnings: [/11000021 bytes.*its licence isn't known$/]
  })
  t.notOk(large.standIn.requests.some(({ file }) => file === 'README.md'), 'it is not fetched')
})

t.test('the conversion to parquet is used in place of a script', async t => {
  const files = { 'n.py': 'import datasets' }
  const { standIn, resolve } = await begin(
    t, files, { 'refs/convert/parquet': { 'default/train/0000.parquet': 'PAR1' } }
  )
  const converted = standIn.commitOf('o/n', 'refs/convert/parquet')
  t.match(await resolve(), {
    commit: standIn.commitOf('o/n'),
    from: 'converted',
    format: 'parquet',
    files: [{ name: `hf://datasets/o/n@${converted}/default/train/0000.parquet`, revision: converted }]
  })
  const none = await begin(t, files)
  t.match(await failure(none.resolve()), { code: 'ERR_DATASET', message: /script/ })
})

t.test('unsupported formats are refused; Arrow is read', async t => {
  const { resolve } = await begin(t, { 'train.jsonl': '{}\n' })
  t.match(await failure(resolve({ dataset: 'o/none' })), { code: 'ERR_DATASET', message: /no such dataset/ })
  t.match(await failure(resolve({ revision: 'none' })), { code: 'ERR_DATASET', message: /no such revision/ })
  t.match(await failure(resolve({ subset: 'none' })), { code: 'ERR_DATASET', message: /none/ })
  t.match(await failure(resolve({ dataFiles: 'none.csv' })), {
    code: 'ERR_DATASET', message: /none.csv doesn't exist; the repository has train.jsonl/
  })
  const arrow = await begin(t, { 'train.arrow': 'ARROW1' })
  t.match(await arrow.resolve(), { format: 'arrow', files: { length: 1 } })
})
