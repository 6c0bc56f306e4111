import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { sha256 } from '../../../lib/hash.ts'
import { LicenseCounts } from '../../../lib/licenses/counts.ts'
import { lock } from '../../../lib/output/lock.ts'
import { PAGE_MARK } from '../../../recipes/provenance/page.ts'
import { findProvenance, writeProvenance } from '../../../recipes/provenance/write.ts'
import { failure, filesIn, put, temporaryFolder } from '../../helpers.ts'
import { provenance } from '../provenance-samples.ts'

t.test('one pull writes README.md, provenance.json and the card', async t => {
  const folder = join(temporaryFolder(t), 'raw')
  const output = join(folder, 'a.ndjson')
  const card = '---\nlicense: odc-by\n---\n# A dataset\n'
  const written = await writeProvenance(output, provenance(), { card })
  t.strictSame(written, {
    json: join(folder, 'provenance.json'),
    readme: join(folder, 'README.md'),
    card: join(folder, 'CARD.md'),
    licenses: null,
    notes: []
  })
  t.strictSame(filesIn(folder), ['CARD.md', 'README.md', 'provenance.json'])
  t.equal(readFileSync(join(folder, 'CARD.md'), 'utf8'), card)
  const stored = {
    ...provenance(),
    license: { ...provenance().license, card_sha256: sha256(card) },
    card: 'CARD.md',
    licenses_md: null
  }
  t.strictSame(JSON.parse(readFileSync(written.json, 'utf8')), { format: 1, pulls: { 'a.ndjson': stored } })
  t.strictSame(await findProvenance([output, join(folder, 'b.ndjson')]), [{ path: written.json, provenance: stored }])
  const page = readFileSync(written.readme, 'utf8')
  for (const line of [
    '## a.ndjson',
    '| source | owner/name, <https://huggingface.co/datasets/owner/name> |',
    '| commit | abcdef |',
    '| retrieved | 2026-11-23T10:00:00.000Z to 2026-11-23T11:00:00.000Z |',
    '| licence | odc-by |',
    '| SPDX | ODC-By-1.0 |',
    '| obligations | attribution, notice |',
    '| may be redistributed | yes: permits it with the source named |',
    '| card | [CARD.md](CARD.md) |',
    `| SHA-256 of the card | ${sha256(card)} |`,
    '| filters | none |',
    '| limit | none |',
    '| columns | `url` |',
    '| records | 1,000 |',
    '| command | `sluice shard-corpus --dataset owner/name` |',
    'Read from 1 file, 1,234,567 bytes:',
    `| en/train-00000.parquet | 1,234,567 | ${'ab'.repeat(32)} |`
  ]) t.ok(page.split('\n').includes(line), line)
  t.match(page, /not legal advice/)
})

