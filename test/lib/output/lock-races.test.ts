/**
 * Locks in many interleavings. Processes are simulated in this one: their file system calls run one at a time, in a
 * random order, and each process can be killed before any of its calls.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fs, { type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type Test, t } from '../../tap.ts'
import { codeOf } from '../../../lib/errors.ts'
import * as processes from '../../../lib/output/process-identity.ts'
import { builtModule, filesIn, howMany, mocked, put, temporaryFolder } from '../../helpers.ts'

type LockModule = typeof import('../../../lib/output/lock.ts')

interface Player {
  readonly pid: number
  /** Starts its pending call. */
  go: (() => void) | null
  /** The number of calls before it is killed: the next one never starts. */
  stepsLeft: number
  isKilled: boolean
  hasEnded: boolean
  holds: boolean
}

/** The number of interleavings of each kind; raise it after a change. */
const SEEDS = howMany(2, 4)

const playing = new AsyncLocalStorage<Player>()
let players: Player[] = []

/** Called when a player waits for its turn, or has ended. */
let wake = (): void => {}

function play (work: () => Promise<void>, stepsLeft = Infinity): Player {
  const player: Player = {
    pid: players.length + 1, go: null, stepsLeft, isKilled: false, hasEnded: false, holds: false
  }
  players.push(player)
  playing.run(player, work).finally(() => {
    player.hasEnded = true
    wake()
  })
  return player
}

/** Resolves when it is the player's turn. */
async function turn (): Promise<void> {
  await new Promise<void>(resolve => {
    playing.getStore()!.go = resolve
    wake()
  })
}

/** Gives turns until each player has ended or is killed. */
async function playAll (random: () => number): Promise<void> {
  for (;;) {
    const active = players.filter(({ hasEnded, isKilled }) => !hasEnded && !isKilled)
    if (active.length === 0) return
    if (active.some(({ go }) => go === null)) { // one is still running
      await new Promise<void>(resolve => { wake = resolve })
      continue
    }
    const player = active[Math.floor(random() * active.length)]!
    if (player.stepsLeft-- === 0) player.isKilled = true
    else {
      const { go } = player
      player.go = null
      go!()
    }
  }
}

function randomOf (seed: number): () => number {
  let n = seed * 7919 + 1
  return () => (n = n * 48271 % 2147483647) / 2147483647
}

/** The lock module, with a file system whose calls wait for their turn. */
async function lockByTurns (t: Test, links: boolean): Promise<LockModule> {
  const opened: FileHandle[] = []
  t.teardown(async () => { for (const file of opened) await file.close().catch(() => {}) }) // files of killed players
  const calls = Object.fromEntries(Object.entries(fs).map(([name, call]: [string, unknown]) =>
    [name, typeof call !== 'function'
      ? call
      : async (...args: unknown[]) => {
        await turn()
        if (name === 'link' && !links) { // Linux first reports that there is a file of that name
          throw Object.assign(
            new Error('link'), { code: await fs.access(args[1] as string).then(() => 'EEXIST', () => 'EPERM') }
          )
        }
        const result = await (call as (...args: unknown[]) => Promise<unknown>)(...args)
        if (name !== 'open') return result
        const file = result as FileHandle
        opened.push(file)
        return {
          writeFile: async (text: string) => { await turn(); await file.writeFile(text) },
          appendFile: async (bytes: Buffer) => { await turn(); await file.appendFile(bytes) },
          sync: turn,
          close: async () => { await turn(); await file.close() }
        }
      }]))
  const output = await mocked<typeof import('../../../lib/output/output.ts')>(
    t, 'lib/output/output', { 'node:fs/promises': calls }
  )
  return await mocked<LockModule>(t, 'lib/output/lock', {
    'node:fs/promises': calls,
    [builtModule('lib/output/output')]: output,
    [builtModule('lib/output/process-identity')]: {
      ...processes,
      thisProcess: async () => identity(playing.getStore()!.pid),
      stateOf: async ({ pid }: processes.ProcessIdentity) => players[pid - 1]?.isKilled === false ? 'running' : 'gone'
    }
  })
}

const identity = (pid: number): processes.ProcessIdentity => ({
  pid, host: 'here', boot: null, pid_namespace: null, started: null
})

const contentOf = (id: string): string =>
  JSON.stringify({ ...identity(999), id, began_at_utc: '2026-11-22T22:37:33.000Z' })

