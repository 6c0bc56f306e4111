import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { processMixture } from '../../../recipes/process-mixture.ts'
import { pull } from '../../../recipes/components/pull.ts'
import { corpusComponent, corpusOptions } from '../../../recipes/components/corpus.ts'
import { findComponent } from '../../../recipes/components/find.ts'
import type { Provenance } from '../../../recipes/provenance/schema.ts'
import { parseOptions } from '../../../lib/options.ts'
import { shardCorpus } from '../../../recipes/shard-corpus.ts'
import { z } from 'zod'
import type { FoundComponent } from '../../../recipes/manifest/found.ts'
import type { Flow } from '../../../recipes/flow/flow.ts'
import { commandsHereIn } from '../../commands.ts'
import {
  answers, builtModule, docs, failure, filesIn, fixture, howMany, isThorough, ndjsonOf, put, runProgram, temporaryFolder
} from '../../helpers.ts'

const command = commandsHereIn(t)

const pullsIn = (folder: string): Readonly<Record<string, Provenance>> => (JSON.parse(readFileSync(join(
  folder, 'provenance.json'
), 'utf8')) as { pulls: Readonly<Record<string, Provenance>> }).pulls
const component = (options: object): Promise<FoundComponent> =>
  findComponent(corpusComponent(parseOptions('test', z.strictObject(corpusOptions), options)), {})

t.test('a raw pull of files writes its provenance next to the output', async t => {
  const folder = temporaryFolder(t)
  const [dataFiles, output] = ['in/a.ndjson', 'raw/a.ndjson']
  const { mtime, size } = statSync(put(folder, dataFiles, ndjsonOf(docs(5))))
  const { code, stderr } = await command([
    'shard-corpus', '--data-files', dataFiles, '--output', output, '--limit', '3', '--license', 'CC BY-SA 3.0',
    '--name', 'it\'s'
  ], { cwd: folder })
  t.equal(code, 0, stderr)
  t.strictSame(filesIn(join(folder, 'raw')), ['README.md', 'a.ndjson', 'provenance.json'])
  const { modified_at_utc: modified, ...file } = pullsIn(join(folder, 'raw'))['a.ndjson']!.files[0]!
  t.strictSame(file, { path: dataFiles, bytes: size, sha256: null, git_oid: null })
  t.equal(modified, mtime.toISOString())
  t.match(pullsIn(join(folder, 'raw')), {
    'a.ndjson': {
      source: { dataset: 'json', subset: null, split: 'train', revision: null, commit: null, url: null },
      license: {
        found: ['CC BY-SA 3.0'],
        read_from: 'the user who pulled it',
        card_sha256: null,
        spdx: 'CC-BY-SA-3.0',
        redistributable: 'yes'
      },
      filters: [],
      limit: 3,
      columns: null,
      records: 3,
      command: `sluice shard-corpus --data-files ${dataFiles} --output ${output} --limit 3 --license 'CC BY-SA ` +
        '3.0\' --name \'it\'\\\'\'s\'',
      output: { path: output, bytes: statSync(join(folder, output)).size }
    }
  })
})

t.test('an output that is no file has no provenance', async t => {
  const folder = temporaryFolder(t)
  const { code, stdout } = await command(['shard-corpus', '--data-files', '-', '--output', '-'], {
    cwd: folder, input: ndjsonOf(docs(1))
  })
  t.match({ code, stdout }, { code: 0, stdout: /some text 0/ })
  t.strictSame(filesIn(folder), [])
  t.match(await pull(
    await component({ dataFiles: put(folder, 'a.ndjson', ndjsonOf(docs(2))) }), '/dev/null', { checkpointEvery: 100 }
  ), { kept: 2 })
})