t.test('unknown values and long lists', async t => {
  const folder = temporaryFolder(t)
  const files = [
    { path: 'a|b.parquet', bytes: null, sha256: null, git_oid: 'cd'.repeat(20) },
    { path: 'local.ndjson', bytes: 7, sha256: null, git_oid: null, modified_at_utc: '2026-01-02T00:00:00.000Z' },
    ...Array.from({ length: 200 }, (_, i) => ({ path: `f${i}`, bytes: 1, sha256: null, git_oid: null }))
  ]
  const given = provenance({
    commit: null,
    files,
    columns: null,
    command: 'sluice shard-corpus --name `x`',
    limit: 12345,
    retrieved_at_utc: { begun: '2026-11-23T10:00:00.000Z', finished: '2026-11-23T10:00:00.000Z' }
  })
  const { readme } = await writeProvenance(join(folder, 'a.ndjson'), {
    ...given,
    source: { dataset: 'json', subset: null, split: null, revision: null, commit: null, url: null },
    license: {
      ...given.license,
      found: [],
      read_from: null,
      card_sha256: 'ee',
      spdx: null,
      obligations: [],
      redistributable: 'unknown',
      reason: 'no licence is stated'
    },
    filters: [{ stage: 'normalize', options: {} }, { stage: 'length', options: { minChars: 200 } }],
    output: { path: 'a.ndjson', bytes: null, sha256: 'ff' }
  })
  const page = readFileSync(readme, 'utf8')
  for (const line of [
    '| source | json |',
    '| retrieved | 2026-11-23T10:00:00.000Z |',
    '| licence | **not stated** |',
    '| may be redistributed | **unknown**: no licence is stated |',
    '| limit | 12,345 |',
    '| SHA-256 | ff |',
    '| filters | `normalize`, `length: {"minChars":200}` |',
    '| command | `` sluice shard-corpus --name `x` `` |',
    'Read from 202 files, 207 bytes:',
    `| a\\|b.parquet |  | ${'cd'.repeat(20)} |`,
    '| local.ndjson | 7 | 2026-01-02T00:00:00.000Z |',
    '| f0 | 1 |  |',
    'And 102 more; provenance.json has them all.'
  ]) t.ok(page.split('\n').includes(line), line)
  t.notMatch(page, /^\| (?:card|commit|columns|bytes|read from) \|/m)
  await writeProvenance(join(folder, 'b.ndjson'), { ...given, license: { ...given.license, card_sha256: null } })
  t.match(readFileSync(readme, 'utf8'), /## a\.ndjson[^]*## b\.ndjson/)
  const { json } = await writeProvenance(join(folder, 'c.ndjson'), {
    ...given, license: { ...given.license, found: ['x'.repeat(30_000)] }
  })
  t.match(readFileSync(readme, 'utf8'), /^\| licence \| x{199}… \|$/m,
    'a licence text in place of a name is shortened')
  t.match(readFileSync(json, 'utf8'), /"x{30000}"/)
})

t.test('several pulls into one folder have separate sections, entries and cards', async t => {
  const folder = temporaryFolder(t)
  const pull = (name: string, card: string | null): ReturnType<typeof writeProvenance> =>
    writeProvenance(join(folder, name), provenance(), { card })
  await Promise.all([pull('b.ndjson', 'B'), pull('a.ndjson', 'B')])
  t.strictSame(filesIn(folder), ['CARD.md', 'README.md', 'provenance.json'], 'pulls of one dataset share a card')
  t.equal((await pull('c.ndjson', 'C')).card, join(folder, 'c.ndjson.CARD.md'))
  t.equal((await pull('a.ndjson', 'A')).card, join(folder, 'a.ndjson.CARD.md'), 'the other card is still that of b')
  t.equal((await pull('b.ndjson', 'newer')).card, join(folder, 'CARD.md'), 'only b has it now')
  t.equal(readFileSync(join(folder, 'CARD.md'), 'utf8'), 'newer')
  const { pulls } = JSON.parse(readFileSync(join(folder, 'provenance.json'), 'utf8')) as { pulls: object }
  t.strictSame(Object.keys(pulls), ['a.ndjson', 'b.ndjson', 'c.ndjson'])
  t.match(readFileSync(join(folder, 'README.md'), 'utf8'), /## a\.ndjson[^]*## b\.ndjson[^]*## c\.ndjson/)
  const before = filesIn(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  await pull('c.ndjson', 'C')
  t.strictSame(filesIn(folder).map(name => readFileSync(join(folder, name), 'utf8')), before,
    'a repeated pull writes the same')
})

/** A record with this licence. */
function counted (license: string): LicenseCounts {
  const counts = new LicenseCounts({ license: 'license', repository: null })
  counts.add({ license })
  return counts
}

t.test('records by licence: a section for each output', async t => {
  const folder = temporaryFolder(t)
  const { licenses, readme } = await writeProvenance(join(folder, 'b.ndjson'), provenance(), { counts: counted('mit') })
  t.equal(licenses, join(folder, 'LICENSES.md'))
  await writeProvenance(join(folder, 'a.ndjson'), provenance(), { counts: counted('isc') })
  t.match(readFileSync(licenses!, 'utf8'), /## a\.ndjson\n[^]*\| isc \| 1 [^]*## b\.ndjson\n[^]*\| mit \| 1 /)
  t.match(readFileSync(readme, 'utf8'), '| records by licence | [LICENSES.md](LICENSES.md) |')
})

t.test('files of others are kept', async t => {
  const folder = temporaryFolder(t)
  for (const [name, content] of [
    ['README.md', '# My corpus\n'], ['provenance.json', '{"who": "me"}'], ['CARD.md', 'playing cards'],
    ['LICENSES.md', 'my licences']
  ] as const) {
    put(folder, name, content)
  }
  const { json, readme, card, licenses, notes } = await writeProvenance(
    join(folder, 'a.ndjson'), provenance(), { card: 'card', counts: counted('mit') }
  )
  t.strictSame([json, readme, card, licenses], [
    'a.ndjson.provenance.json', 'a.ndjson.README.md', 'a.ndjson.CARD.md', 'a.ndjson.LICENSES.md'
  ].map(name => join(folder, name)))
  t.strictSame(notes.length, 3)
  t.match(notes, [
    /provenance\.json was not made by sluice and is left unchanged; see .*a\.ndjson\.provenance\.json/,
    /LICENSES\.md was not made by sluice/,
    /README\.md was not made by sluice/
  ])
  t.equal(readFileSync(join(folder, 'README.md'), 'utf8'), '# My corpus\n')
  t.equal(readFileSync(join(folder, 'provenance.json'), 'utf8'), '{"who": "me"}')
  t.match(readFileSync(readme, 'utf8'), PAGE_MARK)
  t.match(await findProvenance([join(folder, 'a.ndjson')]), [{ path: json, provenance: { card: 'a.ndjson.CARD.md' } }])

  rmSync(join(folder, 'provenance.json'))
  rmSync(json)
  await writeProvenance(join(folder, 'b.ndjson'), provenance())
  await writeProvenance(join(folder, 'c.ndjson'), provenance())
  t.notMatch(readFileSync(join(folder, 'c.ndjson.README.md'), 'utf8'), '## b.ndjson',
    'a page for one output has that pull only')
})

t.test('a damaged file is reported once, and not replaced', async t => {
  const folder = temporaryFolder(t)
  const json = put(folder, 'provenance.json', '{"format": 1, "pulls": {"a.ndjson": 7}}')
  t.strictSame(await findProvenance([join(folder, 'a.ndjson'), join(folder, 'b.ndjson')]), [{
    path: json, provenance: null
  }])
  t.match(
    await writeProvenance(join(folder, 'a.ndjson'), provenance()),
    { json: `${join(folder, 'a.ndjson')}.provenance.json` }
  )
  writeFileSync(json, 'null')
  t.match(await findProvenance([join(folder, 'x.ndjson')]), { length: 0 })
  rmSync(json)
  mkdirSync(json)
  t.match(await failure(writeProvenance(join(folder, 'a.ndjson'), provenance())), {
    code: 'ERR_OUTPUT', message: /provenance\.json: cannot be read: is a folder/
  })
})

t.test('a folder that another pull is writing to is awaited', async t => {
  const folder = temporaryFolder(t)
  const held = await lock(join(folder, 'provenance.json.lock'), 'provenance.json')
  const writing = writeProvenance(join(folder, 'a.ndjson'), provenance())
  await new Promise(resolve => setTimeout(resolve, 60))
  t.notOk(filesIn(folder).includes('provenance.json'))
  await held.release()
  await writing
  t.strictSame(filesIn(folder), ['README.md', 'provenance.json'])

  const again = await lock(join(folder, 'provenance.json.lock'), 'provenance.json')
  const impatient = writeProvenance(join(folder, 'a.ndjson'), provenance(), { locking: { turnMs: 0 } })
  t.match(await failure(impatient), { code: 'ERR_LOCKED' }, 'but not forever')
  await again.release()
})

t.test('no token is written', async t => {
  const folder = temporaryFolder(t)
  const token = `hf_${'aB3dE'.repeat(7).slice(0, 34)}`
  await writeProvenance(join(folder, 'a.ndjson'), provenance({
    command: `HF_TOKEN=${token} sluice shard-corpus --dataset owner/name`,
    source: {
      dataset: 'owner/name',
      subset: null,
      split: null,
      revision: token,
      commit: null,
      url: `https://user:${token}@hub/x?X-Amz-Signature=0123abcd&Policy=abcdef`
    },
    files: [{ path: `https://cdn/x?Signature=${token}`, bytes: 1, sha256: null, git_oid: null }]
  }))
  for (const name of filesIn(folder)) {
    t.notMatch(readFileSync(join(folder, name), 'utf8'), new RegExp(`${token.slice(3)}|0123abcd|abcdef`), name)
  }
})
