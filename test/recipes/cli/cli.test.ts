import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kebabCase } from '../../../lib/options.ts'
import { packageVersion } from '../../../lib/package.ts'
import { allCommands } from '../../../recipes/cli/commands.ts'
import { command as run, commandProcess } from '../../commands.ts'
import {
  answers, builtModule, docs, filesIn, fixture, isThorough, ndjsonOf, pattern, put, sluice, temporaryFolder
} from '../../helpers.ts'
import { t } from '../../tap.ts'

const commands = await allCommands()

t.test('every command has --help with all of its flags', async t => {
  const own = isThorough() ? commandProcess() : null
  const ask = own?.run ?? run
  const all = await ask(['--help'])
  t.equal(all.code, 0)
  for (const [name, { options }] of Object.entries(commands)) {
    t.match(all.stdout, new RegExp(`^  ${name} `, 'm'))
    const { code, stdout, stderr } = await ask([name, '--help'])
    t.match({ code, stderr }, { code: 0, stderr: '' })
    for (const key of [...Object.keys(options.shape), 'json', 'quiet', 'help']) {
      t.match(stdout, `--${kebabCase(key)}`, `${name} --${kebabCase(key)}`)
    }
    for (const field of Object.values(options.shape)) t.ok(field.description, `${name}: every option is described`)
    t.notMatch(stdout, /undefined|\[object/)
  }
  if (own !== null) t.match(await own.end(), { code: 0 })
})

t.test('--version prints the version', async t => {
  t.match(await run(['--version']), { code: 0, stdout: `${packageVersion()}\n` })
})

t.test('process-mixture and filter-corpus print results on standard output, as text or JSON', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.ndjson', ndjsonOf(answers().records))
  const manifest = put(folder, 'mix.yaml', `- { name: mill, dataset: json, data_files: '${file}', seq_len: 64, ` +
    `output_dir: '${folder}/shards' }`)
  const args = [
    'process-mixture', manifest, '--tokenizer-path', fixture('tiny.model'), '--log-file', join(folder, 'stats.json'),
    '--runs-dir', join(folder, 'runs')
  ]
  const first = await run(args)
  t.match(first, {
    code: 0,
    stderr: '',
    stdout: pattern(
      /^component +read +kept +tokens +sequences +seconds +MB\/s\nmill .*\n/,
      / {2}dropped: ndjson\.no_text 2\n/,
      / {2}\d+ shards? in .+\/shards; \d+ tokens are left over, too few for a sequence\n\n/,
      /Stats: .+\/stats\.json\nRecord of the run: .+\/runs\/mix\/\S+\.json\n$/
    )
  })
  const second = await run([...args, '--overwrite', '--json'])
  const { run_record: record, stats_path: path, ...stats } = JSON.parse(second.stdout) as Record<string, unknown>
  t.strictSame(stats, JSON.parse(readFileSync(join(folder, 'stats.json'), 'utf8')))
  t.equal(path, join(folder, 'stats.json'))
  t.match(record, /^.*\/runs\/mix\/\d{8}T\d{6}Z-[0-9a-f]{12}\.json$/)
  t.match(await run([...args, '--overwrite', '--quiet']), { code: 0, stdout: '', stderr: '' })
  const filtered = await run([
    'filter-corpus', '--data-files', file, file, '--target-lang', 'any', '--min-chars', '1', '--output-path',
    join(folder, 'out.ndjson'), '--json'
  ])
  t.match(JSON.parse(filtered.stdout), {
    read: answers().records.length * 2,
    kept: answers().records.filter(({ text }) => text).length
  })
})

t.test('filter-corpus to standard output prints only the data there', async t => {
  const { code, stdout } = await run([
    'filter-corpus', '--data-files', '-', '--target-lang', 'any', '--min-chars', '1', '--output-path', '-', '--quiet'
  ], { input: ndjsonOf(docs(2)) })
  t.match({ code, stdout }, { code: 0, stdout: ndjsonOf(docs(2)) })
})

t.test('check-tokenizer prints a line in the format of sha256sum', async t => {
  const { sha256 } = answers().models[0]!
  t.match(await run(['check-tokenizer', '--tokenizer-path', fixture('tiny.model')]), {
    code: 0, stdout: `${sha256}  ${fixture('tiny.model')}\n`
  })
})

