import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import fs from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { t } from '../../tap.ts'
import { type Lock, lock } from '../../../lib/output/lock.ts'
import { thisProcess } from '../../../lib/output/process-identity.ts'
import { withLock } from '../../../lib/output/with-lock.ts'
import { ROOT, builtModule, failure, filesIn, mocked, put, temporaryFolder } from '../../helpers.ts'

const noProc = existsSync('/proc/self/stat') ? false : 'no /proc here'
/** Higher than the highest pid of any system. */
const NO_PID = 999_999_999

/** The lock of an ended run, with changes. */
async function putLock (path: string, changes: object = {}): Promise<string> {
  const content = {
    id: randomUUID(), ...await thisProcess(), pid: NO_PID, began_at_utc: '2026-11-22T22:37:33.000Z', ...changes
  }
  return put(dirname(path), 'a.lock', JSON.stringify(content))
}

t.test('a lock names its owner and is deleted when it is released; its folder is created', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'new/shards/a.lock')
  const held = await lock(path, 'shards')
  t.match(JSON.parse(readFileSync(path, 'utf8')), {
    ...await thisProcess(), id: /^[0-9a-f-]{36}$/, began_at_utc: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
  })
  t.strictSame(filesIn(folder), ['new/shards/a.lock'])
  await held.release()
  t.strictSame(filesIn(folder), [])
})

t.test('a second run of this process is refused', async t => {
  const path = join(temporaryFolder(t), 'a.lock')
  const held = await lock(path, 'shards/web')
  const { began_at_utc: began } = JSON.parse(readFileSync(path, 'utf8')) as { began_at_utc: string }
  t.match(await failure(lock(path, 'shards/web')), {
    code: 'ERR_LOCKED',
    exitCode: 1,
    message: noProc === false
      ? `shards/web: is being written to by another run, process ${process.pid} on host ${hostname()}, ` +
        `which started at ${began}; wait for it to end, or stop it`
      : /^shards\/web: /
  })
  await held.release()
  await (await lock(path, 'shards/web')).release()
})

