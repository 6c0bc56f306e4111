/**
 * What commands don't replace, don't follow and don't hide: files of others, folders of others, and code that ends a
 * run.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Test, t } from '../tap.ts'
import { makeFolder } from '../../lib/output/output.ts'
import { checkCoverage } from '../../recipes/check-coverage.ts'
import { checkTokenizer } from '../../recipes/check-tokenizer.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { run } from '../../recipes/run.ts'
import { shardCorpus } from '../../recipes/shard-corpus.ts'
import { Stop } from '../../recipes/flow/stop.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { trainTokenizer } from '../../recipes/train-tokenizer.ts'
import { verify } from '../../recipes/verify.ts'
import { commandsHereIn } from '../commands.ts'
import {
  ROOT, builtModule, contentIn, failure, filesIn, fixture, folderInMemory, howMany, isThorough, ndjsonOf, put, sluice
} from '../helpers.ts'

const command = commandsHereIn(t)

const MODEL = fixture('tiny.model')
const DOCUMENTS = howMany(300, 400)

/** A mixture of one component in a folder; `component` is more of it. */
function setting (
  t: Test,
  component: object = {},
  top: object = {}
): {
    folder: string
    manifest: string
    write: (component?: object) => string
    options: { tokenizerPath: string, runsDir: string }
  } {
  const folder = folderInMemory(t)
  const records = Array.from({ length: DOCUMENTS }, (_, i) => ({
    id: `d${i}`, text: `text number ${i}, and some more words`
  }))
  const data = put(folder, 'in.ndjson', ndjsonOf(records))
  const write = (component: object = {}): string => put(folder, 'mix.yaml', JSON.stringify({
    stats: join(folder, 'stats.json'),
    ...top,
    datasets: [{
      name: 'a',
      dataset: 'json',
      data_files: data,
      seq_len: 16,
      sequences_per_shard: 20,
      output_dir: join(folder, 'out'),
      ...component
    }]
  }))
  return { folder, manifest: write(component), write, options: { tokenizerPath: MODEL, runsDir: join(folder, 'runs') } }
}

