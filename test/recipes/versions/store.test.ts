import * as promises from 'node:fs/promises'
import { existsSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import * as store from '../../../recipes/versions/store.ts'
import { failure, mocked, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

t.test('versions sort by name, and the link names the current one', async t => {
  const folder = join(temporaryFolder(t), 'versions')
  t.match(await store.readVersions(folder, 'mix'), { verified: [], current: null, unfinished: null })
  const a = await store.createVersion(await store.readVersions(folder, 'mix'), 'mix', { 'o/n@main': 'a'.repeat(40) })
  const started = await store.readVersions(folder, 'mix')
  t.match(started, { verified: [], current: null, unfinished: { name: a.name, info: a.info } })
  await store.makeCurrent(started, a)
  const b = await store.createVersion(await store.readVersions(folder, 'mix'), 'mix', {})
  t.ok(b.name > a.name, 'even in the same second')
  const both = await store.readVersions(folder, 'mix')
  t.match(both, { current: { name: a.name }, unfinished: { name: b.name, info: { previous: a.name } } })
  // Killed after the switch, before the version has its date.
  rmSync(join(folder, 'current'))
  symlinkSync(b.name, join(folder, 'current'))
  const switched = await store.readVersions(folder, 'mix')
  t.match(switched, { current: { name: b.name }, unfinished: null, verified: [{ name: b.name }, { name: a.name }] })
  rmSync(join(folder, 'current'))
  symlinkSync('elsewhere', join(folder, 'current'))
  t.match(await failure(store.readVersions(folder, 'mix')), {
    code: 'ERR_OUTPUT_EXISTS', message: /current: names elsewhere, which is not a version there; make it name one/
  })
})

t.test('a file names the current version where links can\'t be made', async t => {
  const folder = temporaryFolder(t)
  const symlink = (): Promise<never> => Promise.reject(Object.assign(new Error('no links'), { code: 'EPERM' }))
  const noLinks = await mocked<typeof store>(
    t, 'recipes/versions/store', { 'node:fs/promises': { ...promises, symlink } }
  )
  const version = await noLinks.createVersion(await noLinks.readVersions(folder, 'mix'), 'mix', {})
  await noLinks.makeCurrent(await noLinks.readVersions(folder, 'mix'), version)
  t.equal(readFileSync(join(folder, 'CURRENT'), 'utf8'), `${version.name}\n`)
  t.notOk(existsSync(join(folder, 'current')))
  const versions = await noLinks.readVersions(folder, 'mix')
  t.match(versions, { current: { name: version.name, info: { verified_at_utc: String } }, unfinished: null })
  await store.makeCurrent(versions, version)
  t.equal(readlinkSync(join(folder, 'current')), version.name)
  t.notOk(existsSync(join(folder, 'CURRENT')))
  put(folder, `${version.name}/version.json`, '{}')
  t.match(await failure(store.readVersions(folder, 'mix')), { code: 'ERR_OUTPUT_EXISTS' }, 'a damaged version')
})
