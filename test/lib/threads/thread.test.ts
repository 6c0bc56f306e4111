import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { t } from '../../tap.ts'
import { WorkerThread } from '../../../lib/threads/thread.ts'
import { builtModule, failure } from '../../helpers.ts'

t.test('a process waits for a thread that is closed with pending answers', async t => {
  const entry = `import { serveTasks } from ${JSON.stringify(builtModule('lib/threads/thread'))}; ` +
    'serveTasks(async task => task)'
  const program = `
    const { WorkerThread } = await import(${JSON.stringify(builtModule('lib/threads/thread'))})
    const thread = new WorkerThread('data:text/javascript,' + encodeURIComponent(${JSON.stringify(entry)}))
    await thread.run(0)
    const answers = Array.from({ length: 20 }, (_, i) => thread.run(i).catch(error => error.message))
    const end = performance.now() + 50
    while (performance.now() < end); // answers arrive meanwhile, and are received when this thread waits
    await thread.close()
    console.log(JSON.stringify([thread.hasEnded, await Promise.all(answers)]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  t.same(JSON.parse(stdout), [true, Array.from({ length: 20 }, (_, i) => i)])
})

/** A thread that runs `work`, a JavaScript function, for each task. */
function threadOf (work: string, signal?: AbortSignal): WorkerThread<unknown, unknown> {
  const imports = ['lib/threads/thread', 'lib/errors'].map(builtModule)
  const program = `import { serveTasks } from ${JSON.stringify(imports[0])}; ` +
    `import { SluiceError } from ${JSON.stringify(imports[1])}; serveTasks(${work})`
  return new WorkerThread(`data:text/javascript,${encodeURIComponent(program)}`, signal)
}

t.test('an error in a thread keeps its code, and the thread continues', async t => {
  const thread = threadOf('async task => { if (task === "x") throw new RangeError("a defect"); ' +
    'if (task === "") throw new SluiceError("ERR_SHARD", "it broke"); return task }')
  t.teardown(() => thread.close())
  t.match(await failure(thread.run('')), { name: 'SluiceError', code: 'ERR_SHARD', message: 'it broke' })
  t.match(await failure(thread.run('x')), { message: 'a defect', cause: { name: 'RangeError' } })
  t.equal(await thread.run('y'), 'y')
})

t.test('an abort ends a thread during any task, and no further task is started', async t => {
  const stop = new AbortController()
  const thread = threadOf('async task => { while (task === "forever"); return task }', stop.signal)
  t.equal(await thread.run('y'), 'y')
  const running = failure(thread.run('forever'))
  stop.abort(new Error('stopped'))
  t.match(await running, { message: 'stopped' })
  t.match([thread.hasEnded, await failure(thread.run('y'))], [true, { message: 'stopped' }])
})