t.test('a mixture with a failed component still prints the others, and exits with 1', async t => {
  const folder = temporaryFolder(t)
  const good = put(folder, 'good.ndjson', ndjsonOf(answers().records))
  const bad = put(folder, 'bad.ndjson', 'x\n')
  const manifest = put(folder, 'mix.yaml', `
- { name: bad, dataset: json, data_files: '${bad}', output_dir: '${folder}/bad' }
- { name: good, dataset: json, data_files: '${good}', seq_len: 64, output_dir: '${folder}/good' }
`)
  const ended = await run([
    'process-mixture', manifest, '--tokenizer-path', fixture('tiny.model'), '--log-file', join(folder, 'stats.json'),
    '--runs-dir', join(folder, 'runs')
  ])
  t.match(ended, {
    code: 1,
    stdout: /^good [^]*\n\nStats: .+stats\.json\n$/m,
    stderr: /sluice: 1 of 2 components failed\nbad: .*\[ERR_COMPONENT\]/
  })
})

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
  if (signal === 'SIGINT' || isThorough()) {
    t.test(`${signal} during a mixture: exit code ${code}, complete shards only`, async t => {
      const folder = temporaryFolder(t)
      // A named pipe without an end: the run stays in the middle for as long as needed.
      const manifest = put(folder, 'mix.yaml', '- { name: mill, dataset: json, data_files: \'-\', seq_len: 16, ' +
        `sequences_per_shard: 100, output_dir: '${folder}/shards' }`)
      const running = sluice([
        'process-mixture', manifest, '--tokenizer-path', fixture('tiny.model'), '--log-file',
        join(folder, 'stats.json'), '--runs-dir', join(folder, 'runs')
      ])
      const line = ndjsonOf(answers().records)
      const feed = setInterval(() => { running.child.stdin!.write(line) }, 20)
      while (!filesIn(folder).includes('shards/shard_00000.npy')) await new Promise(resolve => setTimeout(resolve, 10))
      running.child.kill(signal)
      const ended = await running
      clearInterval(feed)
      t.match(ended, { code, signal: null, stderr: /stopped.*\[ERR_ABORTED\]/ })
      t.strictSame(filesIn(folder).filter(name => !/^(mix\.yaml|shards\/shard_\d{5}\.(npy|docs))$/.test(name)), [])
    })
  }

  if (isThorough()) {
    t.test(`${signal} during filter-corpus leaves no file, and exits with ${code}`, async t => {
      const folder = temporaryFolder(t)
      const lines = ndjsonOf(docs(100))
      const running = sluice([
        'filter-corpus', '--data-files', '-', '--target-lang', 'any', '--min-chars', '1', '--dedup-window', '1',
        '--output-path', join(folder, 'out.ndjson.gz')
      ])
      const feed = setInterval(() => { running.child.stdin!.write(lines) }, 20)
      while (filesIn(folder).length === 0) await new Promise(resolve => setTimeout(resolve, 10))
      running.child.kill(signal)
      const ended = await running
      clearInterval(feed)
      t.match(ended, { code, signal: null, stderr: /\[ERR_ABORTED\]/ })
      t.strictSame(filesIn(folder), [])
    })
  }
}

t.test('if the data goes to standard output, the result goes elsewhere', async t => {
  const args = ['filter-corpus', '--data-files', '-', '--target-lang', 'any', '--min-chars', '1', '--output-path', '-']
  t.match(await run(args, { input: ndjsonOf(docs(2)) }), { code: 0, stdout: ndjsonOf(docs(2)), stderr: /^json +2 +2/m })
  const json = await run([...args, '--json'], { input: ndjsonOf(docs(2)) })
  t.match({ stdout: json.stdout, stats: JSON.parse(json.stderr) as unknown }, {
    stdout: ndjsonOf(docs(2)), stats: { kept: 2 }
  })
})

t.test('a closed reader of the result is no error', async t => {
  const running = sluice(['check-tokenizer', '--tokenizer-path', fixture('tiny.model')])
  running.child.stdout!.destroy()
  t.match(await running, { code: 0, stderr: '' })
})

t.test('an input is not replaced by its output', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.ndjson', ndjsonOf(docs(2)))
  t.match(await run(['filter-corpus', '--data-files', file, '--output-path', file]), {
    code: 2, stderr: /is an input as well.*\[ERR_OUTPUT_EXISTS\]/
  })
  t.match(await run(['shard-corpus', '--data-files', file, '--output', file]), {
    code: 2, stderr: /\[ERR_OUTPUT_EXISTS\]/
  })
  t.equal(readFileSync(file, 'utf8'), ndjsonOf(docs(2)))
})

t.test('a process that ends with unfinished work reports an error', async t => {
  const folder = temporaryFolder(t)
  const file = put(folder, 'a.ndjson', ndjsonOf(docs(3)))
  put(folder, 'stuck.mjs', `
    import { Stage } from ${JSON.stringify(builtModule('lib/stage/stage'))}
    export const stage = () => new Stage({ name: 'stuck', take: () => new Promise(() => {}) })`)
  const manifest = put(folder, 'mix.yaml', `- { name: a, dataset: json, data_files: '${file}', filters: [{ use: ` +
    `'${folder}/stuck.mjs' }], output_dir: '${folder}/shards' }`)
  const ended = await sluice([
    'process-mixture', manifest, '--tokenizer-path', fixture('tiny.model'), '--log-file', join(folder, 'stats.json'),
    '--runs-dir', join(folder, 'runs')
  ])
  t.match(ended, {
    code: 1, stdout: '', stderr: /ended before its work was done: .* a custom stage that doesn't call back/
  })
})
