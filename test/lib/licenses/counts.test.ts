import { NOT_STATED, OTHERS, LicenseCounts, licenseColumns } from '../../../lib/licenses/counts.ts'
import { licensesPage } from '../../../recipes/provenance/licenses-page.ts'
import { t } from '../../tap.ts'

const COLUMNS = { license: 'license', repository: 'repo_name' }

t.test('licence columns are found by their names', async t => {
  t.strictSame(
    licenseColumns(['repo_name', 'path', 'copies', 'size', 'content', 'license', 'hash']), COLUMNS, 'codeparrot-clean'
  )
  t.strictSame(licenseColumns(
    ['id', 'max_stars_repo_path', 'max_stars_repo_name', 'max_stars_repo_licenses', 'content']
  ), { license: 'max_stars_repo_licenses', repository: 'max_stars_repo_name' }, 'The Stack')
  t.strictSame(
    licenseColumns(['max_stars_repo_name', 'content']), { license: null, repository: 'max_stars_repo_name' },
    'StarCoder'
  )
  t.strictSame(licenseColumns(['text']), { license: null, repository: null })
})

t.test('records are counted by licence, with the repositories of each', async t => {
  const counts = new LicenseCounts(COLUMNS)
  for (const [license, repository] of [
    ['mit', 'b/b'], ['mit', 'a/a'], ['mit', 'b/b'], [['gpl-3.0', 'mit', 'mit'], 'c/c'], [' mit\n', undefined], [
      null, 'd/d'
    ], [[], 'd/d'], [7, 7], ['', ''], ['isc', 'e/e']
  ]) counts.add({ license, repo_name: repository })
  t.strictSame(counts.rows, [
    { license: NOT_STATED, records: 4, repositories: ['d/d'], unlisted: 0 },
    { license: 'mit', records: 4, repositories: ['a/a', 'b/b'], unlisted: 0 },
    { license: 'gpl-3.0, mit', records: 1, repositories: ['c/c'], unlisted: 0 },
    { license: 'isc', records: 1, repositories: ['e/e'], unlisted: 0 }
  ])
  const page = licensesPage('a_b.ndjson', counts)
  t.equal(page, `<!-- Made by sluice: what is changed here is lost with the next pull. -->

# Licences

This is what sluice knows about these licences by their names; it is not legal advice.

## a\\_b.ndjson

Records by the licence that each states in its \`meta\`.

| licence | records | SPDX | obligations | may be redistributed |
| --- | --- | --- | --- | --- |
| (not stated) | 4 | - | - | **unknown** |
| mit | 4 | MIT | notice | yes |
| gpl-3.0, mit | 1 | GPL-3.0-only AND MIT | notice, share-alike | yes |
| isc | 1 | ISC | notice | yes |

### (not stated)

- d/d

### mit

- a/a
- b/b

### gpl-3.0, mit

- c/c

### isc

- e/e
`)
  const other = new LicenseCounts(COLUMNS)
  other.add({ license: 'isc' })
  const both = licensesPage('A', other, page)
  t.match(both, /## A\n[^]*\n## a\\_b\.ndjson\n/)
  t.equal(licensesPage('a_b.ndjson', counts, both), both, 'a section replaces the previous one')
})

t.test('the number and length of kept entries are limited', async t => {
  const counts = new LicenseCounts(COLUMNS, { mostRepositories: 2, mostLicenses: 2 })
  for (const repository of ['a', 'b', 'c', 'a', 'd']) counts.add({ license: 'mit', repo_name: repository })
  for (const license of ['isc', 'zlib', 'x'.repeat(1000)]) counts.add({ license })
  t.strictSame(counts.rows, [
    { license: 'mit', records: 5, repositories: ['a', 'b'], unlisted: 2 },
    { license: OTHERS, records: 2, repositories: [], unlisted: 0 },
    { license: 'isc', records: 1, repositories: [], unlisted: 0 }
  ])
  t.match(licensesPage('a', counts), /- and others: 2 records are of repositories that are not listed/)
  const long = new LicenseCounts(COLUMNS)
  long.add({ license: 'x'.repeat(1000) })
  t.equal(long.rows[0]!.license.length, 200)
})

t.test('without licence columns, all records have no stated licence', async t => {
  const counts = new LicenseCounts({ license: null, repository: null })
  counts.add({ license: 'mit' })
  t.match(counts.rows, [{ license: NOT_STATED, records: 1, repositories: [] }])
})
