/**
 * Plans whose tasks are killed, and started again until all have ended: shards, stats and rejects must be those of an
 * uninterrupted run without tasks.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { packageRoot } from '../lib/package.ts'
import { inContainer } from './container.ts'
import type { Random } from './fuzz.ts'
import { DEDUP, TOKENIZER, components } from './kill-jobs.ts'
import { snapshot, whatDiffers } from './snapshot.ts'

/** `run`: `sluice run --on local`, with all of its processes. `tasks`: single tasks, some of them twice at once. */
export type TasksJob = 'run' | 'tasks'

/** Whether a process is killed alone, or with a container, after which the next one starts on another host. */
export type TasksHow = 'SIGKILL' | 'container'

export interface KilledTasks {
  readonly wrong: readonly string[]
  readonly kills: number
}

/** The folder of the inputs, relative to that of a run. */
const INPUTS = '../inputs'
const MANIFEST = `${INPUTS}/tasks.yaml`
const OPTIONS = ['--tokenizer-path', TOKENIZER, '--stats', 'stats.json', '--runs-dir', 'runs', '--quiet']
const PLAN = 'stats.plan'
const SLUICE = join(packageRoot(), 'dist/recipes/cli/main.js')
const PHASES = ['map', 'decide', 'pack', 'finish'] as const
/** A unit is given up after three kills: a task is killed less often, together with its second attempt. */
const MOST_KILLS = 2

/** Adds inputs to those that `writeKillInputs` has written, and the manifest. */
export function writeTasksInputs (folder: string): void {
  const lines = readFileSync(join(folder, 'plain.ndjson'), 'utf8').split('\n').filter(line => line !== '')
  const texts = lines.map(line => (JSON.parse(line) as { readonly text: string }).text.replaceAll('\n', ' '))
  writeFileSync(join(folder, 'lines.txt'), texts.join('\n'))
  writeFileSync(join(folder, 'bad.ndjson'), lines.flatMap((line, i) => i % 97 === 96 ? [line, '{"id": 1,'] : line)
    .join('\n'))
  const [plain, gzip, zstd, parquet] = components(600)
  const datasets = [
    { ...plain, data_files: [`${INPUTS}/plain.ndjson`, `${INPUTS}/bad.ndjson`], rejects: 'rejects/plain.ndjson' },
    // A copy in raw_dir would be made by one task.
    { ...gzip, raw_dir: undefined, data_files: [`${INPUTS}/gzip.ndjson.gz`, `${INPUTS}/large.ndjson`] },
    { ...zstd, data_files: [`${INPUTS}/zstd.ndjson.zst`, `${INPUTS}/plain.ndjson`] },
    parquet,
    {
      ...plain,
      name: 'lines',
      dataset: 'text',
      data_files: `${INPUTS}/lines.txt`,
      output_dir: 'shards/lines',
      filtered_dir: undefined,
      format: 'megatron',
      tokens_per_shard: 20_000
    }
  ]
  writeFileSync(join(folder, 'tasks.yaml'), JSON.stringify({ dedup: DEDUP, datasets }))
}

/** A run without tasks. */
export async function runWithoutTasks (
  folder: string, job: TasksJob
): Promise<{ readonly files: ReadonlyMap<string, string>, readonly milliseconds: number }> {
  const cwd = join(folder, `${job} without tasks`)
  mkdirSync(cwd)
  const started = performance.now()
  const command = job === 'run' ? 'run' : 'process-mixture'
  const { code, written } = await start([command, MANIFEST, ...OPTIONS], cwd).ended
  if (code !== 0) throw new Error(`${command} failed without being killed: ${written}`)
  return { files: await filesOf(cwd), milliseconds: performance.now() - started }
}

/** What is killed, and how often. */
export interface KillingTasks {
  readonly folder: string
  readonly name: string
  readonly job: TasksJob
  readonly how: TasksHow
  readonly random: Random
  readonly clean: Awaited<ReturnType<typeof runWithoutTasks>>
}

/** Runs and kills tasks until all have ended. Their folder is deleted if everything was correct. */
export async function runKilledTasks (killing: KillingTasks): Promise<KilledTasks> {
  const { folder, name, job, clean } = killing
  const cwd = join(folder, name)
  mkdirSync(cwd)
  const found = job === 'run' ? await killedRun(killing, cwd) : await killedTasks(killing, cwd)
  if (found.wrong.length > 0) return found
  rmSync(join(cwd, PLAN), { recursive: true, force: true })
  const wrong = whatDiffers(clean.files, await filesOf(cwd))
  if (wrong.length === 0) rmSync(cwd, { recursive: true })
  return { ...found, wrong }
}