t.test('standard input is a file without size and date', async t => {
  const folder = temporaryFolder(t)
  const { code } = await command(['shard-corpus', '--data-files', '-', '--output', 'a.txt'], {
    cwd: folder, input: ndjsonOf(docs(1))
  })
  t.equal(code, 0)
  t.match(pullsIn(folder), {
    'a.txt': {
      files: [{ path: '-', bytes: null, modified_at_utc: undefined }],
      license: { found: [], read_from: null, redistributable: 'unknown' }
    }
  })
})

t.test('code: records are counted by licence', async t => {
  const folder = temporaryFolder(t)
  const records = [['mit', 'a/a'], ['mit', 'b/b'], ['gpl-3.0', 'c/c']].map(([license, name], i) => ({
    id: i, content: `text ${i}`, license, repo_name: name
  }))
  const dataFiles = put(folder, 'in/a.ndjson', ndjsonOf(records))
  await shardCorpus({ dataFiles, textColumn: 'content', output: join(folder, 'raw/a.ndjson.gz') })
  t.match(
    readFileSync(join(folder, 'raw/LICENSES.md'), 'utf8'),
    /\| mit \| 2 \| MIT \| notice \| yes \|\n\| gpl-3\.0 \| 1 [^]*### mit\n\n- a\/a\n- b\/b\n/
  )
  await shardCorpus({ dataFiles, textColumn: 'content', output: join(folder, 'text/a.txt') })
  t.notOk(existsSync(join(folder, 'text/LICENSES.md')), 'plain text has no licence file')
  await shardCorpus({ dataFiles: put(folder, 'in/b.ndjson', ''), output: join(folder, 'empty/b.ndjson') })
  t.strictSame(filesIn(join(folder, 'empty')), ['README.md', 'b.ndjson', 'provenance.json'])

  const stop = new AbortController()
  const stopped = shardCorpus(
    { dataFiles, textColumn: 'content', output: join(folder, 'stopped/a.ndjson') },
    { signal: stop.signal, watch: () => () => { stop.abort() } }
  )
  t.match(await failure(stopped), {
    code: 'ERR_ABORTED', message: /a\.ndjson: stopped; the file is complete, but its provenance is not written yet/
  })
  t.strictSame(filesIn(join(folder, 'stopped')), ['a.ndjson', 'a.ndjson.checkpoint.json'])
  await shardCorpus({ dataFiles, textColumn: 'content', output: join(folder, 'stopped/a.ndjson') })
  t.strictSame(filesIn(join(folder, 'stopped')), ['LICENSES.md', 'README.md', 'a.ndjson', 'provenance.json'])
})

t.test('a resumed pull keeps its start time', async t => {
  const folder = temporaryFolder(t)
  const output = join(folder, 'raw/a.ndjson')
  const options = {
    dataFiles: put(folder, 'a.ndjson', ndjsonOf(docs(howMany(1200, 2000)))), output, checkpointEvery: 100
  }
  const stop = new AbortController()
  const watch = ({ source }: Flow): (() => void) => {
    const timer = setInterval(() => { if (source.stats.out > 500) stop.abort() })
    return () => { clearInterval(timer) }
  }
  t.match(await failure(shardCorpus(options, { signal: stop.signal, watch })), { code: 'ERR_ABORTED' })
  t.strictSame(filesIn(join(folder, 'raw')), ['a.ndjson.checkpoint.json', 'a.ndjson.partial'],
    'a partial pull has no provenance yet')
  const stopped = new Date().toISOString()
  await new Promise(resolve => setTimeout(resolve, 20))
  await shardCorpus(options)
  const { retrieved_at_utc: retrieved, records } = pullsIn(join(folder, 'raw'))['a.ndjson']!
  t.equal(records, howMany(1200, 2000))
  t.ok(retrieved.begun <= stopped && stopped < retrieved.finished, `${retrieved.begun}, ${stopped}, ` +
    retrieved.finished)
})

