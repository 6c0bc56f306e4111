/** Runs that end early: by a signal, by code of a custom stage, or because the system is out of file descriptors. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { t } from '../tap.ts'
import { processMixture } from '../../recipes/process-mixture.ts'
import { Stop } from '../../recipes/flow/stop.ts'
import { Threads } from '../../recipes/flow/workers/threads.ts'
import { commandsHereIn } from '../commands.ts'
import {
  ROOT, builtModule, contentIn, failure, folderInMemory, howMany, isThorough, ndjsonOf, pattern, put, sluice
} from '../helpers.ts'
import { DOCUMENTS, MODEL, smallMixture } from './small-mixture.ts'

const command = commandsHereIn(t)

/** A custom stage, `own.mjs` in a folder, that runs a statement at each document, and passes all on. */
function stageThat (folder: string, does: string): string {
  return put(folder, 'own.mjs', `import fs from 'node:fs'
    import { isMainThread } from 'node:worker_threads'
    import { Stage } from '${builtModule('lib/stage/stage')}'
    const take = (document, push) => {
      ${does}
      push(document)
    }
    export const stage = () => new Stage({ name: 'own', take })`)
}

/** The same, at the 250th document only. */
function stageThatOnce (folder: string, does: string): string {
  return stageThat(folder, `if (document.id === 'd250') { ${does} }`)
}

interface WrittenCheckpoint {
  readonly content: { readonly flow: { readonly source: { readonly stats: { readonly out: number } } } }
}

t.test('a stage that calls process.exit, or loses a promise, is named, and the exit code is 1', async t => {
  const expected: ReadonlyArray<readonly [does: string, message: RegExp]> = [
    [
      'process.exit(0)',
      /^sluice: own \(.*own\.mjs\) has called process\.exit before the work was done; .* \[ERR_DOCUMENT\]$/m
    ],
    [
      'Promise.reject(new Error("oh no"))',
      /own \(.*own\.mjs\) has failed outside of what it returned: oh no; .* \[ERR_DOCUMENT\]$/m
    ],
    [
      'setImmediate(() => { throw new Error("too late") })',
      /own \(.*own\.mjs\) has failed outside of what it returned: too late; /
    ]
  ]
  for (const [does, message] of expected.slice(0, howMany(1, 3))) {
    const { folder, write } = smallMixture(t)
    const manifest = write({ filters: [{ use: stageThatOnce(folder, does) }] })
    const args = ['process-mixture', manifest, '--tokenizer-path', MODEL, '--runs-dir', join(folder, 'runs')]
    const ended = await sluice([...args, '--workers', '1', '--checkpoint-every', '50'])
    t.match(ended, { code: 1, stderr: message }, does)
    t.notMatch(ended.stderr, /^ +at /m, does)
    t.notOk(existsSync(join(folder, 'stats.json')), does)
  }
})

t.test('Ctrl-C writes a checkpoint; the same command resumes from it and makes the same bytes', async t => {
  const made = async (signal: string, exitCode: number): Promise<Record<string, string>> => {
    const { folder, write } = smallMixture(t)
    const flag = put(folder, 'flag', '')
    const own = stageThatOnce(folder, `if (fs.existsSync('${flag}')) {
      fs.rmSync('${flag}')
      process.kill(process.pid, '${signal}')
    }`)
    const manifest = write({ filters: [{ use: own }, { dedup: {} }], filtered_dir: join(folder, 'filtered') })
    if (exitCode === 0) rmSync(flag)
    const args = [
      'process-mixture', manifest, '--tokenizer-path', MODEL, '--runs-dir', join(folder, 'runs'), '--workers', '1'
    ]
    if (exitCode !== 0) {
      t.match(await sluice(args), {
        code: exitCode, stderr: /stopped; the same command resumes from the last checkpoints/
      })
      const checkpoint = readFileSync(join(folder, 'out/checkpoint.json'), 'utf8')
      const { out } = (JSON.parse(checkpoint) as WrittenCheckpoint).content.flow.source.stats
      t.ok(out > 250 && out < DOCUMENTS, `a checkpoint after document ${out}, and not only after 10,000`)
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

t.test('a requested checkpoint that doesn\'t come is not awaited; without a flow there is none', async t => {
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

/** A module to import before the command, which runs a statement when the command's modules are resolved. */
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

t.test('too many open files while modules load are reported as such', async t => {
  const tooMany = whileModulesLoad('throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" })')
  const started = promisify(execFile)(process.execPath, [
    '--import', tooMany, join(ROOT, 'dist/recipes/cli/main.js'), '--version'
  ])
  t.match(await failure(started), {
    code: 1,
    stderr: pattern(
      /^sluice: too many files are open to load its modules; /,
      /raise the limit \(ulimit -n 4096\) and run it again \[EMFILE\]\n$/
    )
  })
})

const NEEDS_SIGNALS = { skip: process.platform === 'win32' && 'there are no signals' }

t.test('a signal while modules load ends with its exit code', NEEDS_SIGNALS, async t => {
  for (const [signal, code] of ([['SIGTERM', 143], ['SIGINT', 130]] as const).slice(0, howMany(1, 2))) {
    const early = whileModulesLoad(`process.kill(process.pid, "${signal}")`)
    // If the signal had no effect, it would read standard input, which doesn't end.
    const child = spawn(process.execPath, [
      '--import', early, join(ROOT, 'dist/recipes/cli/main.js'), 'read', '-', '--dataset', 'text'
    ], { stdio: ['pipe', 'ignore', 'ignore'] })
    t.strictSame(await once(child, 'exit'), [code, null], signal)
  }
})

t.test('process.exit in a worker thread is an error that names the stages', async t => {
  const { folder, write, options } = smallMixture(t)
  const own = stageThat(folder, 'if (!isMainThread) process.exit(0)')
  const threads = new Threads({ workers: 2, mainWorks: false })
  const ended = failure(processMixture(write({ filters: [{ use: own }] }), { ...options, workers: 2 }, { threads }))
  t.match(await ended, {
    code: 'ERR_COMPONENT',
    message: pattern(
      /the thread that filters and encodes it has failed, maybe in own \(.*own\.mjs\): it ended with exit code 0: a /,
      /custom stage may have called process\.exit/
    )
  })
  await threads.close()
})

t.test('a signal ends a command that waits for a pipe without a writer', async t => {
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