/** What must be the same; inventories have the SHA-256 of stats, with their dates. */
async function filesOf (folder: string): Promise<Map<string, string>> {
  const files = await snapshot(folder)
  for (const name of files.keys()) if (/^logs\/|\.inventory\.json$/.test(name)) files.delete(name)
  return files
}

async function killedRun ({ how, random, clean }: KillingTasks, cwd: string): Promise<KilledTasks> {
  const times = 1 + random.below(4)
  // It takes longer than a run without tasks: each phase starts processes.
  const waits = Array.from({ length: times }, () => 2 * clean.milliseconds * random.below(1000) / 1000)
  let kills = 0
  for (const [i, wait] of [...waits, Infinity].entries()) {
    // Without it, the lock of a killed container is watched for two minutes.
    const again = how === 'container' && i > 0 ? ['--takeover'] : []
    const args = ['run', MANIFEST, '--on', 'local', '--tasks', '3', ...OPTIONS, ...again]
    const process = start(args, cwd, how === 'container' ? `pod-${i}` : undefined)
    const { code, written } = await killedAfter(process, wait)
    if (code === 0) return { wrong: [], kills }
    if (code !== null) return { wrong: [`exit code ${code}: ${written}`], kills }
    kills++
  }
  return { wrong: ['killed by something else'], kills }
}

async function killedTasks ({ how, random }: KillingTasks, cwd: string): Promise<KilledTasks> {
  const unitBytes = ['50000', '200000', '1000000'][random.below(3)]!
  const plan = await start(['plan', MANIFEST, '--unit-bytes', unitBytes, ...OPTIONS], cwd).ended
  if (plan.code !== 0) return { wrong: [`plan: ${plan.written}`], kills: 0 }
  let kills = 0
  for (const phase of PHASES) {
    const world = phase === 'finish' ? 1 : [1, 2, 3][random.below(3)]!
    const tasks = Array.from({ length: world }, (_, rank) => ({ phase, rank, world }))
    const twice = phase === 'finish' ? [] : tasks.filter(() => random.below(2) === 0)
    const most = twice.length === 0 ? MOST_KILLS : MOST_KILLS - 1
    // The locks of the last phase would be watched, too.
    const times = phase === 'finish' && how === 'container' ? 0 : most
    const ends = await Promise.all([...tasks, ...twice].map(async (task, i) => {
      const waits = Array.from({ length: random.below(times + 1) }, () => random.below(2000))
      return await killedTask(task, { how, waits, host: `node-${phase}-${i}` }, cwd)
    }))
    kills += ends.reduce((sum, end) => sum + end.kills, 0)
    const wrong = ends.flatMap(end => end.wrong)
    if (wrong.length > 0) return { wrong, kills }
  }
  return { wrong: [], kills }
}

interface OneTask { readonly phase: string, readonly rank: number, readonly world: number }

interface TaskKills { readonly how: TasksHow, readonly waits: readonly number[], readonly host: string }

async function killedTask (
  { phase, rank, world }: OneTask, { how, waits, host }: TaskKills, cwd: string
): Promise<KilledTasks> {
  let kills = 0
  for (const [i, wait] of [...waits, Infinity].entries()) {
    const args = ['task', PLAN, '--phase', phase, '--rank', `${rank}`, '--world', `${world}`, '--workers', '1']
    const process = start([...args, '--quiet'], cwd, how === 'container' ? `${host}-${i}` : undefined)
    const { code, written } = await killedAfter(process, wait)
    if (code === 0) return { wrong: [], kills }
    if (code !== null) return { wrong: [`task ${rank} of ${phase}: exit code ${code}: ${written}`], kills }
    kills++
  }
  return { wrong: ['killed by something else'], kills }
}

interface Started {
  readonly child: ChildProcess
  /** The exit code; null if it was killed. */
  readonly ended: Promise<End>
}

interface End { readonly code: number | null, readonly written: string }

/** Starts sluice as the first of a process group. @param host the name of a container to start it in */
function start (args: readonly string[], cwd: string, host?: string): Started {
  const command = [process.execPath, SLUICE, ...args]
  const [program, rest] = host === undefined ? [command[0]!, command.slice(1)] : inContainer(host, command)
  const env = { PATH: process.env.PATH }
  const child = spawn(program, rest, { cwd, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let written = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { written += text })
  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', reject).once('close', code => { resolve({ code, written }) })
  })
  return { child, ended }
}

/** Kills the process group, unless it has ended. */
async function killedAfter ({ child, ended }: Started, wait: number): Promise<End> {
  const stop = new AbortController()
  if (wait !== Infinity) {
    await Promise.race([ended, setTimeout(wait, undefined, { signal: stop.signal }).catch(() => {})])
    stop.abort()
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
  }
  return await ended
}
