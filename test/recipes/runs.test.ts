import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { PartialError } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import type { RunSummary } from '../../recipes/history/summary.ts'
import { type RunsResult, runs, runsText } from '../../recipes/runs.ts'
import { commandsHereIn } from '../commands.ts'
import { docs, failure, fixture, ndjsonOf, pattern, put, temporaryFolder } from '../helpers.ts'
import { type Test, t } from '../tap.ts'

const command = commandsHereIn(t)

interface Made {
  readonly folder: string
  readonly runsDir: string
  /**
   * Paths of two records: in the second run the filter differs, a component is new, one is missing, and a file has
   * changed.
   */
  readonly a: string
  readonly b: string
}

async function made (t: Test): Promise<Made> {
  const folder = temporaryFolder(t)
  const runsDir = join(folder, 'runs')
  const run = async (manifest: unknown): Promise<string> => {
    const path = put(folder, 'mix.yaml', JSON.stringify(manifest))
    return (await processMixture(path, {
      tokenizerPath: fixture('tiny.model'), logFile: join(folder, 'stats.json'), runsDir, overwrite: true
    })).run_record
  }
  const long = put(folder, 'long.ndjson', ndjsonOf(docs(9, 'a text of some length, '.repeat(3))))
  const short = put(folder, 'short.ndjson', ndjsonOf(docs(3)))
  const component = (name: string, minChars: number, files = [short, long]): unknown => ({
    name,
    dataset: 'json',
    data_files: files,
    seq_len: 16,
    sequences_per_shard: 4,
    output_dir: join(folder, name),
    filters: ['normalize', { length: { min_chars: minChars } }]
  })
  const a = await run([component('gone', 1), component('web', 1), component('same', 1, [long])])
  put(folder, 'short.ndjson', ndjsonOf(docs(4)))
  const b = await run([component('same', 1, [long]), component('web', 20), component('new', 1)])
  return { folder, runsDir, a, b }
}

