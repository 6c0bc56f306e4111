/** Locks of processes on other machines and in other containers, and locks that are taken over. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { t } from '../../tap.ts'
import { SluiceError } from '../../../lib/errors.ts'
import { writeCheckpoint } from '../../../lib/output/checkpoint.ts'
import { lock } from '../../../lib/output/lock.ts'
import { writeFileWhole } from '../../../lib/output/open.ts'
import { thisProcess } from '../../../lib/output/process-identity.ts'
import { type ResumableOutput, openResumable } from '../../../lib/output/resumable.ts'
import { inTurn, withLock } from '../../../lib/output/with-lock.ts'
import { inContainer, noContainers } from '../../container.ts'
import { NEEDS_PROC, ROOT, builtModule, failure, filesIn, put, temporaryFolder } from '../../helpers.ts'

const ELSEWHERE = { host: 'elsewhere', boot: randomUUID() }
const BEGAN = '2026-11-22T22:37:33.000Z'
/** Often enough that a test waits for 0.12 s at most. */
const OFTEN = { refreshed_every_seconds: 0.01 }

let pids = 0

/** The lock of a process that is not known yet, in another place. */
async function putLock (folder: string, changes: object = {}): Promise<string> {
  const content = { id: randomUUID(), ...await thisProcess(), pid: ++pids, began_at_utc: BEGAN, ...changes }
  return put(folder, 'a.lock', JSON.stringify(content))
}

function pidIn (path: string): number {
  return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid
}

/** Begins work under a lock that another run then takes over, and ends it. */
async function losing<T> (path: string, begin: () => Promise<T>, end: (begun: T) => Promise<unknown>): Promise<void> {
  await withLock(path, 'shards', async () => {
    const begun = await begin()
    await putLock(dirname(path), { ...ELSEWHERE, pid: 7 })
    await end(begun)
  })
}

const nothing = (): Promise<void> => Promise.resolve()

/** The places of a process that can't be checked from here. */
const places = { 'another host': ELSEWHERE, 'another container': { pid_namespace: 'pid:[1]' } }

t.test('a lock of another host or container is taken over if it is not refreshed, and the run says it waits', {
  ...NEEDS_PROC
}, async t => {
  for (const [place, changes] of Object.entries(places)) {
    const folder = temporaryFolder(t)
    const path = await putLock(folder, { ...changes, ...OFTEN })
    const told: string[] = []
    const held = await lock(path, 'shards', { tell: message => { told.push(message) } })
    t.match(told, [/^shards: is locked by process \d+ on host .*, which started at 2026.*; waits for up to 0.12 s to /])
    t.equal(held.isDisputed, true, place)
    t.equal(pidIn(path), process.pid)
    await held.release()
    t.strictSame(filesIn(folder), [])
  }
})

t.test('other locks of a process that has ended are taken over without waiting again', async t => {
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)]
  const changes = { ...ELSEWHERE, ...OFTEN, pid: 4_000_001 }
  const told: string[] = []
  const options = { tell: (message: string) => { told.push(message) } }
  await (await lock(await putLock(first, changes), 'x', options)).release()
  await (await lock(await putLock(second, { ...changes, refreshed_every_seconds: 10 }), 'y', options)).release()
  t.equal(told.length, 1)
})

t.test('a lock that is refreshed is kept, and the error says so', async t => {
  const path = await putLock(temporaryFolder(t), { ...ELSEWHERE, ...OFTEN, pid: 4_000_002 })
  let seconds = 1_000_000
  const timer = setInterval(() => { utimesSync(path, ++seconds, seconds) }, 5)
  t.match(await failure(lock(path, 'shards')), {
    code: 'ERR_LOCKED',
    message: 'shards: is being written to by another run, process 4000002 on host elsewhere, which started at ' +
      `${BEGAN}; it has just refreshed its lock, so it is still running: wait for it to end, or stop it; ` +
      '--takeover takes the lock over, and that run then fails'
  })
  clearInterval(timer)
  t.equal(pidIn(path), 4_000_002)
})