/** The files at the start of a run. */
const beginnings: Readonly<Record<string, (folder: string) => void>> = {
  'no lock': () => {},
  'the lock of a killed run': folder => { put(folder, 'a.lock', contentOf(randomUUID())) },
  'the lock of a killed run, and that of a run that was killed while it took it over': folder => {
    const id = randomUUID()
    put(folder, 'a.lock', contentOf(id))
    put(folder, `a.lock.${id}`, contentOf(randomUUID()))
  },
  'a lock that a power cut has emptied': folder => { put(folder, 'a.lock', '\0'.repeat(100)) }
}

t.test('after a run is killed at any step, the next run gets the lock', async t => {
  const { lock } = await lockByTurns(t, true)
  for (const [place, [name, prepare]] of Object.entries(beginnings).entries()) {
    const every = howMany(3, 1)
    for (let steps = place % every, isKilled = true; isKilled; steps += every) {
      const folder = stage(t, prepare)
      const first = play(async () => { await (await lock(join(folder, 'a.lock'), 'a')).release() }, steps)
      await playAll(() => 0)
      play(async () => { await lock(join(folder, 'a.lock'), 'a') })
      await playAll(() => 0)
      t.strictSame(filesIn(folder), ['a.lock'], `${name}, killed after ${steps} steps`)
      isKilled = first.isKilled
    }
  }
})

t.test('without hard links, a run that is killed while it writes its lock leaves one that is refused', async t => {
  const { lock } = await lockByTurns(t, false)
  let refused = 0
  for (let steps = 0, isKilled = true; isKilled; steps++) {
    const folder = stage(t, beginnings['the lock of a killed run']!)
    const first = play(async () => { await (await lock(join(folder, 'a.lock'), 'a')).release() }, steps)
    await playAll(() => 0)
    const halfWritten = filesIn(folder).find(name =>
      !name.endsWith('.tmp') && readFileSync(join(folder, name), 'utf8') === '')
    const errors: unknown[] = []
    play(async () => { await lock(join(folder, 'a.lock'), 'a').catch((error: unknown) => { errors.push(error) }) })
    await playAll(() => 0)
    if (halfWritten === undefined) {
      t.strictSame([errors, filesIn(folder)], [[], ['a.lock']],
      `killed after ${steps} steps`)
    } else {
      t.match(errors, [{ code: 'ERR_LOCKED', message: `${halfWritten}: is an incomplete lock file` }])
      refused++
    }
    isKilled = first.isKilled
  }
  t.equal(refused, 1)
})

for (const links of [true, false]) {
  t.test(`only one of many processes has the lock at a time; ${links ? 'links' : 'no links'}`, async t => {
    const { lock } = await lockByTurns(t, links)
    for (const [name, prepare] of Object.entries(beginnings)) {
      if (!links && name.includes('emptied')) continue // may be one that is being written
      for (let seed = 0; seed < SEEDS; seed++) {
        const folder = stage(t, prepare)
        const errors: unknown[] = []
        for (let i = 0; i < 6; i++) {
          const player = play(async () => {
            await lock(join(folder, 'a.lock'), 'a')
              .then(() => { player.holds = true }, (error: unknown) => { errors.push(error) })
          })
        }
        await playAll(randomOf(seed))
        t.equal(players.filter(({ holds }) => holds).length, 1, `${name}, seed ${seed}`)
        t.strictSame(errors.map(codeOf), Array(5).fill('ERR_LOCKED'))
      }
      t.ok(await takeTurns(t, lock, prepare) > SEEDS, `${name}: the lock was taken many times`)
    }
  })
}

/**
 * Runs that get the lock, keep it for a while, release it or are killed, and try again. Returns the number of times it
 * was taken.
 */
async function takeTurns (t: Test, lock: LockModule['lock'], prepare: (folder: string) => void): Promise<number> {
  let taken = 0
  for (let seed = 0; seed < SEEDS; seed++) {
    const folder = stage(t, prepare)
    const random = randomOf(seed + 1000)
    for (let i = 0; i < 6; i++) {
      const player = play(async () => {
        for (let attempt = 0; attempt < 3; attempt++) {
          const held = await lock(join(folder, 'a.lock'), 'a')
            .catch((error: unknown) => { if (codeOf(error) !== 'ERR_LOCKED') throw error })
          if (held === undefined) continue
          player.holds = true
          taken++
          for (let i = 0; i < 3; i++) {
            if (players.some(other => other.holds && !other.isKilled && other !== player)) {
              t.fail(`seed ${seed}: two processes have the lock`)
            }
            await turn()
          }
          player.holds = false
          await held.release()
        }
      }, random() < 0.5 ? Math.floor(random() * 60) : Infinity)
    }
    await playAll(random)
  }
  return taken
}

/** A folder with the files at the start, and no runs. */
function stage (t: Test, prepare: (folder: string) => void): string {
  const folder = temporaryFolder(t)
  prepare(folder)
  players = []
  return folder
}