t.test('after a kill between records and provenance, only the provenance is written', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'in/a.ndjson', ndjsonOf(docs(3)))
  const output = join(folder, 'raw/a.ndjson')
  const told: string[] = []
  const again = async (): Promise<unknown> => await pull(await component({ dataFiles }), output, {
    checkpointEvery: 100, tell: message => { told.push(message) }
  })
  await pull(await component({ dataFiles }), output, { checkpointEvery: 100, keep: true })
  for (const name of ['README.md', 'provenance.json']) rmSync(join(folder, 'raw', name))
  const held = `const { lock } = await import(${JSON.stringify(builtModule('lib/output/lock'))}); ` +
    `await lock(${JSON.stringify(join(folder, 'raw/provenance.json.lock'))}, 'provenance.json'); ` +
    'process.kill(process.pid, \'SIGKILL\')'
  t.throws(() => runProgram(process.execPath, ['--input-type=module', '-e', held]))
  t.ok(filesIn(join(folder, 'raw')).includes('provenance.json.lock'))
  await again()
  t.strictSame(filesIn(join(folder, 'raw')), ['README.md', 'a.ndjson', 'provenance.json'])
  t.match(told, [/is finished, and up to date/])
  await again()
  t.equal(told.length, 1, 'then it is pulled again')

  if (!isThorough()) return
  await pull(await component({ dataFiles }), output, { checkpointEvery: 100, keep: true })
  t.throws(() => runProgram(process.execPath, ['--input-type=module', '-e', held]))
  await again()
  t.strictSame(filesIn(join(folder, 'raw')), ['README.md', 'a.ndjson', 'provenance.json'])
})

t.test('raw_dir is written once per component', async t => {
  const folder = temporaryFolder(t)
  const [data, raw] = [put(folder, 'in/a.ndjson', ndjsonOf(answers().records)), join(folder, 'raw')]
  const of = (name: string): object => ({
    name,
    dataset: 'json',
    data_files: data,
    license: 'mit',
    seq_len: 64,
    raw_dir: raw,
    output_dir: join(folder, 'shards', name),
    filters: ['normalize']
  })
  const manifest = put(folder, 'mix.yaml', JSON.stringify([of('a'), of('b')]))
  const options = {
    tokenizerPath: fixture('tiny.model'),
    logFile: join(folder, 'stats.json'),
    runsDir: join(folder, 'runs'),
    concurrency: 2
  }
  const first = await processMixture(manifest, options)
  t.match(pullsIn(raw), {
    'a.ndjson.gz': { filters: [], command: null, records: answers().records.length - 2 }, 'b.ndjson.gz': {}
  })
  const record = join(raw, 'provenance.json')
  t.match(first.licenses, [
    {
      found: [
        { license: 'mit', read_from: manifest },
        { license: 'mit', read_from: `${record}, from the user who pulled it` }
      ]
    },
    {}
  ])
  const page = readFileSync(join(raw, 'README.md'), 'utf8')
  t.strictSame(await processMixture(manifest, options), first)
  t.equal(readFileSync(join(raw, 'README.md'), 'utf8'), page)

  for (const name of ['provenance.json', 'README.md']) rmSync(join(raw, name))
  await processMixture(manifest, options)
  t.equal(
    pullsIn(raw)['a.ndjson.gz']!.retrieved_at_utc.begun, statSync(join(raw, 'a.ndjson.gz')).mtime.toISOString(),
    'an earlier pull has the time at which it finished'
  )
})

t.test('a path that holds another file is reported', async t => {
  const folder = temporaryFolder(t)
  const dataFiles = put(folder, 'in/a.ndjson', ndjsonOf(docs(2)))
  writeFileSync(put(folder, 'raw/README.md', ''), '# mine')
  const told: string[] = []
  await pull(await component({ dataFiles, dataset: 'json' }), join(folder, 'raw/a.ndjson'), {
    checkpointEvery: 100, tell: message => { told.push(message) }
  })
  t.match(told, [/raw\/README\.md was not made by sluice and is left unchanged/])
})