t.test('the holder refreshes its lock, and only its own', async t => {
  const path = join(temporaryFolder(t), 'a.lock')
  const held = await lock(path, 'x', { refreshSeconds: 0.005 })
  utimesSync(path, 1, 1)
  while (statSync(path).mtimeMs === 1000) await sleep(5)
  t.pass('it was refreshed')
  await putLock(dirname(path), ELSEWHERE)
  await sleep(20) // for a refresh that has begun
  utimesSync(path, 1, 1)
  await sleep(20)
  t.equal(statSync(path).mtimeMs, 1000)
  await held.release()
})

t.test('a lock of a release that did not refresh it is kept, and the error says how to break it', async t => {
  const path = await putLock(temporaryFolder(t), { ...ELSEWHERE, pid: 4_000_003 })
  t.match(await failure(lock(path, 'shards')), {
    code: 'ERR_LOCKED',
    message: 'shards: is being written to by another run, process 4000003 on host elsewhere, which started at ' +
      `${BEGAN}; it has not refreshed its lock, as that version of sluice never does, so it is unknown whether it ` +
      'is still running: if it has certainly ended, add --takeover'
  })
  t.equal(pidIn(path), 4_000_003)
  const told: string[] = []
  const held = await lock(path, 'shards', { takeover: true, tell: message => { told.push(message) } })
  t.strictSame(told, [
    `shards: the lock of process 4000003 on host elsewhere, which started at ${BEGAN}, is taken over`
  ])
  t.equal(held.isDisputed, true)
  await held.release()
})

t.test('takeover takes the lock of a running process, but none of this process', NEEDS_PROC, async t => {
  const path = await putLock(temporaryFolder(t), { pid: process.ppid, started: null })
  await (await lock(path, 'x', { takeover: true })).release()
  const held = await lock(path, 'x')
  t.match(await failure(lock(path, 'x', { takeover: true })), { code: 'ERR_LOCKED', message: 'wait for it to end' })
  await held.release()
})

t.test('the waiting can be stopped', async t => {
  const folder = temporaryFolder(t)
  const path = await putLock(folder, { ...ELSEWHERE, refreshed_every_seconds: 10, pid: 4_000_004 })
  t.match(await failure(lock(path, 'x', { signal: AbortSignal.timeout(5) })), {
    code: 'ERR_ABORTED', message: 'x: stopped while it waited for a lock'
  })
  t.strictSame(filesIn(folder), ['a.lock'])
})

t.test('a lock that is released while it is watched is taken', async t => {
  const path = await putLock(temporaryFolder(t), { ...ELSEWHERE, ...OFTEN, pid: 4_000_005 })
  const held = await lock(path, 'x', { tell: () => { setTimeout(() => { rmSync(path) }, 5) } })
  t.equal(held.isDisputed, false)
  await held.release()
})

t.test('a run that has lost its lock gives no file its name, deletes none, and says who has the lock', async t => {
  const folder = temporaryFolder(t)
  const file = (name: string): string => join(folder, name)
  const opened = async (): Promise<ResumableOutput> => {
    const output = await openResumable(file('out.ndjson'), null)
    await output.write(Buffer.from('x'))
    return output
  }
  const losses: Record<string, (path: string) => Promise<void>> = {
    'whole.json': path => losing(path, nothing, () => writeFileWhole(file('whole.json'), 'x')),
    'checkpoint.json': path => losing(path, nothing, () => writeCheckpoint(file('checkpoint.json'), { a: 1 })),
    'out.ndjson': path => losing(path, opened, output => output.commit())
  }
  for (const [name, lose] of Object.entries(losses)) {
    const path = join(temporaryFolder(t), 'a.lock')
    t.match(await failure(lose(path)), {
      code: 'ERR_LOCKED',
      message: `shards: the lock of this run, ${path}, was taken over by process 7 on host elsewhere, which started ` +
        `at ${BEGAN}, so it writes nothing more; wait for the other run to end, and run this one again if anything ` +
        'is missing'
    }, name)
    t.equal(pidIn(path), 7, 'the other lock stays')
    t.notOk(existsSync(file(name)))
  }
  await losing(join(temporaryFolder(t), 'a.lock'), opened, output => output.abandon())
  t.ok(existsSync(file('out.ndjson.partial')), 'it may be a file of the other run')
})

