import { join } from 'node:path'
import { SluiceError } from '../../lib/errors.ts'
import type { LicenseOf } from '../../recipes/components/licenses.ts'
import { type LicenseError, licenses, licensesText } from '../../recipes/licenses.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { writeProvenance } from '../../recipes/provenance/write.ts'
import { command } from '../commands.ts'
import { answers, failure, fixture, ndjsonOf, pattern, put, temporaryFolder } from '../helpers.ts'
import { type Test, t } from '../tap.ts'
import { provenance } from './provenance-samples.ts'

/** A manifest with a component for each licence; `null` has none. */
function manifestOf (t: Test, given: Readonly<Record<string, string | null>>): { folder: string, manifest: string } {
  const folder = temporaryFolder(t)
  const components = Object.entries(given).map(([name, license]) => ({
    name,
    dataset: 'json',
    data_files: put(folder, `${name}.ndjson`, ndjsonOf(answers().records)),
    license,
    seq_len: 64,
    output_dir: join(folder, 'shards', name)
  }))
  return { folder, manifest: put(folder, 'mix.yaml', JSON.stringify(components)) }
}

t.test('each component\'s obligations, as stated in the manifest', async t => {
  const { manifest } = manifestOf(t, { web: 'ODC-By-1.0', books: 'cc0-1.0', wiki: 'cc-by-sa-3.0, gfdl' })
  const report = await licenses(manifest, { requireRedistributable: true })
  t.match(report, {
    manifest,
    components: [
      {
        name: 'web',
        dataset: 'json',
        subset: null,
        split: 'train',
        revision: 'main',
        commit: null,
        found: [{ license: 'ODC-By-1.0', read_from: manifest }],
        spdx: 'ODC-By-1.0',
        obligations: ['attribution', 'notice'],
        redistributable: 'yes'
      },
      { name: 'books', spdx: 'CC0-1.0', obligations: [], redistributable: 'yes' },
      { name: 'wiki', spdx: null, obligations: ['attribution', 'notice', 'share-alike'], redistributable: 'yes' }
    ],
    note: /not legal advice/
  })
  const text = licensesText(report)
  t.match(
    text,
    pattern(
      /^component +source +licence +SPDX +obligations +shards may be redistributed\nweb +json, /,
      /train +ODC-By-1\.0 +ODC-By-1\.0 +attribution, notice +yes\nbooks +json, train +cc0-1\.0 +CC0-1\.0 +- +yes\n/
    )
  )
  t.match(text, /not legal advice\.$/)
})

t.test('an unknown licence is reported prominently, and --require-redistributable fails', async t => {
  const { manifest } = manifestOf(t, {
    web: 'odc-by',
    odd: 'my very own licence, which is a long text that goes on and on and says little',
    none: null,
    closed: 'cc-by-nd-4.0'
  })
  const { components } = await licenses(manifest)
  t.strictSame(components.map(({ redistributable }) => redistributable), ['yes', 'unknown', 'unknown', 'no'])
  const error = await failure(licenses(manifest, { requireRedistributable: true })) as LicenseError
  t.match(error, {
    code: 'ERR_LICENSE',
    exitCode: 1,
    message: pattern(
      /^3 of 4 components may not be redistributed, or it is not known whether they may\nodd: unknown: /,
      /.*\nnone: unknown: no licence is stated\nclosed: no: does not permit derived works/
    )
  })
  t.strictSame(error.report.components, components)
  const [shown, json] = [
    await command(['licenses', manifest, '--require-redistributable']),
    await command(['licenses', manifest, '--require-redistributable', '--json'])
  ]
  t.match(licensesText(error.report), /goes on and … +-/)
  t.match(shown, { code: 1, stdout: /none +json, train +NOT STATED +- +- +UNKNOWN\n/, stderr: /\[ERR_LICENSE\]/ })
  t.match(
    shown.stdout,
    /\nclosed: NO: does not permit derived works, such as shards, to be passed on\n {2}cc-by-nd-4\.0: .*mix\.yaml\n/
  )
  t.match(
    JSON.parse(json.stdout),
    { components: [{ name: 'web' }, { name: 'odd', redistributable: 'unknown' }, { name: 'none' }, { name: 'closed' }] }
  )
  t.equal(json.code, 1)
})

