/** Versions of a mixture: what is made again, what is reused, and which version is current. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunError } from '../../../recipes/mixture/run-mixture.ts'
import { run, runText } from '../../../recipes/run.ts'
import { verify } from '../../../recipes/verify.ts'
import { docs, failure, filesIn, ndjsonOf, put } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { BOOKS, WEB, inodes, outcomes, stateOf, versioned, yamlOf } from './versioned.ts'

const NEW = ndjsonOf(docs(20).map((document, i) => ({ ...document, text: `a new text ${i}` })))

t.test('the first run makes a version, and the next one finds nothing to do and writes nothing', async t => {
  const { folder, versions, run, current } = versioned(t)
  const planned = await run({ dryRun: true })
  t.notOk(existsSync(versions), 'a dry run writes nothing')
  t.strictSame(planned.version?.why, ['it is the first one'])
  t.match(runText(planned), /A new version would be made:\n {2}it is the first one$/)

  const first = await run()
  const path = join(versions, current())
  t.match(current(), /^\d{8}T\d{6}Z$/)
  t.match(first, { stats_path: join(path, 'stats.json'), version: { current: path, previous: null, changes: null } })
  t.match(runText(first), `Version ${path} is verified, and current.`)
  t.strictSame(outcomes(first), [
    'all check-tokenizer: done', 'web acquire: done', 'web process: done', 'books process: done', 'all verify: done'
  ])
  const { totals: { shards } } = await verify(join(versions, 'current/stats.json'), {
    inventory: join(folder, 'other.md'), inventoryJson: join(folder, 'other.json')
  })
  t.ok(shards > 2)
  t.strictSame(readdirSync(path).sort(), [
    'changes.json', 'filtered', 'raw', 'rejects', 'run.json', 'shards', 'stats.inventory.json', 'stats.json',
    'version.json'
  ])

  const before = stateOf(folder)
  const second = await run()
  t.strictSame(stateOf(folder), before)
  t.strictSame(second.version, { current: path, previous: path, why: [], changes: null, removed: [] })
  t.equal(runText(second), `Nothing has changed since version ${path}.`)
})

t.test('a new file makes one component again, and the files of the others are linked', async t => {
  const { folder, versions, run, current } = versioned(t)
  await run()
  const old = join(versions, current())
  const before = stateOf(old)
  put(folder, 'web/b.ndjson', NEW)
  const report = await run()
  const path = join(versions, current())
  t.not(path, old)
  t.strictSame(outcomes(report), [
    'all check-tokenizer: done', 'web acquire: done', 'web process: done', 'books process: reused', 'all verify: done'
  ])
  t.match(report.version, { why: [/^web: .*b\.ndjson: is an input now, was not before/], previous: old, current: path })
  for (const part of ['shards/books', 'filtered', 'rejects']) {
    const linked = inodes(join(path, part))
    t.ok(linked.size > 0)
    t.strictSame(linked, inodes(join(old, part)), part)
  }
  t.strictSame(stateOf(old), before, 'the old version is unchanged')
  const { changes } = report.version!
  t.strictSame(JSON.parse(readFileSync(join(path, 'changes.json'), 'utf8')), JSON.parse(JSON.stringify(changes)))
  t.match(changes, {
    settings: { length: 0 },
    tokenizer: { length: 0 },
    sources: [{ path: /^web\.files\[".*b\.ndjson"\]$/ }],
    numbers: [
      { component: 'web', number: 'records', before: 40, after: 60 }, { number: 'kept' }, { number: 'tokens' },
      { number: 'sequences' }
    ]
  })
  t.match(runText(report), /numbers\n {2}web\.records: 40 -> 60 \(\+20\)/)

  t.test('the version has the bytes of one that is made from nothing', async t => {
    const fresh = join(folder, 'fresh')
    await run({ versions: fresh })
    const made = join(fresh, 'current')
    const names = filesIn(join(made, 'shards')).filter(name => name.endsWith('.npy'))
    t.ok(names.length > 2)
    for (const name of names) {
      t.ok(readFileSync(join(made, 'shards', name)).equals(readFileSync(join(path, 'shards', name))), name)
    }
    t.strictSame(
      filesIn(join(path, 'raw')).sort(), filesIn(join(made, 'raw')).sort(), 'the same files of provenance'
    )
  })
})

t.test('changes of filters, licences and components are reported', async t => {
  const { versions, run, current, write } = versioned(t)
  await run()
  const old = join(versions, current())
  write(yamlOf([WEB.replace('MIT', 'CC0-1.0'), BOOKS.replace('filtered_dir', 'filters: [length: { min_chars: 12 }], ' +
    'filtered_dir')]))
  const report = await run()
  const path = join(versions, current())
  t.strictSame(outcomes(report).slice(1), [
    'web acquire: reused', 'web process: reused', 'books process: done', 'all verify: done'
  ])
  t.match(report.version!.why, ['the manifest has changed', /^books: .*min_chars/])
  t.match(report.version!.changes, { licenses: [{ path: 'web', before: 'MIT', after: 'CC0-1.0' }] })
  t.match(runText(report), /\nlicences\n {2}web: "MIT" -> "CC0-1.0"\n/)
  const provenance = (folder: string): { pulls: Record<string, { output: { path: string } }> } =>
    JSON.parse(readFileSync(join(folder, 'raw/provenance.json'), 'utf8')) as ReturnType<typeof provenance>
  t.equal(provenance(path).pulls['web.ndjson.gz']!.output.path.endsWith(`${current()}/raw/web.ndjson.gz`), true)
  t.strictSame(
    { ...provenance(path).pulls['web.ndjson.gz'], output: null },
    { ...provenance(old).pulls['web.ndjson.gz'], output: null }
  )

  write(yamlOf([WEB.replace('MIT', 'CC0-1.0')]))
  const removed = await run()
  t.notOk(existsSync(join(versions, current(), 'shards/books')))
  t.match(removed.version!.changes, { settings: [{ path: 'datasets.books' }], shards: { removed: { length: 2 } } })
})

t.test('a failed verification leaves the old version current, and the next run makes the damaged shards again',
  async t => {
    const { folder, versions, run, current } = versioned(t)
    await run()
    const old = current()
    const before = stateOf(join(versions, old))
    put(folder, 'web/b.ndjson', NEW)
    const made = (): string => join(versions, readdirSync(versions).filter(name => name > old && name < 'c').at(-1)!)
    let isDamaged = false
    // It is called when the shards are made, before they are verified.
    const damage = (): Promise<null> => {
      if (isDamaged) return Promise.resolve(null)
      isDamaged = true
      const shard = join(made(), 'shards/web/shard_00000.npy')
      const bytes = readFileSync(shard)
      bytes[bytes.length - 4]! ^= 1
      writeFileSync(shard, bytes)
      return Promise.resolve(null)
    }
    const error = await failure(run({}, { licenseOf: damage }))
    t.match(error, { code: 'ERR_VERIFY', report: { version: { current: join(versions, old) } } })
    t.match((error as Error).message, new RegExp(`${made()} is not finished, and the next run resumes it; ` +
      `${join(versions, old)} stays the current version$`))
    t.equal(current(), old)
    t.strictSame(stateOf(join(versions, old)), before)
    const version = made()
    const report = await run()
    t.equal(join(versions, current()), version, 'the same version is resumed')
    t.strictSame(outcomes(report).slice(1), [
      'web acquire: up to date', 'web process: done again', 'books process: up to date', 'all verify: done'
    ])
    t.strictSame(report.version!.why, ['an earlier run has not finished it'])
  })

t.test('a component that fails leaves the old version current; the next run makes only that component', async t => {
  const { folder, versions, run, current } = versioned(t)
  await run()
  const old = current()
  put(folder, 'web/b.ndjson', '{"text": \n'.repeat(50))
  const error = await failure(run())
  t.match(error, { code: 'ERR_COMPONENT', message: /the next run resumes it; .* stays the current/ })
  t.ok(runText((error as RunError).report).endsWith(`No new version was made. ${join(versions, old)} stays current.`))
  t.equal(current(), old)
  put(folder, 'web/b.ndjson', NEW)
  const report = await run()
  t.not(current(), old)
  t.strictSame(outcomes(report).slice(1), [
    'web acquire: done', 'web process: done', 'books process: up to date', 'all verify: done'
  ])
  t.equal(readdirSync(versions).filter(name => name < 'c').length, 2)
})

t.test('keep deletes the oldest verified versions, and nothing else', async t => {
  const { folder, versions, run, current, told } = versioned(t)
  put(versions, '20200101T000000Z/notes.txt', 'not a version')
  const names: string[] = []
  for (let i = 0; i < 3; i++) {
    put(folder, `web/${i}.ndjson`, NEW.replaceAll('new', `new ${i}`))
    await run()
    names.push(current())
  }
  put(versions, '20200102T000000Z.tmp/file', 'left by a killed run')
  t.strictSame(names, names.toSorted())
  put(folder, 'web/3.ndjson', NEW)
  const { version } = await run({ keep: 2 })
  t.strictSame(version!.removed, [join(versions, names[1]!), join(versions, names[0]!)])
  t.strictSame(readdirSync(versions).sort(), ['20200101T000000Z', names[2], current(), 'current'])
  t.match(runText({ ...(await run({ keep: 1 })) }), /^Nothing has changed/)
  t.ok(existsSync(join(versions, names[2]!)), 'nothing is deleted when nothing has changed')
  t.match(told.at(-1), /./)
})

t.test('a manifest or a folder that versions can\'t use is refused before anything is written', async t => {
  const { folder, versions, run: runIn, write, manifest } = versioned(t)
  const web = WEB.replace('output_dir: shards/web', 'output_dir: DIR/out').replace('raw_dir: raw', 'raw_dir: ../raw')
  write(yamlOf([web, BOOKS]).replace('stats.json', 'run.json'))
  t.match(await failure(runIn()), {
    code: 'ERR_MANIFEST',
    message: new RegExp('stats is run\\.json, which is a file of each version.*\n.*output_dir of web is .*/out; ' +
      'with --if-changed, expected .*\n.*raw_dir of web is \\.\\./raw')
  })
  t.notOk(existsSync(versions))
  write(yamlOf([WEB, BOOKS]))
  t.match(await failure(runIn({ versions: folder })), {
    code: 'ERR_MANIFEST', message: /data_files names .*a\.ndjson, which is in .*, the folder of versions/
  })
  t.match(await failure(run(manifest, { keep: 2 })), { code: 'ERR_OPTION', message: /set it, or leave them out/ })
  put(versions, 'current', 'mine')
  t.match(await failure(runIn()), { code: 'ERR_OUTPUT_EXISTS', message: /current: is not a link/ })
  rmSync(join(versions, 'current'))
  await runIn()
  write(yamlOf([WEB, BOOKS]).replace('name: mix', 'name: other'))
  t.match(await failure(runIn()), { code: 'ERR_OUTPUT_EXISTS', message: /is a version of mix, expected .* of other/ })
})