t.test('a run that has lost its lock keeps temporary files of the other run, and reports the lost lock', async t => {
  const folder = temporaryFolder(t)
  for (const [name, write] of Object.entries({
    'checkpoint.json.tmp': () => writeCheckpoint(join(folder, 'checkpoint.json'), 1),
    'out.ndjson.partial': () => openResumable(join(folder, 'out.ndjson'), null)
  })) {
    put(folder, name, 'of the other run')
    const path = join(temporaryFolder(t), 'a.lock')
    t.match(await failure(losing(path, nothing, write)), { code: 'ERR_LOCKED' })
    t.equal(readFileSync(join(folder, name), 'utf8'), 'of the other run')
  }
  const path = join(temporaryFolder(t), 'a.lock')
  const moved = new SluiceError('ERR_OUTPUT', 'out.ndjson.partial: no such file')
  t.match(await failure(losing(path, nothing, () => Promise.reject(moved))), { code: 'ERR_LOCKED' })
  t.equal(await failure(withLock(join(folder, 'b.lock'), 'x', () => Promise.reject(moved))), moved)
})

t.test('a run whose lock was deleted fails in the same way', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.lock')
  t.match(await failure(withLock(path, 'shards', async () => {
    rmSync(path)
    await writeFileWhole(join(folder, 'b'), 'x')
  })), { code: 'ERR_LOCKED', message: /a\.lock, was deleted, so it writes nothing more; / })
  t.notOk(existsSync(join(folder, 'b')))
  await writeFileWhole(join(folder, 'b'), 'x')
  t.pass('without locks, files are written')
})

t.test('what is resumed after a takeover is copied, as the former run may still write to it', async t => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'out.ndjson')
  const former = await openResumable(file, null)
  await former.write(Buffer.from('first\n'))
  const state = await former.mark()
  const path = await putLock(folder, { ...ELSEWHERE, pid: 4_000_006 })
  await withLock(path, 'x', async () => {
    const output = await openResumable(file, state)
    await former.write(Buffer.from('of the former run, which is longer\n'))
    await output.write(Buffer.from('second\n'))
    await output.commit()
  }, { takeover: true })
  t.equal(readFileSync(file, 'utf8'), 'first\nsecond\n')
  await former.abandon()
})

t.test('runs that hold a lock for moments wait for each other, and do not take it over from each other', async t => {
  const path = join(temporaryFolder(t), 'a.lock')
  let [inside, most] = [0, 0]
  await Promise.all(Array.from({ length: 4 }, () => inTurn(path, 'stats', async () => {
    most = Math.max(most, ++inside)
    await sleep(2)
    inside--
  }, { takeover: true })))
  t.equal(most, 1)
  const error = new SluiceError('ERR_LOCKED', 'of the work')
  t.equal(await failure(inTurn(path, 'stats', () => Promise.reject(error))), error, 'the work is not done again')
  await putLock(dirname(path), { ...ELSEWHERE, pid: 4_000_007 })
  const waiting = { turnMs: 10 }
  t.match(await failure(inTurn(path, 'stats', () => Promise.resolve(), waiting)), { message: 'add --takeover' })
  t.equal(await inTurn(path, 'stats', () => Promise.resolve(1), { ...waiting, takeover: true }), 1)
})

t.test('the lock of a killed container is taken over by another one, without a flag', {
  skip: noContainers()
}, async t => {
  const path = join(temporaryFolder(t), 'a.lock')
  const program = `import { lock } from '${builtModule('lib/output/lock')}'; ` +
    `await lock(${JSON.stringify(path)}, 'x', { refreshSeconds: 0.02 }); console.log('held'); ` +
    'setInterval(() => {}, 1000)'
  const command = inContainer('pod', [process.execPath, '--input-type=module', '-e', program])
  const child = spawn(...command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  t.match(JSON.parse(readFileSync(path, 'utf8')), { host: 'pod', pid: 1 })
  t.match(await failure(lock(path, 'x')), { code: 'ERR_LOCKED', message: 'it has just refreshed its lock' })
  child.kill('SIGKILL')
  await once(child, 'close')
  await (await lock(path, 'x')).release()
})
