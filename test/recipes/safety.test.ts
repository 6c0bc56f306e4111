/** Commands don't replace files of others, follow their links, or print their control characters. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../tap.ts'
import { makeFolder } from '../../lib/output/output.ts'
import { checkCoverage } from '../../recipes/check-coverage.ts'
import { checkTokenizer } from '../../recipes/check-tokenizer.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { run } from '../../recipes/run.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import { verify } from '../../recipes/verify.ts'
import { commandsHereIn } from '../commands.ts'
import {
  NEEDS_PROC, ROOT, contentIn, failure, filesIn, fixture, folderInMemory, howMany, put
} from '../helpers.ts'
import { MODEL, smallMixture } from './small-mixture.ts'

const command = commandsHereIn(t)

t.test('no file of another kind is replaced, and nothing is written', async t => {
  const { folder, manifest, options } = smallMixture(t)
  const thesis = put(folder, 'thesis.docx', 'years of work')
  const before = contentIn(folder)
  const refused = { code: 'ERR_OUTPUT_EXISTS', message: /would replace it; name another file/ }
  t.match(
    await failure(processMixture(manifest, { ...options, logFile: thesis, overwrite: true, restart: true })), refused
  )
  t.match(await failure(shardCorpus({
    dataFiles: join(folder, 'in.ndjson'),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'out'),
    logFile: thesis,
    overwrite: true
  })), refused)
  t.match(await failure(checkTokenizer({ tokenizerPath: MODEL, metadataJson: thesis })), refused)
  const table = put(folder, 'table.json', '{"rows":[]}')
  t.match(await failure(checkCoverage(join(folder, 'in.ndjson'), { tokenizerPath: MODEL, output: table })), refused)
  const ndjson = join(folder, 'own.ndjson')
  writeFileSync(ndjson, '{"text":"mine"}\n')
  t.match(await failure(shardCorpus({
    dataFiles: join(folder, 'in.ndjson'),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'out'),
    logFile: join(folder, 'l.json'),
    rejects: ndjson
  })), refused)
  t.strictSame(contentIn(folder), { ...before, 'table.json': '{"rows":[]}', 'own.ndjson': '{"text":"mine"}\n' })
  await processMixture(manifest, options)
  t.match(
    await failure(verify(join(folder, 'stats.json'), { inventory: join(folder, 'i.md'), inventoryJson: table })),
    refused
  )
  await processMixture(manifest, { ...options, restart: true })
  t.equal(readFileSync(thesis, 'utf8'), 'years of work')
})

t.test('stats in place of a shard, and nested folders, are mistakes in the manifest', async t => {
  const { folder, write, options } = smallMixture(t)
  const mistake = async (manifest: string): Promise<string> => {
    const error = await failure(processMixture(manifest, options)) as Error & { code: string }
    t.match(error, { code: 'ERR_MANIFEST', message: /mix\.yaml:1:\d+: / })
    return error.message
  }
  t.match(await mistake(put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'o1/shard_00000.npy'),
    datasets: [{ name: 'a', dataset: 'json', data_files: join(folder, 'in.ndjson'), output_dir: join(folder, 'o1') }]
  }))), /has the name of a shard/)
  const two = (first: object, second: object, top: object = {}): string => {
    const component = (name: string, more: object): object => ({
      name, dataset: 'json', data_files: join(folder, 'in.ndjson'), output_dir: join(folder, name), ...more
    })
    return put(
      folder, 'mix.yaml', JSON.stringify({ ...top, datasets: [component('a', first), component('b', second)] })
    )
  }
  t.match(
    await mistake(two({}, { output_dir: join(folder, 'a/.next') })),
    /a\/\.next is in .*\/a, which is the output_dir of this mixture/
  )
  t.match(await mistake(two({ raw_dir: join(folder, 'b/raw') }, {})), /b\/raw is in/)
  t.match(await mistake(two({}, {}, { tokenizer_output_dir: join(folder, 'a/tokenizer') })), /a\/tokenizer is in/)
  mkdirSync(join(folder, 'real'))
  execFileSync('ln', ['-s', join(folder, 'real'), join(folder, 'link')])
  t.match(
    await mistake(two({ output_dir: join(folder, 'real') }, { output_dir: join(folder, 'link') })),
    /is the same folder as/
  )
  t.match(
    await mistake(two({ output_dir: join(folder, 'real') }, { output_dir: join(folder, 'link/b') })),
    /link\/b is in .*real/
  )
  t.match(
    await mistake(write({ name: 'a\nb' })), /expected a name without control characters and line breaks, got "a\\nb"/
  )
  t.match(await mistake(write({ output_dir: join(folder, 'a\x1b[31m') })), /expected a name without control characters/)
  t.strictSame(filesIn(folder).filter(name => name.includes('shard')), [])
})

t.test('reports among the shards are refused before any shard is made', async t => {
  const { folder, manifest, write, options } = smallMixture(t)
  const among = {
    code: 'ERR_OPTION',
    message: /out\/[^/]*: is among the shards in .*\/out, where only shards and their checkpoint may be; name another/
  }
  const at = (name: string): string => join(folder, 'out', name)
  const coverage = { manifest, tokenizerPath: MODEL }
  t.match(await failure(processMixture(manifest, { ...options, logFile: at('stats.json') })), among)
  t.match(await failure(shardCorpus({
    dataFiles: join(folder, 'in.ndjson'),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'out'),
    logFile: at('stats.json')
  })), among)
  t.match(await failure(shardCorpus({
    dataFiles: join(folder, 'in.ndjson'),
    tokenizerPath: MODEL,
    outputDir: join(folder, 'out'),
    logFile: join(folder, 's.json'),
    rejects: at('bad.ndjson')
  })), among)
  t.match(await failure(checkCoverage(undefined, { ...coverage, output: at('coverage.json') })), among)
  t.match(await failure(trainTokenizer({
    manifest, vocabSize: 300, outputDir: join(folder, 'tokenizer'), logFile: at('log.json')
  })), among)
  t.match(await failure(run(manifest, { ...options, inventory: at('inventory.md') })), among)
  t.match(await failure(run(manifest, { ...options, inventoryJson: at('inventory.json'), dryRun: true })), among)
  const thesis = put(folder, 'thesis.md', 'years of work')
  t.match(await failure(run(manifest, { ...options, inventory: thesis })), { code: 'ERR_OUTPUT_EXISTS' })
  t.match(await failure(run(manifest, { ...options, inventoryJson: join(folder, 'stats.json') })), {
    code: 'ERR_OPTION', message: /would be written twice/
  })
  t.match(await failure(processMixture(write({ rejects: at('bad.ndjson') }), options)), {
    code: 'ERR_MANIFEST', message: /is among the shards/
  })
  for (const key of ['filtered_dir', 'raw_dir']) {
    t.match(await failure(processMixture(write({ [key]: join(folder, 'out') }), options)), {
      code: 'ERR_MANIFEST', message: /is the same folder as/
    }, key)
  }
  t.strictSame(filesIn(folder), ['in.ndjson', 'mix.yaml', 'thesis.md'])
  write()
  await processMixture(manifest, options)
  t.match(await failure(verify(join(folder, 'stats.json'), { inventory: at('inventory.md') })), among)
  t.match(await failure(verify(join(folder, 'stats.json'), {
    inventory: join(folder, 'i.md'), inventoryJson: at('i.json')
  })), among)
})

t.test('a .next folder of others is neither used nor deleted', async t => {
  const { folder, manifest, write, options } = smallMixture(t)
  await processMixture(manifest, options)
  const own = put(folder, 'out/.next/notes.txt', 'mine')
  await processMixture(manifest, { ...options, restart: true })
  t.equal(readFileSync(own, 'utf8'), 'mine')
  const before = contentIn(join(folder, 'out'))
  const other = write({ seq_len: 8 })
  t.match(await failure(processMixture(other, options)), {
    code: 'ERR_OUTPUT_EXISTS', message: /out\/\.next: is not a folder that sluice has made, .*; move it away/
  })
  t.strictSame(contentIn(join(folder, 'out')), before)
  rmSync(join(folder, 'out/.next'), { recursive: true })
  await processMixture(other, options)
  t.notOk(existsSync(join(folder, 'out/.next')))
})

t.test('no input controls the terminal, and no password of an address is shown', async t => {
  const shown = await command(['check', 'no\x1b[31m\x9bfile.yaml'])
  t.match(shown, { code: 2, stderr: /no\\u001b\[31m\\u009bfile\.yaml/ })
  for (const args of [
    ['filter-corpus', '--dataset', 'https://user:pw@host/x'], ['read', '--dataset', 'https://user:pw@host/x'],
    ['read', 'https://user:pw@host/x'], ['https://user:pw@host/x']
  ]) {
    const { stdout, stderr } = await command(args)
    t.match(stderr, /https?:\/{1,2}MASKED@host/, args.join(' '))
    t.notMatch(stdout + stderr, /user|pw/, args.join(' '))
  }
})

t.test('a deleted working directory, and an output under /proc, are errors', NEEDS_PROC, async t => {
  const main = join(ROOT, 'dist/recipes/cli/main.js')
  for (const args of [
    ['read', fixture('tiny.model'), '--dataset', 'text'], ['quickstart'],
    ['run', join(ROOT, 'examples/tinystories.yaml')]
  ].slice(0, howMany(1, 3))) {
    const folder = folderInMemory(t)
    mkdirSync(join(folder, 'gone'))
    const started = (): string => execFileSync('sh', [
      '-c', 'cd "$1" && rmdir "$1" && shift && exec "$@" 2>&1', 'sh', join(folder, 'gone'), process.execPath, main,
      ...args
    ], { encoding: 'utf8' })
    t.match(await failure(Promise.resolve().then(started)), {
      status: 1, stdout: /^sluice: the working directory no longer exists; .* \[ENOENT\]\n$/
    }, args[0]!)
  }
  const { folder, write, options } = smallMixture(t)
  const noFolder = { code: 'ERR_OUTPUT', message: /\/proc\/sluice.*: this folder can't be created; name another one/ }
  t.match(await failure(processMixture(write(), { ...options, logFile: '/proc/sluice/stats.json' })), noFolder)
  t.match(await failure(processMixture(write(), { ...options, runsDir: '/proc/sluice' })), noFolder)
  t.match(await failure(processMixture(write({ output_dir: '/proc/sluice/out' }), options)), {
    code: 'ERR_COMPONENT', message: noFolder.message
  })
  t.match(await failure(makeFolder('/proc/sluice')), noFolder)
  t.notOk(existsSync(join(folder, 'stats.json')) &&
    !readFileSync(join(folder, 'stats.json'), 'utf8').includes("can't be created"))
})