t.test('if manifest, provenance and card differ, all are reported and the strictest counts', async t => {
  const { folder, manifest } = manifestOf(t, { web: 'mit', code: 'mit', both: 'mit' })
  await writeProvenance(join(folder, 'web.ndjson'), provenance({ found: ['cc-by-nc-4.0'], commit: 'c0ffee' }))
  await writeProvenance(join(folder, 'code.ndjson'), provenance({ found: [] }))
  const licenseOf: LicenseOf = async ({ name }) => name === 'both'
    ? { found: ['cc-by-nd-4.0', 'other'], readFrom: 'https://hub/x/README.md', commit: 'beef' }
    : name === 'code' ? { found: [], readFrom: 'https://hub/y/README.md', commit: null } : null
  const json = join(folder, 'provenance.json')
  const { components } = await licenses(manifest, {}, { licenseOf })
  t.match(components, [
    {
      commit: 'c0ffee',
      found: [
        { license: 'mit', read_from: manifest },
        { license: 'cc-by-nc-4.0', read_from: `${json}, from the card` }
      ],
      spdx: 'MIT AND CC-BY-NC-4.0',
      obligations: ['attribution', 'notice', 'non-commercial']
    },
    {
      commit: 'abcdef',
      found: [
        { license: 'mit' }, { license: null, read_from: `${json}, from the card` },
        { license: null, read_from: 'https://hub/y/README.md' }
      ],
      spdx: 'MIT',
      redistributable: 'yes'
    },
    {
      commit: 'beef',
      found: [{ license: 'mit' }, { license: 'cc-by-nd-4.0' }, { license: 'other' }],
      spdx: null,
      redistributable: 'no'
    }
  ])
  t.match(licensesText({ manifest, components, note: '' }), /web +json@c0ffee, train +mit and cc-by-nc-4\.0 /)
})

t.test('an unreadable source of a licence counts as unknown', async t => {
  const { folder, manifest } = manifestOf(t, { web: 'mit', closed: 'proprietary' })
  put(folder, 'provenance.json', '{ "format": 1, "pulls": { "web')
  t.match((await licenses(manifest)).components, [
    {
      redistributable: 'unknown',
      reason: /provenance\.json can't be read, and may say something else/,
      found: [{ license: 'mit' }, { license: null, read_from: join(folder, 'provenance.json') }]
    },
    { redistributable: 'no', reason: /all rights are reserved/ }
  ])
  const fails = (error: Error): LicenseOf => () => Promise.reject(error)
  const { components: [web] } = await licenses(manifest, {}, { licenseOf: fails(new SluiceError('ERR_FILES', 'gone')) })
  t.match(web, {
    reason: /provenance\.json and the card of json can't be read/,
    found: [{}, {}, { license: null, read_from: 'the card of json' }]
  })
  t.match(await failure(licenses(manifest, {}, { licenseOf: fails(new Error('a defect')) })), { message: 'a defect' })
  t.match(
    await failure(licenses(manifest, {}, { licenseOf: fails(new SluiceError('ERR_ABORTED', 'stopped')) })),
    { code: 'ERR_ABORTED' }
  )
})

t.test('a raw copy has the provenance next to it', async t => {
  const folder = temporaryFolder(t)
  const manifest = put(folder, 'mix.yaml', JSON.stringify([{
    name: 'web',
    dataset: 'json',
    data_files: put(folder, 'in.ndjson', ndjsonOf(answers().records)),
    raw_dir: join(folder, 'raw')
  }]))
  await writeProvenance(join(folder, 'raw/web.ndjson.gz'), {
    ...provenance(), license: { ...provenance().license, read_from: null }
  })
  t.match((await licenses(manifest)).components, [{
    spdx: 'ODC-By-1.0', found: [{ license: 'odc-by', read_from: join(folder, 'raw/provenance.json') }]
  }])
})

t.test('the source is reported', async t => {
  const row = {
    name: 'a',
    dataset: 'x/y',
    subset: 'en',
    split: 'train',
    revision: 'v2',
    commit: null,
    found: [],
    spdx: null,
    obligations: [],
    redistributable: 'unknown',
    reason: 'r'
  } as const
  t.match(licensesText({
    manifest: 'm', components: [row, { ...row, revision: 'main', commit: '0123456789abcdef' }], note: ''
  }), /x\/y@v2, en, train .*\n.*x\/y@0123456789ab, en, train /)
})

t.test('process-mixture has the same licences in its stats, in each run', async t => {
  const { folder, manifest } = manifestOf(t, { web: 'odc-by', none: null })
  const options = {
    tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir: join(folder, 'runs')
  }
  const first = await processMixture(manifest, options)
  t.strictSame(first.licenses, (await licenses(manifest)).components)
  t.strictSame(await processMixture(manifest, options), first, 'the second run finds it finished')
  const licenseOf: LicenseOf = () => Promise.resolve({ found: ['mit'], readFrom: 'card', commit: null })
  t.match((await processMixture(manifest, options, { licenseOf })).licenses, [
    { found: [{}, { license: 'mit' }] }, { spdx: 'MIT' }
  ])
})
