import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { type Test, t } from '../../tap.ts'
import { stateOf, thisProcess } from '../../../lib/output/process-identity.ts'
import { mocked } from '../../helpers.ts'

const skip = existsSync('/proc/self/stat') ? false : 'no /proc here'

/** A process with a zombie child: it becomes a program that waits for none of its children. */
async function zombie (t: Test): Promise<number> {
  // The child outlives the shell, which would wait for it.
  const parent = spawn('sh', ['-c', '(until grep -q sleep /proc/$$/comm; do :; done) & echo $!; exec sleep 60'])
  t.teardown(() => parent.kill('SIGKILL'))
  const [pid] = await once(parent.stdout.setEncoding('utf8'), 'data') as [string]
  while (!readFileSync(`/proc/${pid.trim()}/stat`, 'utf8').includes(') Z ')) {
    await new Promise(resolve =>
      setTimeout(resolve, 5))
  }
  return Number(pid)
}

t.test('a running process is reported with its identity', async t => {
  const me = await thisProcess()
  t.match(me, { pid: process.pid, host: hostname() })
  t.match(me, skip === false
    ? { boot: /^[0-9a-f-]{36}$/, pid_namespace: /^pid:\[\d+\]$/, started: Number }
    : { boot: null, pid_namespace: null, started: null })
  t.equal(await stateOf(me), skip === false ? 'running' : 'unknown')
})

t.test('a process that doesn\'t exist has ended', async t => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  t.equal(await stateOf({ ...await thisProcess(), pid, started: null }), 'gone')
})

t.test('a process from before a reboot has ended, even if its pid is in use', { skip }, async t => {
  const me = await thisProcess()
  t.equal(await stateOf({ ...me, boot: 'another' }), 'gone')
  t.equal(
    await stateOf({ ...me, boot: 'another', pid_namespace: 'pid:[1]' }), 'gone', 'a restart of the container counts too'
  )
})

t.test('a process has ended if another process has its pid', { skip }, async t => {
  const me = await thisProcess()
  t.equal(await stateOf({ ...me, started: me.started! - 1 }), 'gone', 'our own pid')
  t.equal(await stateOf({ ...me, pid: process.ppid, started: me.started! + 1 }), 'gone')
})

t.test('a zombie process has ended', { skip }, async t => {
  const pid = await zombie(t)
  t.equal(await stateOf({ ...await thisProcess(), pid, started: null }), 'gone')
})

t.test('a process that can\'t be looked up is unknown', { skip }, async t => {
  const me = await thisProcess()
  t.equal(await stateOf({ ...me, host: 'elsewhere', boot: 'another', pid: 999_999_999 }), 'unknown', 'another machine')
  t.equal(await stateOf({ ...me, pid_namespace: 'pid:[1]', pid: 999_999_999 }), 'unknown', 'another container')
  t.equal(await stateOf({ ...me, started: null }), 'unknown', 'a process without a start time')
})

t.test('without /proc, or with that of another container, only the pid is known', async t => {
  const gone = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  for (const [kind, stat] of [
    ['none', null],
    ['of another container', '1 (init) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 8 0']
  ] as const) {
    const files = {
      readFile: async (path: string) => path.endsWith('stat') && stat !== null ? stat : await Promise.reject(gone),
      readlink: () => Promise.reject(gone)
    }
    const { stateOf, thisProcess } = await mocked<typeof import('../../../lib/output/process-identity.ts')>(
      t, 'lib/output/process-identity', { 'node:fs/promises': files }
    )
    const me = await thisProcess()
    t.strictSame(me, { pid: process.pid, host: hostname(), boot: null, pid_namespace: null, started: null }, kind)
    t.equal(await stateOf({ ...me, started: 5 }), 'unknown')
    t.equal(await stateOf({ ...me, pid: 999_999_999 }), 'gone')
  }
})