t.test('no file of another kind is replaced, and nothing is written then', async t => {
  const { folder, manifest, options } = setting(t)
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

t.test('stats in the place of a shard, and folders in one another, are mistakes in the manifest', async t => {
  const { folder, write, options } = setting(t)
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
    /a\/\.next lies in .*\/a, which is the output_dir of this mixture/
  )
  t.match(await mistake(two({ raw_dir: join(folder, 'b/raw') }, {})), /b\/raw lies in/)
  t.match(await mistake(two({}, {}, { tokenizer_output_dir: join(folder, 'a/tokenizer') })), /a\/tokenizer lies in/)
  mkdirSync(join(folder, 'real'))
  execFileSync('ln', ['-s', join(folder, 'real'), join(folder, 'link')])
  t.match(
    await mistake(two({ output_dir: join(folder, 'real') }, { output_dir: join(folder, 'link') })),
    /is the same folder as/
  )
  t.match(
    await mistake(two({ output_dir: join(folder, 'real') }, { output_dir: join(folder, 'link/b') })),
    /link\/b lies in .*real/
  )
  t.match(
    await mistake(write({ name: 'a\nb' })), /expected a name without control characters and line breaks, got "a\\nb"/
  )
  t.match(await mistake(write({ output_dir: join(folder, 'a\x1b[31m') })), /expected a name without control characters/)
  t.strictSame(filesIn(folder).filter(name => name.includes('shard')), [])
})

t.test('nothing is kept for people among the shards, and that is known before there are any', async t => {
  const { folder, manifest, write, options } = setting(t)
  const among = {
    code: 'ERR_OPTION',
    message: /out\/[^/]*: lies among the shards in .*\/out, where only they and their checkpoint are; name another file$/
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
    code: 'ERR_MANIFEST', message: /lies among the shards/
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

t.test('a .next that is not ours is neither used nor deleted', async t => {
  const { folder, manifest, write, options } = setting(t)
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

/** A stage of the user's own, `own.mjs` in a folder, that does something at a document, and passes all on. */
function stageThat (folder: string, does: string, at = 'd250'): string {
  return put(folder, 'own.mjs', `import { Stage } from '${builtModule('lib/stage/stage')}'
    export const stage = () => new Stage({ name: 'own', take (document, push) { if (document.id === '${at}') { ${does} }; push(document) } })`)
}

t.test('a stage that calls process.exit, or loses a promise, is named, and the exit code is 1', async t => {
  const expected: ReadonlyArray<readonly [does: string, message: RegExp]> = [
    [
      'process.exit(0)',
      /^sluice: own \(.*own\.mjs\) has called process\.exit before the work was done; .* \[ERR_DOCUMENT\]$/m
    ],
    [
      'Promise.reject(new Error("oh no"))',
      /own \(.*own\.mjs\) has failed beside what it returned: oh no; .* \[ERR_DOCUMENT\]$/m
    ],
    [
      'setImmediate(() => { throw new Error("too late") })',
      /own \(.*own\.mjs\) has failed beside what it returned: too late; /
    ]
  ]
  for (const [does, message] of expected.slice(0, howMany(1, 3))) {
    const { folder, write } = setting(t)
    const manifest = write({ filters: [{ use: stageThat(folder, does) }] })
    const args = ['process-mixture', manifest, '--tokenizer-path', MODEL, '--runs-dir', join(folder, 'runs')]
    const ended = await sluice([...args, '--workers', '1', '--checkpoint-every', '50'])
    t.match(ended, { code: 1, stderr: message }, does)
    t.notMatch(ended.stderr, /^ +at /m, does)
    t.notOk(existsSync(join(folder, 'stats.json')), does)
  }
})

t.test('Ctrl-C writes a checkpoint of what is done; the same command makes the same bytes from there', async t => {
  const made = async (signal: string, exitCode: number): Promise<Record<string, string>> => {
    const { folder, write } = setting(t)
    const flag = put(folder, 'flag', '')
    const own = stageThat(folder, `if (fs.existsSync('${flag}')) { fs.rmSync('${flag}'); ` +
      `process.kill(process.pid, '${signal}') }`)
    writeFileSync(own, `import fs from 'node:fs'\n${readFileSync(own, 'utf8')}`)
    const manifest = write({ filters: [{ use: own }, { dedup: {} }], filtered_dir: join(folder, 'filtered') })
    if (exitCode === 0) rmSync(flag)
    const args = [
      'process-mixture', manifest, '--tokenizer-path', MODEL, '--runs-dir', join(folder, 'runs'), '--workers', '1'
    ]
    if (exitCode !== 0) {
      t.match(await sluice(args), {
        code: exitCode, stderr: /stopped; the same command goes on from the last checkpoints/
      })
      const { content } = JSON.parse(readFileSync(join(folder, 'out/checkpoint.json'), 'utf8')) as { content: { flow: { source: { stats: { out: number } } } } }
      const { out } = content.flow.source.stats
      t.ok(out > 250 && out < DOCUMENTS, `a checkpoint behind document ${out}, and not only behind 10,000`)
    }
    t.match(await command(args), { code: 0 })
    const copy = execFileSync('gzip', ['-dc', join(folder, 'filtered/a.ndjson.gz')], { encoding: 'utf8' })
    const shards = contentIn(join(folder, 'out'))
    delete shards['checkpoint.json']
    return { ...shards, copy }
  }
  const whole = await made('SIGINT', 0)
  t.strictSame(await made('SIGINT', 130), whole)
  if (isThorough()) t.strictSame(await made('SIGTERM', 143), whole)
})

t.test('a checkpoint that is asked for and doesn\'t come is not waited for; without a flow there is none', async t => {
  const idle = new Stop()
  idle.request()
  t.ok(idle.signal.aborted)
  const stop = new Stop(5)
  const ended = [stop.add(() => new Promise(() => {})), stop.add(() => Promise.reject(new Error('no checkpoint')))]
  stop.request()
  stop.request()
  t.notOk(stop.signal.aborted)
  await once(stop.signal, 'abort')
  for (const end of ended) end()
  const quick = new Stop()
  const end = quick.add(() => new Promise(() => {}))
  quick.request()
  end()
  await once(quick.signal, 'abort')
})

/** A module to be imported before the command, which does something when the command's own modules are looked for. */
function whileModulesLoad (statement: string): string {
  const hook = `resolve (specifier, context, next) {
    if (specifier === './cli.ts' || specifier === './cli.js') { ${statement} }
    return next(specifier, context)
  }`
  const program = `import * as modules from 'node:module'
    if ('registerHooks' in modules) modules.registerHooks({ ${hook} })
    else modules.register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(`export function ${hook}`)}))`
  return `data:text/javascript,${encodeURIComponent(program).replaceAll("'", '%27')}`
}

t.test('too many open files while modules load is told as that', async t => {
  const tooMany = whileModulesLoad('throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" })')
  const started = promisify(execFile)(process.execPath, [
    '--import', tooMany, join(ROOT, 'dist/recipes/cli/main.js'), '--version'
  ])
  t.match(await failure(started), {
    code: 1,
    stderr: /^sluice: too many files are open to load its modules; raise the limit \(ulimit -n 4096\) and run it again \[EMFILE\]\n$/
  })
})

t.test('nothing of others controls the terminal, and no password of an address is shown', async t => {
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

t.test('a signal while modules load ends with its exit code', { skip: process.platform === 'win32' && 'there are no signals' }, async t => {
  for (const [signal, code] of ([['SIGTERM', 143], ['SIGINT', 130]] as const).slice(0, howMany(1, 2))) {
    const early = whileModulesLoad(`process.kill(process.pid, "${signal}")`)
    // It would read standard input, which doesn't end, if the signal came to nothing.
    const child = spawn(process.execPath, [
      '--import', early, join(ROOT, 'dist/recipes/cli/main.js'), 'read', '-', '--dataset', 'text'
    ], { stdio: ['pipe', 'ignore', 'ignore'] })
    t.strictSame(await once(child, 'exit'), [code, null], signal)
  }
})

t.test('process.exit in a thread beside the main one is an error that names the stages', async t => {
  const { folder, write, options } = setting(t)
  const own = put(folder, 'own.mjs', `import { isMainThread } from 'node:worker_threads'
    import { Stage } from '${builtModule('lib/stage/stage')}'
    export const stage = () => new Stage({ name: 'own', take (document, push) { if (!isMainThread) process.exit(0); push(document) } })`)
  const threads = new Threads({ workers: 2, mainWorks: false })
  const ended = failure(processMixture(write({ filters: [{ use: own }] }), { ...options, workers: 2 }, { threads }))
  t.match(await ended, {
    code: 'ERR_COMPONENT',
    message: /the thread that filters and encodes it has failed, maybe in own \(.*own\.mjs\): it ended with exit code 0: a custom stage may have called process\.exit/
  })
  await threads.close()
})

t.test('a working directory that was deleted, and a folder under /proc, are errors that end the command', { skip: process.platform !== 'linux' && 'there is no /proc' }, async t => {
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
      status: 1, stdout: /^sluice: the working directory is not there any more; .* \[ENOENT\]\n$/
    }, args[0]!)
  }
  const { folder, write, options } = setting(t)
  const noFolder = { code: 'ERR_OUTPUT', message: /\/proc\/sluice.*: this folder can't be created; name another one/ }
  t.match(await failure(processMixture(write(), { ...options, logFile: '/proc/sluice/stats.json' })), noFolder)
  t.match(await failure(processMixture(write(), { ...options, runsDir: '/proc/sluice' })), noFolder)
  t.match(await failure(processMixture(write({ output_dir: '/proc/sluice/out' }), options)), {
    code: 'ERR_COMPONENT', message: noFolder.message
  })
  t.match(await failure(makeFolder('/proc/sluice')), noFolder)
  t.notOk(existsSync(join(folder, 'stats.json')) &&
    !readFileSync(join(folder, 'stats.json'), 'utf8').includes('no folder'))
})

t.test('a signal ends a command that waits for a pipe which nobody opens', async t => {
  for (const which of ['input', 'output'].slice(0, howMany(1, 2))) {
    const folder = folderInMemory(t)
    const pipe = join(folder, 'pipe.ndjson')
    execFileSync('mkfifo', [pipe])
    const flag = join(folder, 'flag')
    const own = put(folder, 'own.mjs', `import { writeFileSync } from 'node:fs'
      import { length } from '${builtModule('transforms/length')}'
      export const stage = () => { writeFileSync('${flag}', ''); return length({}) }`)
    const data = which === 'input' ? pipe : put(folder, 'in.ndjson', ndjsonOf([{ text: 'a' }]))
    const outputDir = join(folder, 'out')
    const component = { name: 'a', dataset: 'json', data_files: data, output_dir: outputDir, filters: [{ use: own }] }
    const manifest = put(folder, 'mix.yaml', JSON.stringify({ datasets: [component] }))
    const stats = which === 'output' ? pipe : join(folder, 'stats.json')
    const places = ['--runs-dir', join(folder, 'runs'), '--log-file', stats]
    const args = ['process-mixture', manifest, '--tokenizer-path', MODEL, ...places]
    const child = spawn(process.execPath, [join(ROOT, 'dist/recipes/cli/main.js'), ...args], { stdio: 'ignore' })
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>
    const ended = exit.then(() => true)
    while (!existsSync(flag)) if (await Promise.race([ended, sleep(20, false)])) break
    await sleep(howMany(100, 300))
    child.kill('SIGINT')
    const [code, signal] = await exit
    t.ok(code === 130 || signal === 'SIGINT', `${which}: ${String(code)}, ${String(signal)}`)
  }
})
