import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { t } from '../../tap.ts'
import { builtModule } from '../../helpers.ts'

t.test('a process waits for a thread that is closed while its answers are under way', async t => {
  const entry = `import { serveTasks } from ${JSON.stringify(builtModule('lib/threads/thread'))}; serveTasks(async task => task)`
  const program = `
    const { WorkerThread } = await import(${JSON.stringify(builtModule('lib/threads/thread'))})
    const thread = new WorkerThread('data:text/javascript,' + encodeURIComponent(${JSON.stringify(entry)}))
    await thread.run(0)
    const answers = Array.from({ length: 20 }, (_, i) => thread.run(i).catch(error => error.message))
    const end = performance.now() + 50
    while (performance.now() < end); // they come meanwhile, and are heard once this thread waits
    await thread.close()
    console.log(JSON.stringify([thread.hasEnded, await Promise.all(answers)]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  t.same(JSON.parse(stdout), [true, Array.from({ length: 20 }, (_, i) => i)])
})