t.test('records are listed, compared, and found by a shard', async t => {
  const { folder, runsDir, a, b } = await made(t)
  const options = { runsDir }

  await t.test('the list has the newest run first', async t => {
    const listed = await runs([], options) as RunSummary[]
    t.match(listed, [
      { name: 'mix', path: b },
      {
        name: 'mix',
        components: 3,
        path: a,
        stats: join(folder, 'stats.json'),
        manifest: join(folder, 'mix.yaml'),
        node: process.version
      }
    ])
    t.strictSame(await runs(['mix'], options), listed)
    t.match(await failure(runs(['mail'], options)), {
      code: 'ERR_RUN', message: /mail: no run of that name is recorded in .*runs, expected mix$/
    })
    const [head, first] = runsText(listed).split('\n')
    t.match(head, /^name +finished +hash +components +tokens +sluice +stats$/)
    t.match(first, new RegExp(`^mix +\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ +${listed[0]!.hash} +3 +[\\d,]+ ` +
      '+\\d+\\.\\d+\\.\\d+ +.*stats\\.json$'))
    t.match(runsText(await runs([], { runsDir: 'none' })), /^No run is recorded here/)
  })

  await t.test('diff shows the changes', async t => {
    const difference = await runs(['diff', a, basename(b, '.json')], options)
    t.match(difference, { before: a, after: b, tokenizer: { length: 0 }, versions: { length: 0 } })
    t.strictSame(difference.settings.map(({ path }) => path), [
      'datasets.gone', 'datasets.web.filters[1].length.min_chars', 'datasets.new'
    ])
    t.match(difference.settings[1], { before: 1, after: 20 })
    const file = `["${join(folder, 'short.ndjson')}"]`
    t.strictSame(difference.sources.map(({ path }) => path), [
      'gone', `web.files${file}.bytes`, `web.files${file}.modified_at_utc`, 'new'
    ])
    t.match(difference.numbers.filter(({ number }) => number === 'records'), [
      { component: 'gone', before: 12, after: null, difference: -12 },
      { component: 'web', before: 12, after: 9, difference: -3 },
      { component: 'new', before: null, after: 13, difference: 13 }
    ])
    const { same, other, removed, added } = difference.shards
    t.ok(same > 0 && other.length > 0 && removed.length > 3 && added.length > 3)
    t.strictSame(other.filter(path => !path.startsWith(join(folder, 'web/'))), [])
    t.match(removed, [join(folder, 'gone/shard_00000.npy')])
    const text = runsText(difference)
    t.match(text, '\nsettings\n  datasets.gone: {"dataset":"json"')
    t.match(text, '\n  datasets.web.filters[1].length.min_chars: 1 -> 20\n')
    t.match(text, '\nnumbers\n  gone.records: 12 -> (none) (-12)\n')
    t.match(text, '\n  new.records: (none) -> 13 (+13)\n')
    t.match(text, pattern(
      /\nshards\n {2}\d+ with another SHA-256: .*web\/.*\n/,
      / {2}\d+ removed: .*gone\/shard_00000\.npy, .*shard_00002\.npy and \d+ more\n {2}\d+ added: .*new/
    ))
    t.match(text, /\n\n\d+ of \d+ shards are the same\.$/)
    t.equal(runsText(await runs(['diff', a, a], options)), `${a} -> ${a}\n\nNothing changed.`)
  })

  await t.test('diff shows the tokenizer, the versions, and the settings of a manifest with keys', async t => {
    const other = JSON.parse(readFileSync(a, 'utf8')) as Record<string, unknown> & { manifest: { text: string } }
    const changed = put(folder, 'other.json', JSON.stringify({
      ...other,
      sluice: '9.0.0',
      tokenizer: { path: 'x', sha256: 'ab'.repeat(32), vocab_size: 9 },
      manifest: { ...other.manifest, text: `name: m\ndatasets: ${other.manifest.text}` }
    }))
    const difference = await runs(['diff', a, changed], options)
    t.strictSame(difference.settings, [{ path: 'name', before: undefined, after: 'm' }])
    t.match(difference, {
      tokenizer: [{ path: 'path' }, { path: 'sha256' }, { path: 'vocab_size', before: 85, after: 9 }],
      versions: [{ path: 'sluice', after: '9.0.0' }],
      numbers: { length: 0 },
      shards: { other: { length: 0 } }
    })
    for (const text of ['a: [', 'name: m', '3']) {
      const none = put(folder, 'none.json', JSON.stringify({ ...other, manifest: { ...other.manifest, text } }))
      t.match(await failure(runs(['diff', a, none], options)), {
        code: 'ERR_RUN', message: /none\.json: the manifest in it can't be read: /
      })
    }
  })

  await t.test('of finds the run that made a shard, at any path', async t => {
    const moved = join(folder, 'moved.npy')
    copyFileSync(join(folder, 'same/shard_00001.npy'), moved)
    const trace = await runs(['of', moved], options)
    t.match(trace, { shard: moved, sha256: sha256(readFileSync(moved)) })
    const made = trace.runs.filter(({ component }) => component === 'same')
    t.match(made, [{ path: b, made: join(folder, 'same/shard_00001.npy') }, { path: a }])
    t.match(runsText(trace), `${trace.sha256}  ${moved}\n`)
    t.match(runsText(trace), `made as ${join(folder, 'same/shard_00001.npy')}, ` +
      'of component same\n  run        mix, finished ')
    t.match(runsText(trace), `\n  record     ${b}\n`)
    writeFileSync(moved, 'x')
    t.match(await failure(runs(['of', moved], options)), {
      code: 'ERR_RUN', message: /moved\.npy: has SHA-256 2d71\w+, which is in no record in .*runs; was it changed/
    })
    t.match(await failure(runs(['of', join(folder, 'none.npy')], options)), {
      code: 'ERR_FILES', message: /none\.npy: no such file/
    })
    t.match(await failure(runs(['of', moved], options, { signal: AbortSignal.abort() })), { code: 'ERR_ABORTED' })
  })

  await t.test('other arguments are refused', async t => {
    for (const what of [['diff'.repeat(2), 'a'], ['diff', 'a'], ['diff', 'a', 'b', 'c'], ['of', 'a', 'b']]) {
      t.match(await failure(runs(what, options)), {
        code: 'ERR_USAGE', message: /expected nothing, NAME, show A, diff A B, or of SHARD/
      })
    }
  })

  await t.test('damaged records are skipped and reported, with exit code 1', async t => {
    const shard = join(folder, 'same/shard_00000.npy')
    const whole = await runs([], options) as RunsResult & RunSummary[]
    const damaged = put(folder, 'runs/mix/20200101T000000Z-0123456789ab.json', '{')
    const error = await failure(runs([], options)) as PartialError
    t.match(error, {
      code: 'ERR_RUN', exitCode: 1, isResult: true, message: `1 damaged record was left out\n${damaged}: is not JSON`
    })
    t.strictSame(error.partial, whole)
    put(folder, 'runs/mix/20200101T000000Z-0123456789ac.json', '{}')
    t.match(await failure(runs(['of', shard], options)), {
      code: 'ERR_RUN', message: /^2 damaged records were left out\n.*ab\.json.*\n.*ac\.json/, partial: { shard }
    })
    t.match(await failure(runs(['mail'], options)), { message: /expected mix\n.*ab\.json: is not JSON/ })
    t.match(await failure(runs(['diff', a, '0123456789ab'], options)), {
      code: 'ERR_RUN', message: /ab\.json: is not JSON/
    })
    t.match(await runs(['diff', a, b], options), { before: a }, 'both records are valid')
    const { code, stdout, stderr } = await command(['runs', 'mix', '--runs-dir', runsDir])
    t.match({ code, stdout, stderr }, {
      code: 1, stdout: `${runsText(whole)}\n`, stderr: /^sluice: 2 damaged records were left out\n.*\[ERR_RUN\]\n$/s
    })
  })
})

t.test('the command prints data with --json', async t => {
  const folder = temporaryFolder(t)
  const { code, stdout } = await command(['runs', '--runs-dir', join(folder, 'none'), '--json'])
  t.match({ code, stdout }, { code: 0, stdout: '[]\n' })
})

t.test('a pipe with the name of a record is not opened', async t => {
  const runsDir = join(temporaryFolder(t), 'runs')
  mkdirSync(join(runsDir, 'mix'), { recursive: true })
  const path = join(runsDir, 'mix/20260101T000000Z-0123456789ab.json')
  execFileSync('mkfifo', [path])
  t.match(await failure(runs([], { runsDir })), {
    code: 'ERR_RUN', message: /cannot be read: is not a regular file, or is longer than a record/
  })
})