t.test('a running process that has the lock is named; the lock of a killed one is taken over', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.lock')
  const program = `import { lock } from '${builtModule('lib/output/lock')}'; ` +
    `await lock(${JSON.stringify(path)}, 'x'); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit']
  })
  await once(child.stdout, 'data')
  t.match(await failure(lock(path, 'x')), {
    code: 'ERR_LOCKED', message: `process ${child.pid} on host ${hostname()}, which started at 2`
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  const held = await lock(path, 'x')
  t.match(JSON.parse(readFileSync(path, 'utf8')), { pid: process.pid })
  t.strictSame(filesIn(folder), ['a.lock'])
  await held.release()
})

t.test('the lock of an ended process is taken over', async t => {
  const me = await thisProcess()
  const { pid } = spawnSync(process.execPath, ['--version'])
  const gone: Record<string, object> = { 'no process has the pid': { pid } }
  if (noProc === false) {
    Object.assign(gone, {
      'another process has the pid': { pid: process.ppid, started: me.started! + 1 },
      'this process has the pid': { pid: process.pid, started: me.started! - 1 },
      'before a reboot': { pid: process.ppid, boot: randomUUID() }
    })
  }
  for (const [kind, changes] of Object.entries(gone)) {
    const folder = temporaryFolder(t)
    const held = await lock(await putLock(join(folder, 'a.lock'), changes), 'x')
    t.match(JSON.parse(readFileSync(join(folder, 'a.lock'), 'utf8')), { pid: process.pid, started: me.started }, kind)
    await held.release()
    t.strictSame(filesIn(folder), [])
  }
})

t.test('only one of 20 callers at once gets the lock of an ended process', async t => {
  for (let round = 0; round < 10; round++) {
    const folder = temporaryFolder(t)
    const path = await putLock(join(folder, 'a.lock'))
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lock(path, 'x')))
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.strictSame(outcomes.flatMap(outcome =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : []), Array(19).fill('ERR_LOCKED'))
    t.strictSame(filesIn(folder), ['a.lock'])
  }
})

t.test('a file that is no lock is kept and reported; a lock emptied by a power cut is taken over', async t => {
  const whole = readFileSync(await putLock(join(temporaryFolder(t), 'a.lock')), 'utf8')
  const others = {
    truncated: whole.slice(0, 50),
    text: 'my notes',
    'an id that leads elsewhere': whole.replace(/"id":"[^"]*"/, '"id":"../../x"'),
    'a group of processes': whole.replace(/"pid":\d+/, '"pid":-1'),
    JSON: '{}'
  }
  for (const [kind, content] of Object.entries(others)) {
    const folder = temporaryFolder(t)
    const path = put(folder, 'a.lock', content)
    t.match(await failure(lock(path, 'x')), {
      code: 'ERR_LOCKED',
      message: `${path}: is an incomplete lock file, so its owner is unknown; ` +
        'if no other run writes here, delete it and run again'
    }, kind)
    t.equal(readFileSync(path, 'utf8'), content)
    t.strictSame(filesIn(folder), ['a.lock'])
  }
  for (const content of ['', '\0'.repeat(4096)]) {
    await (await lock(put(temporaryFolder(t), 'a.lock', content), 'x')).release()
  }
  const folder = temporaryFolder(t)
  symlinkSync(join(folder, 'none'), join(folder, 'a.lock'))
  t.match(
    await failure(lock(join(folder, 'a.lock'), 'x')), { code: 'ERR_LOCKED', message: /is an incomplete lock file/ },
    'a broken link'
  )
})

t.test('without hard links: the same, except that an empty lock is refused', async t => {
  const refused = Object.assign(new Error('link'), { code: 'ENOTSUP' })
  const { lock } = await mocked<typeof import('../../../lib/output/lock.ts')>(t, 'lib/output/lock', {
    'node:fs/promises': {
      ...fs,
      link: async (_from: string, to: string) => {
        throw existsSync(to)
          ? Object.assign(new Error('link'), { code: 'EEXIST' })
          : refused
      }
    }
  })
  const folder = temporaryFolder(t)
  const path = await putLock(join(folder, 'a.lock'))
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lock(path, 'x')))
  const [got] = outcomes.flatMap(outcome => outcome.status === 'fulfilled' ? [outcome.value] : [])
  t.equal(outcomes.filter(({ status }) => status === 'rejected').length, 19)
  t.match(await failure(lock(path, 'x')), { code: 'ERR_LOCKED', message: `process ${process.pid} ` })
  await got!.release()
  t.strictSame(filesIn(folder), [])
  put(folder, 'a.lock', '')
  t.match(await failure(lock(path, 'x')), { code: 'ERR_LOCKED', message: /a\.lock: is an incomplete lock file/ })
  t.strictSame(filesIn(folder), ['a.lock'])
})

t.test('release deletes its own lock, once, and no other', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'new/a.lock')
  const taken = async (): Promise<Lock> => await lock(path, 'x')
  const first = await taken()
  rmSync(path)
  const second = await taken()
  await first.release()
  t.ok(existsSync(path), 'the second lock is kept')
  await Promise.all([second.release(), second.release()])
  t.notOk(existsSync(path))
  const third = await taken()
  await second.release()
  t.ok(existsSync(path), 'the third lock is kept')
  put(folder, 'new/a.lock', 'something else')
  await third.release()
  t.equal(readFileSync(path, 'utf8'), 'something else')
  rmSync(join(folder, 'new'), { recursive: true })
  const fourth = await taken()
  rmSync(join(folder, 'new'), { recursive: true })
  await t.resolves(fourth.release(), 'the folder was deleted')
})

t.test('files that killed runs left next to the lock are deleted, and no others', async t => {
  const folder = temporaryFolder(t)
  const id = randomUUID()
  const stay = ['a.lock.old', `a.lock.${id}.${process.ppid}.tmp`, `b.lock.${id}`, `b.lock.${id}.${NO_PID}.tmp`]
  for (const name of [...stay, `a.lock.${id}`, `a.lock.${id}.${id}`, 'a.lock.123-456', `a.lock.${id}.${NO_PID}.tmp`]) {
    put(folder, name, '')
  }
  await (await lock(join(folder, 'a.lock'), 'x')).release()
  t.strictSame(filesIn(folder), stay.sort())
})

t.test('withLock returns the result of the work, and releases the lock also if the work fails', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.lock')
  t.equal(await withLock(path, 'x', async () => filesIn(folder).join()), 'a.lock')
  t.equal(await failure(withLock(path, 'x', () => Promise.reject(new Error('work')))).then(error =>
    (error as Error).message), 'work')
  t.strictSame(filesIn(folder), [])
  await withLock(path, 'x', async () => {
    t.match(await failure(withLock(path, 'x', async () => { t.fail('both have the lock') })), { code: 'ERR_LOCKED' })
  })
})

t.test('a lock that cannot be written is reported, and no file is left', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'file', '')
  mkdirSync(join(folder, 'taken.lock'))
  t.match(await failure(lock(join(folder, 'file/a.lock'), 'x')), {
    code: 'ERR_OUTPUT', message: /file\/a\.lock: cannot be written: a part of the path is a file/
  })
  t.match(await failure(lock(join(folder, 'taken.lock'), 'x')), {
    code: 'ERR_OUTPUT', message: /taken\.lock: cannot be written: is a folder, expected a file/
  })
  t.strictSame(filesIn(folder), ['file'])
  if (process.getuid?.() !== 0) { // root can write anywhere
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o500)
    t.match(await failure(lock(join(folder, 'closed/a.lock'), 'x')), { code: 'ERR_OUTPUT', cause: { code: 'EACCES' } })
  }
})

t.test('an error while the lock is taken leaves no file', async t => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const fails: Record<string, object> = {
    'the disk is full': {
      open: async (...args: Parameters<typeof fs.open>) =>
        Object.assign(await fs.open(...args), { sync: () => Promise.reject(full) })
    },
    'no link can be made': { link: () => Promise.reject(full) },
    'the temporary name stays': {
      rm: async (path: string) => {
        await fs.rm(path, { force: true })
        if (path.endsWith('.tmp')) throw full
      }
    }
  }
  for (const [kind, calls] of Object.entries(fails)) {
    const { lock } = await mocked<typeof import('../../../lib/output/lock.ts')>(
      t, 'lib/output/lock', { 'node:fs/promises': { ...fs, ...calls } }
    )
    const folder = temporaryFolder(t)
    t.match(await failure(lock(join(folder, 'a.lock'), 'x')), {
      code: 'ERR_OUTPUT', message: /a\.lock: cannot be written: no space left on the device/, cause: full
    }, kind)
    t.strictSame(filesIn(folder), [], kind)
  }
})

t.test('a link that a network file system made but reported as failed is detected', async t => {
  const { lock } = await mocked<typeof import('../../../lib/output/lock.ts')>(t, 'lib/output/lock', {
    'node:fs/promises': {
      ...fs, link: async (from: string, to: string) => { await fs.link(from, to); await fs.link(from, to) }
    }
  })
  const folder = temporaryFolder(t)
  await (await lock(join(folder, 'a.lock'), 'x')).release()
  t.strictSame(filesIn(folder), [])
})
