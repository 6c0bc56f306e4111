/** Runs that are killed while they make a version. */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Random } from '../../fuzz.ts'
import { ROOT, docs, filesIn, howMany, ndjsonOf, put } from '../../helpers.ts'
import { t } from '../../tap.ts'
import { stateOf, versioned } from './versioned.ts'

/** Versions that are made, each by runs of which the first ones are killed. */
const VERSIONS = howMany(1, 10)
const KILLS = howMany(1, 3)

t.test('a killed run is resumed, and readers see a whole version at any time', async t => {
  const { folder, versions, manifest, run } = versioned(t)
  const pristine = join(folder, 'pristine')
  await run()
  cpSync(versions, pristine, COPY)
  put(folder, 'web/b.ndjson', ndjsonOf(docs(20).map((document, i) => ({ ...document, text: `a new text ${i}` }))))
  const attempt = (count: number): Attempt => {
    const driver = join(ROOT, 'dist/test/recipes/versions/killed-run.js')
    const runs = join(folder, 'runs')
    const { signal, stdout, stderr } = spawnSync(
      process.execPath, [driver, manifest, versions, runs, String(count)], { encoding: 'utf8' }
    )
    if (signal === null && stdout === '') throw new Error(stderr)
    return { signal, changes: Number(stdout) }
  }
  const { changes } = attempt(1e9)
  t.ok(changes > 50, `${changes} changes of names`)
  const expected = contentOf(versions)

  const random = new Random(5)
  const killedAfter: number[] = []
  for (let i = 0; i < VERSIONS; i++) {
    rmSync(versions, { recursive: true })
    cpSync(pristine, versions, COPY)
    const first = readlinkSync(join(versions, 'current'))
    const old = [...stateOf(join(versions, first))]
    for (let kills = 0, isDone = false; !isDone; kills++) {
      const count = kills < KILLS ? 1 + random.below(changes) : 1e9
      isDone = attempt(count).signal === null
      if (!isDone) killedAfter.push(count)
      const isOld = readlinkSync(join(versions, 'current')) === first
      if (isOld) t.strictSame([...stateOf(join(versions, first))], old, `after ${count}: the old version is whole`)
      else t.strictSame(contentOf(versions), expected, `after ${count}: the new version is whole`)
    }
    t.not(readlinkSync(join(versions, 'current')), first)
    t.strictSame(filesIn(versions).filter(name => /tmp|partial|lock/.test(name)), [])
  }
  t.ok(killedAfter.length >= VERSIONS, `killed after ${killedAfter.join(', ')}`)
})

/** With times and links as they are. */
const COPY = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true } as const

t.test('two runs at once: the second one is refused', async t => {
  const { run } = versioned(t)
  const results = await Promise.allSettled([run(), run()])
  t.match(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.match(results.find(({ status }) => status === 'rejected'), { reason: { code: 'ERR_LOCKED' } })
  t.strictSame((await run()).version!.why, [])
})

interface Attempt {
  readonly signal: string | null
  /** How many names it has changed, if it has ended. */
  readonly changes: number
}

/** What readers of the current version find in it, without dates, durations and the version's name. */
function contentOf (versions: string): Array<[string, string]> {
  const name = readlinkSync(join(versions, 'current'))
  const current = join(versions, name)
  const wanted = filesIn(current).filter(file => /\.(?:npy|gz|ndjson)$|^stats\.json$/.test(file)).sort()
  return wanted.map(file => {
    const bytes = readFileSync(join(current, file))
    if (file.endsWith('.gz')) return [file, gunzipSync(bytes).toString()]
    if (!file.endsWith('.json')) return [file, bytes.toString('latin1')]
    const text = bytes.toString().replaceAll(`${versions}/${name}`, 'VERSION')
    const json = JSON.parse(text, (key, value: unknown) => /seconds$|_utc$/.test(key) ? undefined : value) as unknown
    return [file, JSON.stringify(json)]
  })
}
